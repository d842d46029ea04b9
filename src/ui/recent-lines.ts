/** The last lines of a log that goes on for as long as the program does. */
export class RecentLines {
  private lines: string[] = [];
  /** All that there ever were. */
  total = 0;

  constructor(private readonly most = 200) {}

  add(text: string): void {
    this.total++;
    this.lines.push(text);
    if (this.lines.length > 2 * this.most) this.lines = this.lines.slice(-this.most);
  }

  /** The last `count` lines, as far as they are kept. */
  last(count: number): readonly string[] {
    return count <= 0 ? [] : this.lines.slice(-Math.min(count, this.most));
  }
}
