import type { RtcpSummary } from '../metrics/media-summary.js';
import type { LowPercentiles, Percentiles } from '../metrics/percentiles.js';
import type { DisagreementKind } from '../quality/far-end-view.js';
import { count, decimal, msDigits, percent } from './format.js';

/** What RTCP told, a line each; none where no far end sent reports. */
export function rtcpNotes({ calls, roundTripMs, farEnd }: RtcpSummary): string[] {
  if (calls === 0) return [];
  const both = (p: Percentiles | null): string =>
    p ? `p50 / p95 ${msDigits(p.p50)} / ${msDigits(p.p95)} ms` : 'not measured';
  const low = (p: LowPercentiles | null, places: number): string =>
    p ? `p5 / p50 ${decimal(p.p5, places)} / ${decimal(p.p50, places)}` : 'not measured';
  const notes = [
    `RTCP of ${count(calls)} calls: round trip ${both(roundTripMs)}`,
    `uplink by RTCP: lost ${farEnd.lossRatio === null ? 'not measured' : percent(farEnd.lossRatio)}, jitter ${both(farEnd.jitterMs)}`,
  ];
  if (farEnd.mosLq || farEnd.rFactor)
    notes.push(`uplink by RTCP XR: R ${low(farEnd.rFactor, 0)}, MOS-LQ ${low(farEnd.mosLq, 1)}`);
  return notes;
}

const MEANING: Record<DisagreementKind, string> = {
  'loss-more': 'lost more than we know of',
  'loss-less': 'say that they lost less than they did',
  'jitter-more': 'have more jitter than we know of',
  'jitter-less': 'say that they have less jitter than they do',
  'rating-better': 'rate better than their own loss allows',
  'rating-worse': 'rate worse than their own loss explains',
};

/** Where far ends disagree with what we know, a line for each kind; none where they do not. */
export function disagreementHints({ disagreements: { byKind } }: RtcpSummary): string[] {
  const kinds = Object.entries(byKind) as [DisagreementKind, number][];
  return kinds.map(([kind, calls]) => `far ends disagree: in ${count(calls)} calls they ${MEANING[kind]}`);
}
