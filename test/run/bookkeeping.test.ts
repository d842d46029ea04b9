import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { JoinBuffer } from '../../src/run/join-buffer.js';
import { noteworthy } from '../../src/run/noteworthy.js';
import { rebase } from '../../src/run/rebase.js';
import { TargetWatch } from '../../src/run/target-watch.js';
import { answeredRecord, failedRecord, mediaReport, traceOf } from '../support/records.js';

interface Emitted {
  record: CallRecord;
  fault: string | null;
}

function buffer(ownTrunk = true, tells?: 'rang' | 'came'): { join: JoinBuffer; emitted: Emitted[] } {
  const emitted: Emitted[] = [];
  const emit = (record: CallRecord, fault: string | null) => emitted.push({ record, fault });
  return { join: new JoinBuffer(ownTrunk, emit, tells), emitted };
}

const caller = (callId: string) => answeredRecord({ sipCallIds: [callId], media: mediaReport() });
const callee = (callId: string, fault: string | null = null) =>
  answeredRecord({ direction: 'inbound', sipCallIds: [callId], media: mediaReport({ packetsReceived: 77 }), fault });

describe('the two records of a call', () => {
  it.each([
    ['caller first', true],
    ['callee first', false],
  ])('are joined by Call-ID, %s', (_order, callerFirst) => {
    const { join, emitted } = buffer();
    if (callerFirst) join.addCaller(caller('a'), 0);
    join.addCallee(callee('b'), 0);
    join.addCallee(callee('a', 'silence'), 10);
    if (!callerFirst) join.addCaller(caller('a'), 20);
    expect(emitted.length).toBe(1);
    expect(emitted[0].fault).toBe('silence');
    expect(emitted[0].record.uplink).toMatchObject({ evidence: 'own-end', heard: { packetsReceived: 77 } });
  });

  it('are joined by the last Call-ID of an attempt that was made again', () => {
    const { join, emitted } = buffer();
    join.addCaller(answeredRecord({ sipCallIds: ['first', 'second'], media: mediaReport() }), 0);
    join.addCallee(callee('second'), 0);
    expect(emitted[0].record.farEnd).toBe('own');
  });

  it('are not waited for where there is only one: no answer, or a far end that is not ours', () => {
    const { join, emitted } = buffer();
    join.addCaller(failedRecord(503), 0);
    expect(emitted.length).toBe(1);
    const foreign = buffer(false);
    foreign.join.addCaller(caller('a'), 0);
    expect(foreign.emitted[0].record).toMatchObject({ farEnd: 'foreign', uplink: { heard: null, evidence: null } });
  });

  it('carry the callee’s list of steps, where it has one that of a call too that rang and was never answered', () => {
    const { join, emitted } = buffer(true, 'rang');
    const refused = failedRecord(486, 'status', { sipCallIds: ['a'] });
    refused.timings.provisionalMs = 3;
    join.addCaller(refused, 0);
    expect(emitted).toEqual([]);
    const flow = { result: 'passed', stepsDone: 2, stepsFailed: 0, failedStep: null, reason: null, steps: [] } as const;
    join.addCallee(failedRecord(486, 'status', { sipCallIds: ['a'], flow: { ...flow, steps: [] } }), 100);
    expect(emitted[0].record.trunkFlow).toEqual(flow);
  });

  it('tell whose account a call came to, also where it was turned away or came to none', () => {
    const { join, emitted } = buffer(true, 'came');
    join.addCaller(failedRecord(404, 'status', { to: '1', sipCallIds: ['a'] }), 0);
    join.addCaller(failedRecord(503, 'status', { to: '2', sipCallIds: ['b'] }), 0);
    join.addCallee(failedRecord(503, 'status', { direction: 'inbound', to: '3', sipCallIds: ['b'] }), 10);
    expect(emitted.map(({ record }) => [record.to, record.reached])).toEqual([['2', '3']]);
    join.sweep(3000);
    expect(emitted[1].record).toMatchObject({ to: '1', reached: null });
  });

  it('are not waited for to know whose account a call came to, of which the account tells nothing yet', () => {
    const { join, emitted } = buffer(true, 'came');
    const call = (callId: string, to: string): CallRecord => {
      const record = answeredRecord({ from: '9', to, sipCallIds: [callId], endedMs: 500, media: mediaReport() });
      record.timings.inviteMs = 100;
      return record;
    };
    join.addArrival({ callId: 'a', from: '9', to: '1', inviteMs: 101 });
    join.addArrival({ callId: 'by a B2BUA', from: '9', to: '2', inviteMs: 102 });
    join.addArrival({ callId: 'later', from: '9', to: '3', inviteMs: 501 });
    for (const record of [call('a', '1'), call('b', '2'), call('c', '3')]) join.addCaller(record, 500);
    join.sweep(3500);
    expect(emitted.map(({ record }) => [record.reached, record.farEnd])).toEqual([
      ['1', 'foreign'],
      ['2', 'foreign'],
      [null, 'foreign'],
    ]);
    // Its record ends that: the next call of these numbers is another one.
    join.addCallee(call('a', '1'), 4000);
    join.sweep(45_000);
    join.addCaller(call('a', '1'), 45_000);
    join.flush();
    expect(emitted[3].record.reached).toBeNull();
  });

  it('know the account that a proxy went on to, though the one before has told of its refusal since', () => {
    const { join, emitted } = buffer(true, 'came');
    for (const [to, inviteMs] of [
      ['1', 101],
      ['2', 110],
    ] as const)
      join.addArrival({ callId: 'a', from: '9', to, inviteMs });
    join.addCallee(failedRecord(486, 'status', { direction: 'inbound', from: '9', to: '1', sipCallIds: ['a'] }), 120);
    join.sweep(45_000);
    join.addCaller(answeredRecord({ from: '9', to: '1', sipCallIds: ['a'], endedMs: 45_000 }), 45_000);
    join.flush();
    expect(emitted.map(({ record }) => record.reached)).toEqual(['2']);
  });

  it('are those of the account that answered, though another one refused before and its own record comes last', () => {
    const { join, emitted } = buffer(true, 'came');
    const answered = (to: string, callId: string): CallRecord =>
      answeredRecord({ from: '9', to, sipCallIds: [callId], endedMs: 500, media: mediaReport() });
    const refused = (callId: string): CallRecord =>
      failedRecord(486, 'status', { direction: 'inbound', from: '9', to: '1', sipCallIds: [callId] });
    join.addCallee(refused('a'), 10);
    join.addCaller(answered('1', 'a'), 500);
    join.addCallee(answered('2', 'a'), 550);
    // Where the one that answered tells nothing, what is known is better than nothing.
    join.addCallee(refused('b'), 600);
    join.addCaller(answered('1', 'b'), 700);
    join.sweep(3700);
    expect(emitted.map(({ record }) => record.reached)).toEqual(['2', '1']);
  });

  it('wait for a caller that learns late that an account refused the call', () => {
    const { join, emitted } = buffer(true, 'came');
    join.addCallee(failedRecord(486, 'status', { direction: 'inbound', to: '1', sipCallIds: ['a'] }), 0);
    join.sweep(33_000);
    join.addCaller(failedRecord(486, 'status', { to: '1', sipCallIds: ['a'] }), 33_000);
    expect(emitted[0].record.reached).toBe('1');
    join.addCallee(failedRecord(486, 'status', { direction: 'inbound', to: '1', sipCallIds: ['b'] }), 40_000);
    join.sweep(80_000);
    join.addCaller(failedRecord(486, 'status', { to: '1', sipCallIds: ['b'] }), 80_000);
    join.flush();
    expect(emitted[1].record.reached).toBeNull();
  });

  it('are joined by their numbers where a B2BUA gave the call another Call-ID, of calls to accounts', () => {
    const { join, emitted } = buffer(true, 'came');
    const call = (from: string, to: string, callId: string, inviteMs: number): CallRecord => {
      const record = answeredRecord({ from, to, sipCallIds: [callId], endedMs: inviteMs + 500, media: mediaReport() });
      record.timings.inviteMs = inviteMs;
      return record;
    };
    join.addCallee(call('1', '2', 'x', 900), 1000);
    join.addCallee(call('1', '3', 'y', 1100), 1000);
    join.addCallee(call('1', '2', 'z', 1050), 1000);
    join.addCaller(call('1', '2', 'a', 1000), 1000);
    join.addCaller(call('1', '2', 'b', 1000), 1000);
    expect(emitted).toEqual([]);
    join.sweep(4000);
    expect(emitted.map(({ record }) => [record.sipCallIds[0], record.reached, record.farEnd])).toEqual([
      ['a', '2', 'own'],
      ['b', null, 'foreign'],
    ]);
  });

  it('carry the traces of both sides, those of a call too that rang and was never answered', () => {
    const { join, emitted } = buffer();
    const cancelled = failedRecord(487, 'cancelled', { sipCallIds: ['a'], trace: traceOf('INVITE', 0) });
    cancelled.timings.provisionalMs = 3;
    join.addCaller(cancelled, 0);
    expect(emitted).toEqual([]);
    join.addCallee(failedRecord(487, 'cancelled', { sipCallIds: ['a'], trace: traceOf('CANCEL', 0) }), 100);
    expect(emitted[0].record).toMatchObject({
      trace: { messages: [{ text: 'INVITE' }] },
      trunkTrace: { messages: [{ text: 'CANCEL' }] },
      farEnd: null,
    });
    join.addCaller(failedRecord(503, 'status', { sipCallIds: ['b'], trace: traceOf('INVITE', 0) }), 200);
    expect(emitted[1].record.trunkTrace).toBeNull();
  });

  it('are given up on after three seconds, each call once', () => {
    const { join, emitted } = buffer();
    join.addCaller(caller('a'), 0);
    join.addCaller(caller('b'), 2000);
    join.sweep(2999);
    expect(emitted.length).toBe(0);
    join.sweep(3000);
    expect(emitted.map((e) => e.record.sipCallIds[0])).toEqual(['a']);
    join.addCallee(callee('a'), 3100);
    join.flush();
    expect(emitted.map((e) => e.record.sipCallIds[0])).toEqual(['a', 'b']);
    join.flush();
    join.sweep(100_000);
    expect(emitted.length).toBe(2);
  });
});

