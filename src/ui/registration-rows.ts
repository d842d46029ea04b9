import type { AccountCallSnapshot } from '../metrics/account-calls.js';
import type { Snapshot } from '../metrics/snapshot.js';
import { count, msDigits } from '../report/format.js';
import { labelled, type Row } from './sections.js';
import { field } from './spans.js';

/** How many accounts are registered, and how it went; nothing where none registers. */
export function registrationRows({ registrations, accountCalls }: Snapshot, width: number): Row[] {
  if (registrations === null) return [];
  const { accounts, now, failed, lost, refreshed, rrdMs } = registrations;
  const rrd = rrdMs ? `${msDigits(rrdMs.p50)} / ${msDigits(rrdMs.p95)}` : msDigits(null);
  const list = [
    field('registered', `${count(now)} / ${count(accounts)}`, 0, now === accounts ? 'good' : 'plain'),
    field('failed', count(failed), 1, failed > 0 ? 'bad' : 'plain'),
    field('lost', count(lost), 2, lost > 0 ? 'bad' : 'plain'),
    field('refreshed', count(refreshed), 4),
    field('RRD p50/p95 ms', rrd, 3),
  ];
  if (accountCalls) list.splice(1, 0, reachedField(accountCalls));
  return [{ line: labelled('Accounts', list, width), rank: 3 }];
}

/** Calls to accounts that came to them, of those that have ended. */
function reachedField({ offered, reached }: AccountCallSnapshot): ReturnType<typeof field> {
  return field('reached', `${count(reached)} / ${count(offered)}`, 1, reached < offered ? 'bad' : 'good');
}
