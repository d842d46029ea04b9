import type { DirectionTruth } from '../impair/truth.js';
import type { FarEndView } from '../rtp/rtcp-session.js';
import type { VoipMetrics } from '../rtp/voip-metrics.js';
import { mosOfR, rFactor } from './e-model.js';
import { BPL, equipmentOf } from './equipment.js';
import type { HeardReport } from './reports.js';

/** What a far end says otherwise than we know: more or less loss or jitter, a better or worse rating. */
export type DisagreementKind =
  | 'loss-more'
  | 'loss-less'
  | 'jitter-more'
  | 'jitter-less'
  | 'rating-better'
  | 'rating-worse';

/** One figure of what we send, as the far end has it and as we do. */
export interface Disagreement {
  kind: DisagreementKind;
  /** What ours rests on: what our own far end heard, what our path did to it, or the far end's own count of what it missed. */
  basis: 'own-end' | 'path' | 'own-loss';
  /** Loss as a share (0–1), jitter in ms, R, or MOS where it gives no R. */
  farEnd: number;
  ours: number;
}

/** What we know of the direction that we send in. */
export interface OurView {
  /** As negotiated for what we send. */
  codec: string | null;
  packetsSent: number;
  /** From the first packet of ours to the highest that the far end reported. */
  packetsExpected: number;
  /** What our path did to the packets on their way. */
  path: DirectionTruth;
  /** What the far end heard, where it is ours. */
  heard: HeardReport | null;
  hasSentDigits: boolean;
}

/** Less than that is no disagreement: in packets, and as a share of them. */
const LEAST_PACKETS = 2;
const LEAST_SHARE = 0.01;
/** J is an average over some 16 packets, which a report samples every 5 s: a factor between two views of it, and ms. */
const JITTER_FACTOR = 2;
const LEAST_JITTER_MS = 5;
/** How unevenly a packet of ours may leave: beyond that a run is invalid. */
const PACING_MS = 10;
/** R and MOS: other defaults than ours (R 94.2 in place of 93.2), and steps of 1 and 0.1. */
const LEAST_R = 3;
const LEAST_MOS = 0.2;
/** The far end's bursts are not known: as G.107 has them at most. */
const MOST_BURST_R = 8;
/** Steps of a share in 8 bits (RFC 3611, section 4.7.1). */
const STEPS = 256;

/**
 * Holds what RTCP and XR say of what we send against what we know of it. Views of one thing differ without disagreeing: a
 * report covers what came until it was sent, a late packet is lost until it comes, a duplicate makes up for a loss (RFC 3550
 * A.3), shares have 8 bits. Only what is beyond all that, and beyond 1 % of the packets, 5 ms, R 3 or MOS 0.2, is told.
 */
export function disagreements(farEnd: FarEndView, metrics: VoipMetrics | null, ours: OurView): Disagreement[] {
  const found = [lossOf(farEnd, ours), jitterOf(farEnd, ours), metrics && ratingOf(metrics, ours)];
  return found.filter((disagreement) => disagreement !== null);
}

function lossOf({ cumulativeLost, extendedHighest }: FarEndView, ours: OurView): Disagreement | null {
  const { heard, path, packetsExpected, packetsSent } = ours;
  if (packetsExpected === 0 || isRenumbered(path) || (heard !== null && !isComparable(heard))) return null;
  const lost = heard ? heard.rfc3550CumulativeLost : path.droppedWithin;
  // What came or was lost after the last report.
  const tail = Math.max(0, heard ? heard.lastSequence! - extendedHighest : packetsSent - packetsExpected);
  const transient = heard
    ? heard.reordered + heard.duplicates
    : path.reordered + path.corrupted + path.droppedBefore + path.droppedAfter;
  const least = lost - tail - (heard ? 0 : path.duplicated);
  const margin = Math.max(LEAST_PACKETS, LEAST_SHARE * packetsExpected);
  const kind =
    cumulativeLost > lost + transient + margin ? 'loss-more' : cumulativeLost < least - margin ? 'loss-less' : null;
  return (
    kind && {
      kind,
      basis: heard ? 'own-end' : 'path',
      farEnd: Math.max(0, cumulativeLost) / packetsExpected,
      ours: lost / (heard ? heard.packetsExpected : Math.max(1, path.packets)),
    }
  );
}

function jitterOf({ reports, jitterMaxMs }: FarEndView, ours: OurView): Disagreement | null {
  const { heard, path, hasSentDigits } = ours;
  // One report is no sample. Events repeat a timestamp: most receivers take that for jitter, we do not.
  if (reports < 2 || hasSentDigits || isRenumbered(path)) return null;
  if (heard === null) {
    // J is never more than the delays of the path are apart.
    const most = path.delayMaxMs ?? 0;
    if (jitterMaxMs <= most + PACING_MS + LEAST_JITTER_MS) return null;
    return { kind: 'jitter-more', basis: 'path', farEnd: jitterMaxMs, ours: most };
  }
  if (heard.jitterMs === null || heard.jitterMaxMs === null) return null;
  if (jitterMaxMs > JITTER_FACTOR * heard.jitterMaxMs + LEAST_JITTER_MS)
    return { kind: 'jitter-more', basis: 'own-end', farEnd: jitterMaxMs, ours: heard.jitterMaxMs };
  if (jitterMaxMs < heard.jitterMs / JITTER_FACTOR - LEAST_JITTER_MS)
    return { kind: 'jitter-less', basis: 'own-end', farEnd: jitterMaxMs, ours: heard.jitterMs };
  return null;
}

/**
 * Its R and MOS-LQ against G.107 by its own loss and discard, whatever its concealment and bursts. R may have a delay in it
 * that we do not know, so that a low one says nothing. On the narrowband scale alone, which RFC 3611 means, and for codecs
 * whose Ie is the ITU's and of one mode.
 */
function ratingOf({ lossRatio, discardRatio, rFactor: r, mosLq }: VoipMetrics, ours: OurView): Disagreement | null {
  const equipment = ours.codec === null ? null : equipmentOf(ours.codec, BPL.plc);
  if (equipment?.scale !== 'CQEN' || (equipment.source !== 'G.113' && equipment.source !== 'as G.711')) return null;
  const { ie } = equipment;
  const missing = lossRatio + discardRatio;
  const bpl = Math.max(BPL.plc, equipment.bpl!);
  const best = rFactor({ ie, bpl, pplPercent: 100 * missing });
  const worst = rFactor({
    ie,
    bpl: BPL.none,
    burstR: MOST_BURST_R,
    pplPercent: 100 * Math.min(1, missing + 2 / STEPS),
  });
  if (r !== null && r > best + LEAST_R) return { kind: 'rating-better', basis: 'own-loss', farEnd: r, ours: best };
  if (mosLq === null) return null;
  if (mosLq > mosOfR(best) + LEAST_MOS)
    return { kind: 'rating-better', basis: 'own-loss', farEnd: mosLq, ours: mosOfR(best) };
  if (mosLq < mosOfR(worst) - LEAST_MOS)
    return { kind: 'rating-worse', basis: 'own-loss', farEnd: mosLq, ours: mosOfR(worst) };
  return null;
}

/** Whether the far end's sequence numbers, times or SSRC are others than those that we sent. */
function isRenumbered({ faults }: DirectionTruth): boolean {
  return ['ssrc-change', 'sequence-jump', 'timestamp-jump'].some((kind) => (faults[kind] ?? 0) > 0);
}

/** Whether one source was heard from first to last, so that its numbers are those that were reported. */
function isComparable({ ssrcChanges, lastSequence }: HeardReport): boolean {
  return ssrcChanges === 0 && lastSequence !== null;
}