describe('a record', () => {
  it('is moved to the run’s clock with every moment in it, to the microsecond', () => {
    const record = answeredRecord({ dueMs: 5000, startedMs: 5000.0004, answeredMs: 5100, endedMs: 7100 });
    record.timings = {
      inviteMs: 5000,
      tryingMs: 5001,
      provisionalMs: null,
      ringingMs: 5040.12345,
      finalMs: 5100,
      ackMs: null,
      byeMs: 7100,
      byeFinalMs: 7101,
    };
    record.downlink = {
      packetsSent: null,
      heard: mediaReport({ firstArrivalMs: 5105, lastArrivalMs: null }).heard,
      edgeLost: null,
      evidence: 'local',
    };
    record.trace = traceOf('INVITE', 5000.0004);
    record.trunkTrace = traceOf('INVITE', 5001.5);
    rebase(record, 5000);
    expect(record).toMatchObject({ dueMs: 0, startedMs: 0, answeredMs: 100, endedMs: 2100 });
    expect(record.timings).toEqual({
      inviteMs: 0,
      tryingMs: 1,
      provisionalMs: null,
      ringingMs: 40.123,
      finalMs: 100,
      ackMs: null,
      byeMs: 2100,
      byeFinalMs: 2101,
    });
    expect(record.trace.messages[0].atMs).toBe(0);
    expect(record.trunkTrace.messages[0].atMs).toBe(1.5);
    expect(record.downlink.heard).toMatchObject({ firstArrivalMs: 105, lastArrivalMs: null });
  });
});

