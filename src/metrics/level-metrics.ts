import type { HeardLevels } from '../quality/reports.js';
import { Distribution } from './distribution.js';
import type { LevelSummary } from './media-summary.js';

/** Below the least that 16 bits can hold. */
const LEAST_DBOV = -128;

/** Levels of one direction of all answered calls; a stream of which one was not measured is not in its distribution. */
export class LevelMetrics {
  private readonly active = new Distribution(100, LEAST_DBOV);
  private readonly activity = new Distribution(1e4);
  private readonly noise = new Distribution(100, LEAST_DBOV);
  private readonly clipped = new Distribution(1e6);

  add({ activeLevelDbov, activityFactor, noiseFloorDbov, clippedRatio }: HeardLevels): void {
    if (activeLevelDbov !== null) this.active.record(activeLevelDbov);
    if (activityFactor !== null) this.activity.record(activityFactor);
    if (noiseFloorDbov !== null) this.noise.record(noiseFloorDbov);
    if (clippedRatio !== null) this.clipped.record(clippedRatio);
  }

  summary(): LevelSummary {
    return {
      activeLevelDbov: this.active.spread(),
      activityFactor: this.activity.lowPercentiles(),
      noiseFloorDbov: this.noise.percentiles(),
      clippedRatio: this.clipped.percentiles(),
    };
  }
}
