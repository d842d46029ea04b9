import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { InboundMetrics } from '../../src/metrics/inbound-metrics.js';
import { callerHeard } from '../../src/metrics/inbound-record.js';
import type { Span } from '../../src/voice/turns.js';
import { answeredRecord, mediaReport } from '../support/records.js';

const ANSWERED_MS = 10_000;

/** A call that lasted 9 s, in which the caller spoke from and to these times since the answer, in ms. */
function call(spoken: [from: number, to: number][], change: Partial<CallRecord> = {}): CallRecord {
  const overheard: Span[] = spoken.map(([from, to]) => ({ startMs: ANSWERED_MS + from, endMs: ANSWERED_MS + to }));
  const record = answeredRecord({
    direction: 'inbound',
    dealt: 'answered',
    answeredMs: ANSWERED_MS,
    hangupBy: 'remote',
  });
  record.media = { ...mediaReport(), overheard };
  record.timings.byeMs = ANSWERED_MS + 9000;
  return Object.assign(record, change);
}

/** As `call`, a machine that greets from 500 ms on and beeps up to 6 s. */
const machine = (spoken: [number, number][], change: Partial<CallRecord> = {}): CallRecord =>
  call(spoken, {
    dealt: 'machine',
    machine: { greetingMs: ANSWERED_MS + 500, beepEndMs: ANSWERED_MS + 6000 },
    ...change,
  });

describe('what is heard of a caller', () => {
  it('is its first word after our answer, not one of early media', () => {
    expect(
      callerHeard(
        call([
          [-900, -100],
          [740, 2000],
        ]),
      ),
    ).toEqual({ firstWordMs: 740, machine: null });
    expect(callerHeard(call([]))).toEqual({ firstWordMs: null, machine: null });
  });

  it('is not known where nobody listened, and of a call that was not answered', () => {
    const unheard = call([]);
    unheard.media = mediaReport();
    expect(callerHeard(unheard)).toBeNull();
    expect(callerHeard(call([], { answeredMs: null }))).toBeNull();
    const undecoded = call([]);
    undecoded.media!.codec = 'G729';
    expect(callerHeard(undecoded)).toBeNull();
  });

  it('is, of one that takes turns, what those heard', () => {
    const record = call([]);
    const theirs = [{ startMs: ANSWERED_MS + 300, endMs: ANSWERED_MS + 900 }];
    const talk = { ours: [], theirs, tones: [], turnEndMs: 0, deadAirMs: 0, bufferMs: null, agent: null };
    record.media = { ...mediaReport(), talk };
    expect(callerHeard(record)?.firstWordMs).toBe(300);
  });

  it('is, by a machine, how long it spoke from the greeting to the end of the beep, and what it said after', () => {
    const spoken: [number, number][] = [
      [100, 700],
      [3000, 3500],
      [5900, 6100],
      [6800, 8000],
    ];
    expect(callerHeard(machine(spoken))?.machine).toEqual({
      greetingMs: 500,
      beepEndMs: 6000,
      talkOverMs: 800,
      messageMs: 6800,
    });
  });

  it('is speech up to the end where the call ends before the beep, and none before the greeting', () => {
    const hungUp = (greetingMs: number | null, spoken: [number, number][]) =>
      callerHeard(machine(spoken, { machine: { greetingMs, beepEndMs: null } }))?.machine;
    expect(hungUp(ANSWERED_MS + 500, [[8000, Number.POSITIVE_INFINITY]])).toMatchObject({
      talkOverMs: 1000,
      messageMs: null,
    });
    expect(hungUp(null, [[0, 400]])).toMatchObject({ greetingMs: null, talkOverMs: 0 });
  });
});

describe('how callers treat machines', () => {
  const summaryOf = (...records: CallRecord[]) => {
    const metrics = new InboundMetrics();
    for (const record of records) {
      record.caller = callerHeard(record) ?? undefined;
      metrics.add(record);
    }
    const received = records.length;
    return metrics.summary({ received, firstMs: 0, lastMs: 1, peakCps: 1, refusedLate: 0, admitted: received });
  };

  it('is added up: who hung up before the beep, talked over the greeting, left a message', () => {
    const early = machine([], { machine: { greetingMs: ANSWERED_MS + 500, beepEndMs: null } });
    early.timings.byeMs = ANSWERED_MS + 3000;
    const byUs = machine([], { machine: { greetingMs: ANSWERED_MS + 500, beepEndMs: null }, hangupBy: 'local' });
    const {
      machine: found,
      silentCalls,
      heard,
    } = summaryOf(early, byUs, machine([[1000, 1400]]), machine([[6500, 8000]]), call([]), call([[500, 900]]));
    expect(found).toMatchObject({ calls: 4, hungUp: 1, talkedOver: 1, messages: 1 });
    expect([found!.hangUpMs!.max, found!.talkOverMs!.max, found!.messageMs!.max]).toEqual([3000, 400, 500]);
    // A caller that says nothing to a machine is none that is silent.
    expect([heard, silentCalls]).toEqual([6, 1]);
  });

  it('is not measured where no machine answered', () => {
    expect(summaryOf(call([[500, 900]]))).toMatchObject({ machine: null, firstWordMs: { p50: 500 } });
  });
});
