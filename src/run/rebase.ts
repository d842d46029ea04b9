import type { CallRecord } from '../metrics/call-record.js';

const rebased = (ms: number | null, startMs: number): number | null =>
  ms === null ? null : Math.round((ms - startMs) * 1000) / 1000;

/** Moves every moment of a record from the machine's clock to the run's: ms since its start, to the µs. */
export function rebase(record: CallRecord, startMs: number): void {
  record.dueMs = rebased(record.dueMs, startMs)!;
  record.startedMs = rebased(record.startedMs, startMs)!;
  record.answeredMs = rebased(record.answeredMs, startMs);
  record.endedMs = rebased(record.endedMs, startMs);
  for (const one of record.tries) one.startedMs = rebased(one.startedMs, startMs);
  const { timings } = record;
  for (const key of Object.keys(timings) as (keyof typeof timings)[]) timings[key] = rebased(timings[key], startMs);
  for (const trace of [record.trace, record.trunkTrace])
    for (const message of trace?.messages ?? []) message.atMs = rebased(message.atMs, startMs)!;
  for (const truth of [record.impairment?.uplink, record.impairment?.downlink])
    for (const period of truth?.periods ?? []) period.fromMs = rebased(period.fromMs, startMs)!;
  for (const digit of [...(record.dtmf?.uplink.digits ?? []), ...(record.dtmf?.downlink.digits ?? [])]) {
    digit.sentMs = rebased(digit.sentMs, startMs);
    digit.heardMs = rebased(digit.heardMs, startMs);
  }
  for (const part of [...(record.turns?.responses ?? []), ...(record.turns?.deadAir ?? [])])
    part.atMs = rebased(part.atMs, startMs)!;
  for (const tone of record.turns?.tones ?? []) {
    tone.startMs = rebased(tone.startMs, startMs)!;
    tone.endMs = rebased(tone.endMs, startMs)!;
  }
  for (const heard of [record.uplink?.heard, record.downlink?.heard]) {
    if (!heard) continue;
    heard.firstArrivalMs = rebased(heard.firstArrivalMs, startMs);
    heard.lastArrivalMs = rebased(heard.lastArrivalMs, startMs);
  }
}
