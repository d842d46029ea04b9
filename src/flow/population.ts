/**
 * How many calls are in progress (from the first provisional above 100, or the 2xx, to the final failure or the BYE)
 * and how many are established, now and at most.
 */
export class Population {
  inProgress = 0;
  established = 0;
  peakInProgress = 0;
  peakEstablished = 0;

  enterProgress(): void {
    this.inProgress++;
    if (this.inProgress > this.peakInProgress) this.peakInProgress = this.inProgress;
  }

  leaveProgress(): void {
    this.inProgress--;
  }

  enterEstablished(): void {
    this.established++;
    if (this.established > this.peakEstablished) this.peakEstablished = this.established;
  }

  leaveEstablished(): void {
    this.established--;
  }
}