describe('the event log', () => {
  it('tells faults of a call, and the first refusal of each status only', () => {
    const refused = failedRecord(503, 'status', { reason: 'Service Unavailable', inProgressAtFinal: 100 });
    expect(noteworthy(refused, { '503': 1 })).toEqual([
      { level: 'warn', text: 'first 503 Service Unavailable at 100 calls in progress' },
    ]);
    expect(noteworthy(refused, { '503': 2 })).toEqual([]);
    expect(noteworthy(answeredRecord(), {})).toEqual([]);
    expect(noteworthy(answeredRecord({ outcome: 'dropped' }), {})[0].text).toBe('dropped: 1 → 2 after 2.0 s');
    expect(noteworthy(answeredRecord({ oneWay: { direction: 'downlink', cause: 'silence' } }), {})[0].text).toBe(
      'one-way audio: 1 → 2, the caller hears nothing: RTP carries digital silence',
    );
    const flow = {
      result: 'failed',
      stepsDone: 1,
      stepsFailed: 1,
      failedStep: '2 hold',
      reason: '488 Not Acceptable Here',
      steps: [],
    };
    expect(noteworthy(answeredRecord({ flow: { ...flow, result: 'failed' } }), {})[0].text).toBe(
      'failed: 1 → 2, step of the caller: 2 hold (488 Not Acceptable Here)',
    );
    expect(noteworthy(failedRecord(0, 'internal', { status: null, reason: 'why' }), {})).toEqual([
      { level: 'error', text: 'failed within the generator: 1 → 2: why' },
    ]);
  });
});

