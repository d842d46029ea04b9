import type { FaultStage } from './fault-spec.js';
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

/** Why a fault cannot be done although each of its values is in range; `null` when it can. */
function faultInfeasibility(fault: FaultStage): string | null {
  if ('payloadType' in fault && fault.payloadType !== undefined && fault.payloadType >= 64 && fault.payloadType <= 95)
    return `payload types 64–95 cannot be told from RTCP (RFC 5761), so ${fault.payloadType} would not be seen as RTP`;
  if (fault.kind === 'noise' && (fault.snr === undefined) === (fault.level === undefined))
    return 'needs either `snr` or `level`';
  if (fault.kind === 'echo' && (fault.delay < 20 || fault.delay > 2000))
    return `an echo is 20 ms to 2 s late, not ${fault.delay} ms`;
  return null;
}
