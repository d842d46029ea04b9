import { faultInfeasibility } from './fault-spec.js';
import { gilbertOf } from './loss.js';
import type { PlainStage } from './spec.js';

/** Why a stage cannot be done although each of its values is in range; `null` when it can. */
export function infeasibility(stage: PlainStage): string | null {
  switch (stage.kind) {
    case 'loss':
      if (stage.burst <= 1 || stage.ratio >= 1 || gilbertOf(stage.ratio, stage.burst)) return null;
      return (
        `a loss of ${round(stage.ratio * 100)} % has runs of at least ${round(stage.ratio / (1 - stage.ratio))} packets on ` +
        `average, so the mean burst cannot be ${round(stage.burst)}`
      );
    case 'exact-loss':
      if (stage.lose <= stage.of) return null;
      return `${stage.lose} packets cannot be lost of ${stage.of}`;
    case 'periodic-loss':
      if (stage.lose <= stage.every) return null;
      return `${stage.lose} packets cannot be lost of every ${stage.every}`;
    case 'outage':
      if (stage.every === undefined || stage.every > stage.for) return null;
      return `an outage of ${stage.for} ms every ${stage.every} ms never ends: \`every\` counts from the beginning of one to the next`;
    case 'loss-trace':
      if ((stage.bits === undefined) !== (stage.file === undefined)) return null;
      return 'a trace is given by `bits` or by a `file`, one of the two';
    case 'delay-trace':
      if ((stage.values === undefined) !== (stage.file === undefined)) return null;
      return 'a trace is given by `values` or by a `file`, one of the two';
    case 'corrupt':
      if ((stage.bitErrorRatio === undefined) === (stage.ratio === undefined))
        return 'needs either a `bitErrorRatio` or the `ratio` of packets with wrong bits';
      if (stage.bits === undefined || stage.ratio !== undefined) return null;
      return '`bits` goes with `ratio`: by a bit error ratio their number is random';
    case 'gilbert-elliott':
    case 'delay':
    case 'queue':
    case 'spike':
    case 'clock-skew':
    case 'reorder':
    case 'duplicate':
      return null;
    default:
      return faultInfeasibility(stage);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
