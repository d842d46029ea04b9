const FIRST_LENGTH = 256;

/** Answered and failed attempts by the second of the run in which they started: 8 bytes a second, however long it lasts. */
export class SecondCounts {
  /** Two numbers a second. */
  private counts = new Uint32Array(2 * FIRST_LENGTH);
  private length = 0;

  add(second: number, isAnswered: boolean): void {
    while (2 * second >= this.counts.length) {
      const longer = new Uint32Array(2 * this.counts.length);
      longer.set(this.counts);
      this.counts = longer;
    }
    this.counts[2 * second + (isAnswered ? 0 : 1)]++;
    this.length = Math.max(this.length, second + 1);
  }

  /** answered ÷ (answered + failed) of each second from `first` to before `end`; `null` where neither happened. */
  ratios(first = 0, end = this.length): (number | null)[] {
    return Array.from({ length: Math.max(0, end - first) }, (_, i) => {
      const at = 2 * (first + i);
      const answered = this.counts[at] ?? 0;
      const all = answered + (this.counts[at + 1] ?? 0);
      return all === 0 ? null : answered / all;
    });
  }
}
