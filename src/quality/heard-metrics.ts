import type { VoipMetrics } from '../rtp/voip-metrics.js';
import { GMIN } from './burst-gaps.js';
import { withDelay } from './mos.js';
import type { HeardFigures } from './reports.js';

/** Level of a sine of full scale, −3.01 dBov, in dBm0 (G.711, A-law: 3.14), less its level in dBov. */
const DBM0_ABOVE_DBOV = 6.15;

/**
 * What was heard as VoIP metrics (RFC 3611, section 4.7); `null` where there is nothing to rate. `roundTripMs` is that of the
 * network; `null`, while it is not known, is written as 0, and then there is no conversational quality.
 */
export function voipMetricsOf(heard: HeardFigures, roundTripMs: number | null, conceals: boolean): VoipMetrics | null {
  const { mos, packetsExpected: expected, bursts, playout } = heard;
  if (mos === null || playout === null || expected === 0) return null;
  const gapPackets = expected - bursts.packets;
  const missing = heard.packetsLost + heard.lateDiscarded;
  const rated = roundTripMs === null ? mos : withDelay(mos, { oneWayDelayMs: roundTripMs / 2, source: 'rtcp' });
  return {
    lossRatio: heard.packetsLost / expected,
    discardRatio: heard.lateDiscarded / expected,
    burstDensity: bursts.packets === 0 ? 0 : bursts.missing / bursts.packets,
    gapDensity: gapPackets <= 0 ? 0 : Math.max(0, missing - bursts.missing) / gapPackets,
    burstDurationMs: bursts.bursts === 0 ? 0 : (bursts.packets * mos.ptimeMs) / bursts.bursts,
    // One before each burst, and one after the last.
    gapDurationMs: (Math.max(0, gapPackets) * mos.ptimeMs) / (bursts.bursts + 1),
    roundTripMs: roundTripMs ?? 0,
    endSystemDelayMs: playout.meanMs + mos.ptimeMs + mos.lookAheadMs,
    signalLevelDbm0: heard.activeLevelDbov === null ? null : heard.activeLevelDbov + DBM0_ABOVE_DBOV,
    noiseLevelDbm0: heard.noiseFloorDbov === null ? null : heard.noiseFloorDbov + DBM0_ABOVE_DBOV,
    conceals,
    gmin: GMIN,
    rFactor: mos.r,
    mosLq: mos.lq,
    mosCq: rated.cq,
    jitterBuffer: {
      isAdaptive: playout.kind === 'adaptive',
      nominalMs: playout.meanMs,
      maximumMs: playout.maxMs,
      absoluteMaximumMs: playout.limitMs,
    },
  };
}
