import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord, CallTimings } from '../../src/metrics/call-record.js';
import { answeredRecord, failedRecord } from '../support/records.js';

function sipOf(...records: CallRecord[]): ReturnType<CallMetrics['sip']> {
  const metrics = new CallMetrics();
  for (const record of records) metrics.add(record);
  return metrics.sip();
}

/** An answered call with other moments than usual. */
function answered(timings: Partial<CallTimings>, change: Partial<CallRecord> = {}): CallRecord {
  const record = answeredRecord(change);
  Object.assign(record.timings, timings);
  return record;
}

/** A refused call with other moments than usual. */
function refused(status: number, timings: Partial<CallTimings> = {}, change: Partial<CallRecord> = {}): CallRecord {
  const record = failedRecord(status, 'status', change);
  Object.assign(record.timings, timings);
  return record;
}

const once = (ms: number) => ({ p50: ms, p95: ms, p99: ms, max: ms });

describe('the session request delay (RFC 6076 4.3)', () => {
  it('ends with the first provisional response above 100, or with the 200 where there is none', () => {
    expect(sipOf(answered({ provisionalMs: 30 })).srdMs).toEqual({ success: once(30), failure: null });
    expect(sipOf(answered({ provisionalMs: null, ringingMs: null })).srdMs.success).toEqual(once(100));
  });

  it('of a failure ends with the first provisional response, too, and is never among the successes', () => {
    const busy = refused(486, { provisionalMs: 20, ringingMs: 20, finalMs: 900 });
    expect(sipOf(busy).srdMs).toEqual({ success: null, failure: once(20) });
    expect(sipOf(refused(503)).srdMs).toEqual({ success: null, failure: once(5) });
    expect(sipOf(answered({}), refused(600, { finalMs: 70 })).srdMs).toEqual({ success: once(40), failure: once(70) });
  });

  it.each([301, 302, 401, 402, 407])(
    'does not know an attempt that ended with %d: no failure, no success',
    (status) => {
      expect(sipOf(refused(status)).srdMs).toEqual({ success: null, failure: null });
    },
  );

  it.each([400, 403, 404, 408, 480, 486, 487, 500, 503, 504, 600, 603, 606])('counts %d as a failure', (status) => {
    expect(sipOf(refused(status)).srdMs.failure).toEqual(once(5));
  });

  it('has no end where nothing came: a timeout, a request that was never sent, a call that we cancelled', () => {
    const silent = failedRecord(408, 'timeout');
    const unsent = failedRecord(503, 'transport');
    const given = failedRecord(487, 'cancelled', { outcome: 'cancelled' });
    given.timings.provisionalMs = 3;
    expect(sipOf(silent, unsent, given).srdMs).toEqual({ success: null, failure: null });
  });

  it('of a challenged call begins with the INVITE that was challenged: one attempt, one delay', () => {
    // 401 after 10 ms, 180 to the second INVITE after 50.
    const sip = sipOf(answered({ inviteMs: 1000, provisionalMs: 1050, ringingMs: 1050, finalMs: 1200 }));
    expect(sip).toMatchObject({ srdMs: { success: once(50) }, setupMs: once(200), pddMs: once(50), asr: 1, ser: 1 });
  });
});

describe('the session disconnect delay (RFC 6076 4.4)', () => {
  it('is from BYE to 2xx; that of a BYE which is refused stands apart', () => {
    expect(sipOf(answered({ byeFinalMs: 2125 })).sddMs).toEqual({ success: once(25), failure: null });
    const lost = answered({ byeFinalMs: 2125 }, { byeStatus: 481, outcome: 'dropped', cause: 'dropped' });
    expect(sipOf(lost).sddMs).toEqual({ success: null, failure: once(25) });
  });

  it('leaves out a BYE that nobody answers, one that cannot be delivered, and that of the far end', () => {
    const deaf = answered({ byeFinalMs: 34_100 }, { byeStatus: 408, outcome: 'dropped' });
    const gone = answered({ byeFinalMs: null }, { byeStatus: 503, outcome: 'dropped' });
    const theirs = answered({ byeFinalMs: null }, { byeStatus: null, hangupBy: 'remote', outcome: 'dropped' });
    expect(sipOf(deaf, gone, theirs).sddMs).toEqual({ success: null, failure: null });
  });
});

