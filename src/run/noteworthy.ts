import type { CallRecord } from '../metrics/call-record.js';
import { faultInWords, faultsOf, isTurnedAway } from '../metrics/call-verdict.js';
import { failedStep } from '../metrics/flow-record.js';
import type { LogLine } from '../metrics/snapshot.js';

type Note = Pick<LogLine, 'level' | 'text'>;

/**
 * What of a call is worth a line in the event log.
 * @param responses final results so far, this call's included: only the first refusal of a kind is told.
 */
export function noteworthy(record: CallRecord, responses: Readonly<Record<string, number>>): Note[] {
  const notes: Note[] = [];
  const warn = (text: string): number => notes.push({ level: 'warn', text });
  const call = `${record.from} → ${record.to}`;
  const kind = record.oneWay ? 'one-way audio' : record.noMedia ? 'no audio either way' : 'impaired audio';
  const faults = faultsOf(record).map((fault) => faultInWords(fault, record));
  if (faults.length > 0) warn(`${kind}: ${call}, ${faults.join(', ')}`);
  if (record.outcome === 'dropped') {
    const seconds = ((record.endedMs ?? 0) - (record.answeredMs ?? 0)) / 1000;
    warn(`dropped: ${call} after ${seconds.toFixed(1)} s`);
  }
  const step = failedStep(record);
  if (step !== null && record.answeredMs !== null) warn(`failed: ${call}, ${step.problem}`);
  if (
    !isTurnedAway(record) &&
    record.outcome === 'failed' &&
    record.cause === 'status' &&
    responses[String(record.status)] === 1
  )
    warn(`first ${record.status} ${record.reason ?? ''} at ${record.inProgressAtFinal} calls in progress`);
  if (record.cause === 'internal')
    notes.push({ level: 'error', text: `failed within the generator: ${call}: ${record.reason}` });
  return notes;
}
