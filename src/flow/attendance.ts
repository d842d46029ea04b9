import type { Population } from './population.js';

/** One call in its population: it counts once as in progress and once as established, however often either is told. */
export class Attendance {
  private isInProgress = false;
  private isEstablished = false;

  constructor(private readonly population: Population) {}

  /** Calls in progress besides this one. */
  get others(): number {
    return this.population.inProgress - (this.isInProgress ? 1 : 0);
  }

  enterProgress(): void {
    if (this.isInProgress) return;
    this.isInProgress = true;
    this.population.enterProgress();
  }

  enterEstablished(): void {
    if (this.isEstablished) return;
    this.isEstablished = true;
    this.population.enterEstablished();
  }

  /** The call is over, whatever it was. */
  leave(): void {
    if (this.isEstablished) this.population.leaveEstablished();
    if (this.isInProgress) this.population.leaveProgress();
    this.isEstablished = false;
    this.isInProgress = false;
  }
}
