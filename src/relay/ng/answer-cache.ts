/** How long answers are remembered: controllers give up on a message long before (Kamailio after 5 tries of a second). */
const KEPT_MS = 15_000;
/** Answers that one half holds, and their bytes; beyond, the older half is forgotten early. */
const MAX_ANSWERS = 8192;
const MAX_BYTES = 1 << 24;

/**
 * Answers by cookie, so that a message that comes again gets the answer that it got. Two halves that take turns: what is in the
 * older one goes all at once, so nothing is looked through.
 */
export class AnswerCache {
  private young = new Map<string, Buffer | null>();
  private old = new Map<string, Buffer | null>();
  private youngBytes = 0;
  private turnedMs = Number.NEGATIVE_INFINITY;

  /** The answer; `null` where it is still being worked on, `undefined` where the message is new. */
  get(key: string, nowMs: number): Buffer | null | undefined {
    this.turn(nowMs);
    const young = this.young.get(key);
    return young === undefined ? this.old.get(key) : young;
  }

  set(key: string, answer: Buffer | null, nowMs: number): void {
    this.turn(nowMs);
    this.young.set(key, answer);
    this.youngBytes += key.length + (answer?.length ?? 0);
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  private turn(nowMs: number): void {
    const isFull = this.young.size >= MAX_ANSWERS || this.youngBytes >= MAX_BYTES;
    if (nowMs - this.turnedMs < KEPT_MS && !isFull) return;
    // Longer ago than both halves last: nothing is left of either.
    this.old = nowMs - this.turnedMs < 2 * KEPT_MS ? this.young : new Map();
    this.young = new Map();
    this.youngBytes = 0;
    this.turnedMs = nowMs;
  }
}
