import type { Clock } from '../core/clock.js';

/** Whoever is woken: `kind` is what it gave when it asked. */
export interface TimerTarget {
  onTimer(kind: string): void;
}

/** A timer that is set; `null` target once it fired or was cancelled. */
export interface TimerHandle {
  dueTick: number;
  kind: string;
  target: TimerTarget | null;
  previous: TimerHandle;
  next: TimerHandle;
}

const SLOTS = 4096;

/**
 * Very many coarse timers on one: a hashed wheel of 4,096 slots. Setting and cancelling cost a list operation whatever
 * the number of timers; a timer fires at the first tick at or after its time, never before.
 */
export class TimerQueue {
  /** Timers that are set. */
  size = 0;

  private readonly slots: TimerHandle[] = [];
  private tick: number;
  private interval: NodeJS.Timeout | null = null;
  private closed = false;

  /**
   * @param tickMs resolution in ms
   * @param driven whether the queue wakes itself; tests call `advance` by hand
   */
  constructor(
    private readonly clock: Clock,
    private readonly tickMs = 10,
    private readonly driven = true,
  ) {
    for (let i = 0; i < SLOTS; i++) this.slots.push(emptyList());
    this.tick = this.nowTick();
  }

  /** Wakes `target` after `delayMs`. */
  schedule(delayMs: number, target: TimerTarget, kind: string): TimerHandle {
    if (this.size === 0) this.wake();
    const due = Math.ceil((this.clock.now() + delayMs) / this.tickMs);
    const dueTick = due > this.tick ? due : this.tick + 1;
    const list = this.slots[dueTick % SLOTS];
    const handle: TimerHandle = { dueTick, kind, target, previous: list.previous, next: list };
    list.previous.next = handle;
    list.previous = handle;
    this.size++;
    return handle;
  }

  cancel(handle: TimerHandle | null): null {
    if (handle?.target) {
      handle.target = null;
      unlink(handle);
      letGo(handle);
      if (--this.size === 0) this.rest();
    }
    return null;
  }

  /** Fires what is due by now. */
  advance(): void {
    const now = this.nowTick();
    while (this.tick < now && this.size > 0) this.fire(++this.tick);
    if (this.tick < now) this.tick = now;
  }

  close(): void {
    this.closed = true;
    this.rest();
  }

  private nowTick(): number {
    return Math.floor(this.clock.now() / this.tickMs);
  }

  private fire(tick: number): void {
    const list = this.slots[tick % SLOTS];
    let handle = list.next;
    if (handle === list) return;
    // Those of later rounds wait aside, so that whatever a target does to the list cannot lead the loop astray.
    const later = emptyList();
    while ((handle = list.next) !== list) {
      unlink(handle);
      if (handle.dueTick > tick) {
        append(later, handle);
        continue;
      }
      const target = handle.target;
      handle.target = null;
      letGo(handle);
      this.size--;
      target?.onTimer(handle.kind);
    }
    while ((handle = later.next) !== later) {
      unlink(handle);
      append(list, handle);
    }
    if (this.size === 0) this.rest();
  }

  private wake(): void {
    const now = this.nowTick();
    if (now > this.tick) this.tick = now;
    if (this.driven && !this.closed && this.interval === null) {
      this.interval = setInterval(() => this.advance(), this.tickMs);
    }
  }

  private rest(): void {
    if (this.interval === null || (this.size > 0 && !this.closed)) return;
    clearInterval(this.interval);
    this.interval = null;
  }
}

function emptyList(): TimerHandle {
  const head = { dueTick: 0, kind: '', target: null } as unknown as TimerHandle;
  head.previous = head;
  head.next = head;
  return head;
}

function unlink(handle: TimerHandle): void {
  handle.previous.next = handle.next;
  handle.next.previous = handle.previous;
}

/** One that is done with must not keep its neighbours alive, each of which may have grown old before it. */
function letGo(handle: TimerHandle): void {
  handle.previous = handle;
  handle.next = handle;
}

function append(list: TimerHandle, handle: TimerHandle): void {
  handle.previous = list.previous;
  handle.next = list;
  list.previous.next = handle;
  list.previous = handle;
}