describe('the session duration time (RFC 6076 4.5)', () => {
  it('is from the 200 to the BYE of either side, and not to the answer to it', () => {
    expect(sipOf(answered({ byeFinalMs: 9000 })).sdtMs).toEqual(once(2000));
    const theirs = answered({ byeMs: 800, byeFinalMs: null }, { byeStatus: null, hangupBy: 'remote' });
    expect(sipOf(theirs)).toMatchObject({ sdtMs: once(700), sdtFailureMs: null });
  });

  it('of a session whose BYE nobody answers lasts until Timer F, and stands apart', () => {
    const deaf = answered({ byeFinalMs: 34_100 }, { byeStatus: 408, outcome: 'dropped' });
    expect(sipOf(deaf)).toMatchObject({ sdtMs: null, sdtFailureMs: once(34_000) });
  });

  it('has a mean beside it over all answered calls, however they ended (ACD)', () => {
    const deaf = answered({ byeFinalMs: 34_100 }, { byeStatus: 408, outcome: 'dropped' });
    const theirs = answered({ byeMs: 1100 }, { byeStatus: null, hangupBy: 'remote', outcome: 'dropped' });
    expect(sipOf(deaf, theirs, refused(486)).acdMs).toBe(1500);
  });
});

describe('the ratios of sessions (RFC 6076 4.6–4.9)', () => {
  it.each([
    // status, SER, SEER, ISA, NER
    [301, null, null, 0, 0],
    [404, 0, 0, 0, 0],
    [408, 0, 0, 1, 0],
    [420, 0, 0, 0, 0],
    [480, 0, 1, 0, 1],
    [486, 0, 1, 0, 1],
    [487, 0, 0, 0, 1],
    [500, 0, 0, 1, 0],
    [502, 0, 0, 0, 0],
    [503, 0, 0, 1, 0],
    [504, 0, 0, 1, 0],
    [600, 0, 1, 0, 1],
    [603, 0, 1, 0, 1],
    [604, 0, 0, 0, 0],
    [401, 0, 0, 0, 0],
    [407, 0, 0, 0, 0],
  ] as const)('of one attempt that ends with %d', (status, ser, seer, isa, ner) => {
    expect(sipOf(refused(status))).toMatchObject({ ser, seer, isa, ner, asr: 0, scr: 0 });
  });

  it('take a timeout for 408 and what could not be sent for 503: both are ineffective attempts', () => {
    expect(sipOf(failedRecord(408, 'timeout'), failedRecord(503, 'transport'))).toMatchObject({ isa: 1, seer: 0 });
  });

  it('leave redirected requests out of SER and SEER, and of nothing else', () => {
    const sip = sipOf(answered({}), refused(302), refused(302), refused(503));
    expect(sip).toMatchObject({ ser: 0.5, seer: 0.5, isa: 0.25, scr: 0.25, asr: 0.25 });
  });

  it('have requests that we cancelled in what they are over', () => {
    const given = failedRecord(487, 'cancelled', { outcome: 'cancelled' });
    expect(sipOf(answered({}), given)).toMatchObject({ ser: 0.5, seer: 0.5, isa: 0, scr: 0.5, asr: 0.5, ner: 1 });
  });

  it('count an attempt that failed over as one, by its last try', () => {
    const tries = [
      { trunk: 'sip:a', status: 503, reason: null, cause: 'status' as const, startedMs: 0, ms: 5 },
      { trunk: 'sip:b', status: 200, reason: null, cause: null, startedMs: 5, ms: 5 },
    ];
    expect(sipOf(answered({}, { tries }))).toMatchObject({ ser: 1, isa: 0, scr: 1 });
    expect(sipOf(refused(486, {}, { tries }))).toMatchObject({ ser: 0, seer: 1, isa: 0 });
  });

  it('count a session as complete that a BYE of either side ended, answered with 2xx, whatever became of its audio', () => {
    const theirs = answered({}, { byeStatus: null, hangupBy: 'remote', outcome: 'dropped', cause: 'dropped' });
    const mute = answered({}, { outcome: 'dropped', cause: 'dropped' });
    const cut = answered({}, { outcome: 'stillUp' });
    expect(sipOf(theirs, mute, cut).scr).toBe(1);
  });

  it('count a session as incomplete whose BYE was answered by nobody, refused, not sent, or still to come', () => {
    const change = { outcome: 'dropped', cause: 'dropped' } as const;
    const deaf = answered({}, { byeStatus: 408, ...change });
    const lost = answered({}, { byeStatus: 481, ...change });
    const unsent = answered({ byeFinalMs: null }, { byeStatus: null });
    expect(sipOf(deaf, lost, unsent)).toMatchObject({ scr: 0, asr: 1 });
  });
});
