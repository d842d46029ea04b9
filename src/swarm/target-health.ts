/** Slots of a target; moments are on the machine's clock, 0 = never. */
const DOWN = 0;
const LEFT_ALONE_UNTIL = 1;
const FAILING_SINCE = 2;
const SERVED_AT = 3;
const FIRST_CALL = 4;
const SLOTS = 5;

/** Memory for the health of a group's targets, to be shared by the threads that its calls are spread over. */
export function healthMemory(targets: number): SharedArrayBuffer {
  return new SharedArrayBuffer(targets * SLOTS * Float64Array.BYTES_PER_ELEMENT);
}

/**
 * What all threads know of the targets of a group: which are down, which asked to be left alone, and since when requests to
 * them fail. Every slot is one aligned number; a thread that reads one a moment too early tries a target once more.
 */
export class TargetHealth {
  private readonly slots: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.slots = new Float64Array(memory);
  }

  isUp(target: number): boolean {
    return this.get(target, DOWN) === 0;
  }

  /** Whether the target may be tried: it is up, and the time that it asked for is over. */
  isOpen(target: number, nowMs: number): boolean {
    return this.isUp(target) && this.get(target, LEFT_ALONE_UNTIL) <= nowMs;
  }

  leaveAlone(target: number, untilMs: number): void {
    this.set(target, LEFT_ALONE_UNTIL, Math.max(untilMs, this.get(target, LEFT_ALONE_UNTIL)));
  }

  leftAloneUntil(target: number): number {
    return this.get(target, LEFT_ALONE_UNTIL);
  }

  /** A request sent at `sentMs` failed. It counts unless one sent later was served. */
  failed(target: number, sentMs: number): void {
    if (sentMs <= this.get(target, SERVED_AT)) return;
    const since = this.get(target, FAILING_SINCE);
    if (since === 0 || sentMs < since) this.set(target, FAILING_SINCE, sentMs);
  }

  /** A request sent at `sentMs` was served. */
  served(target: number, sentMs: number): void {
    if (sentMs > this.get(target, SERVED_AT)) this.set(target, SERVED_AT, sentMs);
    if (this.isUp(target) && sentMs > this.get(target, FAILING_SINCE)) this.set(target, FAILING_SINCE, 0);
  }

  /** A call was answered, of which the INVITE left at `sentMs`. */
  tookCall(target: number, sentMs: number, nowMs: number): void {
    this.served(target, sentMs);
    if (this.isUp(target) && this.get(target, FIRST_CALL) === 0) this.set(target, FIRST_CALL, nowMs);
  }

  /** When the first request left of those that fail now; `null` where none does. */
  failingSince(target: number): number | null {
    return this.get(target, FAILING_SINCE) || null;
  }

  /** When the first call was answered since the target was last marked up; `null` while none was. */
  firstCall(target: number): number | null {
    return this.get(target, FIRST_CALL) || null;
  }

  markDown(target: number): void {
    this.set(target, DOWN, 1);
  }

  markUp(target: number): void {
    this.set(target, FIRST_CALL, 0);
    this.set(target, FAILING_SINCE, 0);
    this.set(target, DOWN, 0);
  }

  private get(target: number, slot: number): number {
    return this.slots[target * SLOTS + slot];
  }

  private set(target: number, slot: number, value: number): void {
    this.slots[target * SLOTS + slot] = value;
  }
}
