import type { InboundSnapshot, Snapshot } from '../metrics/snapshot.js';
import { count, isSuccess, msDigits, printable, sortedResponses } from '../report/format.js';
import { labelled, type Row, row } from './sections.js';
import { type Field, field, rule, span } from './spans.js';

/** What those who call did, with median and 95th percentile of their first words, in the place of the setups that a run of ours makes. */
export function inboundRows(inbound: InboundSnapshot, { responses }: Snapshot, width: number): Row[] {
  const { machine, firstWordMs } = inbound;
  const bad = (name: string, n: number, rank: number): Field => field(name, count(n), rank, n > 0 ? 'bad' : 'plain');
  const came: Field[] = [
    field('received', count(inbound.received), 0),
    field('refused by us', count(inbound.refused), 3, inbound.refused > 0 ? 'warn' : 'plain'),
    bad('abandoned', inbound.abandoned, 1),
    bad('no ACK', inbound.notAcknowledged, 2),
  ];
  sortedResponses(responses).forEach(([code, calls], i) => {
    const spans = [span(`${printable(code)} `, isSuccess(code) ? 'good' : 'label'), span(count(calls))];
    came.push({ spans: i === 0 ? [span('│ ', 'dim'), ...spans] : spans, rank: 4 + i });
  });
  const word = firstWordMs ? `${msDigits(firstWordMs.p50)} / ${msDigits(firstWordMs.p95)}` : msDigits(null);
  const heard: Field[] = [
    bad('silent', inbound.silentCalls, 1),
    field('first word ms', word, 0),
    field('│ machines', count(machine.calls), 2),
    bad('talked over', machine.talkedOver, 3),
    field('hung up', count(machine.hungUp), 4),
    field('messages', count(machine.messages), 5),
  ];
  return [
    row(rule('CALLS THAT CAME IN', width), 11.2),
    row(labelled('Calls in', came, width), 2),
    row(labelled('Callers', heard, width), 3),
  ];
}
