import { gilbertOf } from './loss.js';
import type { Stage } from './spec.js';

/** Why a stage cannot be done although each of its values is in range; `null` when it can. */
export function infeasibility(stage: Stage): string | null {
  switch (stage.kind) {
    case 'loss':
      if (stage.burst <= 1 || stage.ratio >= 1 || gilbertOf(stage.ratio, stage.burst)) return null;
      return (
        `a loss of ${round(stage.ratio * 100)} % has runs of at least ${round(stage.ratio / (1 - stage.ratio))} packets on ` +
        `average, so the mean burst cannot be ${round(stage.burst)}`
      );
    case 'relabel':
      if (stage.payloadType < 64 || stage.payloadType > 95) return null;
      return `payload types 64–95 cannot be told from RTCP (RFC 5761), so ${stage.payloadType} would not be seen as audio`;
    case 'gilbert-elliott':
    case 'delay':
    case 'reorder':
    case 'duplicate':
    case 'recode':
    case 'drop-events':
      return null;
    default:
      return stage satisfies never;
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
