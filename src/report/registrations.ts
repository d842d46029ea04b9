import type { AccountCallSummary } from '../metrics/account-calls.js';
import type { Percentiles } from '../metrics/percentiles.js';
import type { Summary } from '../metrics/summary.js';
import { count, decimal, percent, responseName, sortedResponses } from './format.js';

/** What became of the accounts, in lines of name and value; none where none registered. */
export function registrationFigures({
  registrations: r,
  accountCalls,
  sip,
}: Summary): [name: string, value: string][][] {
  if (r === null) return [];
  const took = r.allTriedMs === null ? 'not measured' : `${decimal(r.allTriedMs / 1000, 1)} s`;
  return [
    [
      ['accounts', count(r.accounts)],
      ['registered', count(r.registered)],
      ['most at a time', count(r.peakRegistered)],
      ['lost', count(r.lost)],
    ],
    [
      ['REGISTERs', count(r.attempted)],
      ['failed', count(r.failed)],
      ['refreshes', count(r.refreshed)],
      ['taken off', count(r.unregistered)],
      ['IRA', percent(sip.ira)],
    ],
    [
      ['challenges', count(r.challenges)],
      ['none needed', count(r.unchallenged)],
      ['all tried in', took],
      ['per second', decimal(r.registeredPerSecond, 1)],
    ],
    ...(accountCalls ? accountCallFigures(accountCalls) : []),
  ];
}

function accountCallFigures(calls: AccountCallSummary): [name: string, value: string][][] {
  const results = sortedResponses(calls.responses).map(([code, n]) => `${code} ${count(n)}`);
  return [
    [
      ['calls to accounts', count(calls.offered)],
      ['reached', count(calls.reached)],
      ['wrong account', count(calls.wrongAccount)],
      ['unmatched', count(calls.unmatched)],
    ],
    [['not reached', `${count(calls.notReached)}${results.length > 0 ? `: ${results.join(', ')}` : ''}`]],
    [
      ['INVITEs for unregistered', count(calls.unregistered)],
      ['for unknown', count(calls.unknown)],
    ],
  ];
}

/** Final results of REGISTERs that were no success, with what each is called; then challenges that were of another realm. */
export function registrationFailures({ registrations }: Summary): [name: string, requests: number][] {
  const results = sortedResponses(registrations?.responses ?? {})
    .filter(([code]) => !/^2\d\d$/.test(code))
    .map(([code, requests]): [string, number] => [`${code} ${responseName(code)}`.trim(), requests]);
  const realms = sortedResponses(registrations?.otherRealms ?? {});
  return [...results, ...realms.map(([realm, n]): [string, number] => [`for the realm ${realm}`, n])];
}

/** Delays of REGISTERs by name. */
export function registrationDelays({ registrations, sip }: Summary): [name: string, Percentiles | null][] {
  if (registrations === null) return [];
  return [
    ['RRD (REGISTER → 200)', sip.rrdMs],
    ['Refresh (REGISTER → 200)', registrations.refreshMs],
  ];
}
