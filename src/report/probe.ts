import type { ProbeSummary } from '../metrics/media-summary.js';
import type { LowPercentiles, Percentiles } from '../metrics/percentiles.js';
import type { Summary } from '../metrics/summary.js';
import { count, decimal, msDigits, NONE, percent } from './format.js';

type ProbeRow = [name: string, value: (probe: ProbeSummary) => string];

const delays = (p: Percentiles | null): string => (p ? `${msDigits(p.p50)} / ${msDigits(p.p95)}` : 'not measured');
const losses = (p: LowPercentiles | null): string =>
  p ? `${decimal(p.min, 1)} / ${decimal(p.p50, 1)}` : 'not measured';
const isHalf = ({ delaySource }: ProbeSummary): string => (delaySource === 'half-round-trip' ? ' (RTT/2)' : '');

const ROWS: readonly ProbeRow[] = [
  ['markers said / heard', (p) => (p.calls === 0 ? NONE : `${count(p.sent)} / ${count(p.heard)}`)],
  ['markers missed', (p) => (p.missed === null ? NONE : `${count(p.missed)} (${percent(p.missedRatio)})`)],
  ['mouth-ear p50 / p95 ms', (p) => `${delays(p.mouthToEarMs)}${isHalf(p)}`],
  ['crossed calls', (p) => count(p.crossedCalls)],
];
const ECHO_ROWS: readonly ProbeRow[] = [
  ['calls with echo', (p) => count(p.echoCalls)],
  ['echo p50 / p95 ms', (p) => delays(p.echoDelayMs)],
  ['return loss min / p50 dB', (p) => losses(p.echoReturnLossDb)],
];

/** What markers told, in rows of name, uplink and downlink; none where none were said. */
export function probeRows({ probe: { uplink, downlink } }: Summary): [string, string, string][] {
  if (uplink.calls + downlink.calls === 0) return [];
  const hasEcho = (uplink.echoCalls ?? 0) + (downlink.echoCalls ?? 0) > 0;
  return [...ROWS, ...(hasEcho ? ECHO_ROWS : [])].map(([name, value]) => [name, value(uplink), value(downlink)]);
}
