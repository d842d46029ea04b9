/** For how long a direction was on hold: its far end was not to send, by what was negotiated. */
export class HeldTime {
  private totalMs = 0;
  private fromMs: number | null = null;

  note(isHeld: boolean, nowMs: number): void {
    this.totalMs = this.at(nowMs);
    this.fromMs = isHeld ? nowMs : null;
  }

  at(nowMs: number): number {
    return this.totalMs + (this.fromMs === null ? 0 : nowMs - this.fromMs);
  }
}
