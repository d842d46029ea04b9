import type { FailoverSummary, OutageSummary } from '../metrics/failover-summary.js';
import { clock, count, NONE, percent, printable } from './format.js';

/** A time of seconds or minutes, to the hundredth of a second. */
function seconds(ms: number | null): string {
  return ms === null ? NONE : `${(ms / 1000).toFixed(2)} s`;
}

/** Columns of the table of outages. */
export const OUTAGE_HEAD = [
  'Outage of',
  'since',
  'detected',
  'recovered',
  'up again',
  'fail-back',
  'lost',
  'failed',
  'lowest',
] as const;

/** A row for each outage, cells as in `OUTAGE_HEAD`. */
export function outageRows({ eachOutage }: FailoverSummary): string[][] {
  return eachOutage.map((one: OutageSummary) => [
    printable(one.target),
    clock(one.sinceMs),
    seconds(one.detectionMs),
    seconds(one.recoveryMs),
    one.upMs === null ? NONE : clock(one.upMs),
    seconds(one.failBackMs),
    count(one.lostCalls),
    count(one.failedAttempts),
    percent(one.setupRatioMin),
  ]);
}

/** What failover did, in sentences. */
export function failoverNotes(failover: FailoverSummary): string[] {
  const { failedOver, saved, outages, setupRatioMin } = failover;
  return [
    `${count(failedOver)} attempts went on to another target, ${count(saved)} of them were answered`,
    `lowest setup ratio of a second: ${percent(setupRatioMin)}`,
    ...(outages === null ? ['no keepalive: nothing tells of outages'] : outages === 0 ? ['no target was down'] : []),
  ];
}
