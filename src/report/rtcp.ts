import type { Percentiles, RtcpSummary } from '../metrics/summary.js';
import { count, msDigits, percent } from './format.js';

/** What RTCP told, a line each; none where no far end sent reports. */
export function rtcpNotes({ calls, roundTripMs, farEnd }: RtcpSummary): string[] {
  if (calls === 0) return [];
  const both = (p: Percentiles | null): string =>
    p ? `p50 / p95 ${msDigits(p.p50)} / ${msDigits(p.p95)} ms` : 'not measured';
  return [
    `RTCP of ${count(calls)} calls: round trip ${both(roundTripMs)}`,
    `uplink by RTCP: lost ${farEnd.lossRatio === null ? 'not measured' : percent(farEnd.lossRatio)}, jitter ${both(farEnd.jitterMs)}`,
  ];
}
