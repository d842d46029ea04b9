/** When the markers of a call are said: how often by either side, and by when after the answer both have said their first one. */
export interface MarkerTimes {
  callerEveryMs: number;
  calleeEveryMs: number;
  firstByMs: number;
}

/** From so long before a marker is due it is listened for, as whoever said the one before may have been late; codecs go over. */
const BEFORE_MS = 1000;
/** A marker is found when it is over and 360 ms more were heard. With these it may be half a second late. */
const AFTER_MS = 1200;
/** By how much the answer may come later to one side than to the other. */
const SKEW_MS = 1000;
/** In so many periods everything is listened to once. */
const PERIODS = 8;

interface DueMarker {
  identity: number;
  dueMs: number;
}

/**
 * When markers are to be listened for. From the answer on everything is listened to for a period of the markers, and until both sides
 * have said one: what is heard then comes again a period later, ours as an echo, too. Between, nothing is due. Where one does not
 * come, the call may have been crossed with another one: then everything is listened to for a period again, as in one period of
 * eight anyway. Where no marker is known, all is listened to.
 */
export class MarkerSchedule {
  private readonly due: DueMarker[] = [];
  /** From when on everything is listened to, and up to when: +∞ before the answer. */
  private fromMs = Number.NEGATIVE_INFINITY;
  private untilMs = Number.POSITIVE_INFINITY;
  private readonly periodMs: number;

  constructor(private readonly times: MarkerTimes) {
    this.periodMs = Math.max(times.callerEveryMs, times.calleeEveryMs);
  }

  onAnswer(nowMs: number): void {
    this.listenToAll(nowMs, Math.max(this.periodMs, this.times.firstByMs) + SKEW_MS);
  }

  /** A marker was heard. */
  note(identity: number, atMs: number): void {
    const { due } = this;
    const { callerEveryMs, calleeEveryMs } = this.times;
    const nextMs = atMs + (identity % 2 === 0 ? callerEveryMs : calleeEveryMs);
    // Others may come with the first one after none was known.
    if (due.length === 0 && atMs >= this.untilMs) this.listenToAll(atMs, this.periodMs);
    // Twice within a period are a marker and its echo.
    const known = due.find((marker) => marker.identity === identity && Math.abs(atMs - marker.dueMs) < BEFORE_MS);
    if (known) known.dueMs = nextMs;
    else due.push({ identity, dueMs: nextMs });
  }

  /** Up to when no marker is due at `nowMs`; `nowMs` itself where one may come. */
  restsUntil(nowMs: number): number {
    if (nowMs < this.untilMs) return nowMs;
    const { due } = this;
    let nextMs = this.fromMs + PERIODS * this.periodMs;
    let beginsAnew = nowMs >= nextMs;
    for (let i = due.length - 1; i >= 0; i--) {
      const { dueMs } = due[i];
      nextMs = Math.min(nextMs, dueMs - BEFORE_MS);
      if (nowMs <= dueMs + AFTER_MS) continue;
      beginsAnew = true;
      due.splice(i, 1);
    }
    if (beginsAnew) this.listenToAll(nowMs, this.periodMs);
    return beginsAnew || due.length === 0 ? nowMs : Math.max(nowMs, nextMs);
  }

  private listenToAll(fromMs: number, forMs: number): void {
    this.fromMs = fromMs;
    this.untilMs = fromMs + forMs + AFTER_MS;
  }
}