describe('a target', () => {
  const timeout = () => failedRecord(408, 'timeout');
  const gaveUp = (status: number | null) => failedRecord(0, 'cancelled', { outcome: 'cancelled', status });

  it('is silent when the first attempt ends without any response', () => {
    const watch = new TargetWatch();
    expect(watch.silence('sip:t')).toBeNull();
    expect(watch.add(timeout())).toBe(true);
    expect(watch.silence('sip:t')).toMatchObject({ code: 'TARGET_SILENT', detail: { where: 'sip:t' } });
    expect(watch.silence('sip:t')?.detail.found).toContain('Timer B');
  });

  it('is silent when nothing but transport errors came, and says which', () => {
    const watch = new TargetWatch();
    expect(watch.add(failedRecord(503, 'transport', { reason: 'ECONNREFUSED' }))).toBe(true);
    expect(watch.silence(null)?.detail.found).toBe('ECONNREFUSED');
  });

  it('is silent at the end when every attempt was given up without a response, which ends no run early', () => {
    const watch = new TargetWatch();
    expect(watch.add(gaveUp(null))).toBe(false);
    expect(watch.silence('sip:t')?.detail.found).toBe('no response to any INVITE before it was given up');
  });

  it.each<[string, CallRecord]>([
    ['an answer', answeredRecord()],
    ['a refusal', failedRecord(486)],
    ['a 487 to a CANCEL', gaveUp(487)],
    ['ringing', failedRecord(408, 'timeout', { timings: { ...failedRecord(408).timings, provisionalMs: 5 } })],
  ])('was heard by %s: a later timeout is a failed call', (_what, record) => {
    const watch = new TargetWatch();
    expect(watch.add(record)).toBe(false);
    expect(watch.add(timeout())).toBe(false);
    expect(watch.silence('sip:t')).toBeNull();
  });

  it('was heard by a call that is still up, long before that has a record', () => {
    const watch = new TargetWatch();
    watch.seeInProgress(0);
    watch.seeInProgress(3);
    expect(watch.add(timeout())).toBe(false);
    expect(watch.silence('sip:t')).toBeNull();
  });

  it('a run in which no INVITE could even be sent is unusable, too; what the network says later goes before it', () => {
    const watch = new TargetWatch();
    expect(watch.add(failedRecord(0, 'internal', { reason: 'no such transport' }))).toBe(false);
    expect(watch.silence('sip:t')).toMatchObject({
      code: 'TARGET_SILENT',
      detail: { found: 'no INVITE could be sent: no such transport' },
    });
    expect(watch.add(failedRecord(503, 'transport', { reason: 'ECONNREFUSED' }))).toBe(true);
    expect(watch.silence('sip:t')?.detail.found).toBe('ECONNREFUSED');
  });
});
