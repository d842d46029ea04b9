import type { Snapshot } from '../metrics/snapshot.js';

/** The setup ratio second by second: of the setups that ended since the time before, the share that was answered. */
export class SetupMeter {
  private answered = 0;
  private failed = 0;

  /** 0–1; `null` where none ended. */
  next({ answered, failed }: Snapshot['calls']): number | null {
    const newly = { answered: answered - this.answered, failed: failed - this.failed };
    this.answered = answered;
    this.failed = failed;
    const ended = newly.answered + newly.failed;
    return ended > 0 ? newly.answered / ended : null;
  }
}
