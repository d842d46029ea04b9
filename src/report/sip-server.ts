import type { Summary } from '../metrics/summary.js';
import { count, printable } from './format.js';

/** What the SIP server of the callers' side met with, a note for each kind of thing that did happen. */
export function sipServerNotes({ sip: { server } }: Summary): string[] {
  // Summaries of earlier versions have none.
  if (!server) return [];
  const { timerExpiries, connections, traces, strays, transportErrors } = server;
  const tables: [string, Record<string, number>][] = [
    ['sent again', server.retransmissionsSent],
    ['received again', server.retransmissionsReceived],
    ['timers expired', timerExpiries],
    ['besides', { strays, 'transport errors': transportErrors }],
    ['connections ended', connections.closures],
  ];
  const notes: string[] = [];
  for (const [name, table] of tables) {
    const counted = Object.entries(table).filter(([, n]) => n > 0);
    if (counted.length === 0) continue;
    notes.push(`${name}: ${counted.map(([what, n]) => `${printable(what)} ${count(n)}`).join(', ')}`);
  }
  if (traces && traces.kept > 0) {
    const more = traces.leftOut > 0 ? `, ${count(traces.leftOut)} more left out` : '';
    notes.push(`SIP traces in calls.ndjson and sip.pcap: ${count(traces.kept)}${more}`);
  }
  return notes;
}
