import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FinishedRun, runProfile } from '../support/run-profile.js';
import { endSippAfterEach, headerOf, Sipp, scenario, scenarioWith } from './sipp.js';

endSippAfterEach();

const CALLS = 5;

const profile = (port: number, calls: string, rtpPorts: string, query = ''): string => `
name: sipp-records
target: sip:test@127.0.0.1:${port}${query}
load: [{ shape: constant, cps: ${CALLS}, for: 1s }]
calls: { ${calls} }
media: { rtpPorts: ${rtpPorts} }
`;

const fieldOf = (header: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="?([^",]*)"?`).exec(header)?.[1];

/** RFC 7616 3.4.1 with qop=auth, computed without the code under test. */
function responseOf(algorithm: 'md5' | 'sha256', header: string, method: string): string {
  const hash = (text: string): string => createHash(algorithm).update(text).digest('hex');
  const ha1 = hash(`alice:${fieldOf(header, 'realm')}:open sesame`);
  const ha2 = hash(`${method}:${fieldOf(header, 'uri')}`);
  return hash(`${ha1}:${fieldOf(header, 'nonce')}:${fieldOf(header, 'nc')}:${fieldOf(header, 'cnonce')}:auth:${ha2}`);
}

/** Messages of one call that SIPp received. */
const of = (sipp: Sipp, callId: string, method: string): string[] =>
  sipp.received(new RegExp(`^${method} `)).filter((text) => headerOf(text, 'Call-ID') === callId);

async function run(file: string, calls: string, options: string[] = []): Promise<FinishedRun & { sipp: Sipp }> {
  const sipp = await Sipp.callee(CALLS, ['-sf', file, '-trace_msg', ...options]);
  const query = options.includes('t1') ? ';transport=tcp' : '';
  const finished = await runProfile(profile(sipp.port, calls, '22000-23999', query));
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0 });
  expect(finished.records).toHaveLength(CALLS);
  expect(finished.summary.calls).toMatchObject({ attempted: CALLS, notStarted: 0 });
  return { ...finished, sipp };
}

/** Calls that take 64·T1 begin before the other tests and are looked at after them. */
let silent: { sipp: Sipp; finished: Promise<FinishedRun> };
let deaf: { sipp: Sipp; finished: Promise<FinishedRun> };
beforeAll(async () => {
  const begin = async (name: string, rtpPorts: string): Promise<typeof silent> => {
    const sipp = (await Sipp.callee(CALLS, ['-sf', scenario(name), '-trace_msg'])).inBackground();
    return { sipp, finished: runProfile(profile(sipp.port, `hold: 300ms, to: "[1-${CALLS}]"`, rtpPorts)) };
  };
  silent = await begin('callee-silent', '26000-26999');
  deaf = await begin('callee-ignores-bye', '27000-27999');
});
afterAll(async () => {
  await silent.sipp.kill();
  await deaf.sipp.kill();
});

describe('the records of a run against SIPp', () => {
  it('lost messages: the call is completed, the delays are what SIPp waited, and both count the same repetitions', async () => {
    const tolerant = ['-default_behaviors', 'all,-abortunexp'];
    const { summary, records, sipp } = await run(scenario('callee-loses'), 'hold: 500ms', tolerant);
    expect(summary.calls).toMatchObject({ answered: CALLS, completed: CALLS, failed: 0, dropped: 0 });
    expect(summary.responses).toEqual({ '200': CALLS });
    for (const method of ['INVITE', 'ACK', 'BYE'])
      expect([method, sipp.received(new RegExp(`^${method} `)).length]).toEqual([method, 2 * CALLS]);
    expect(summary.sip).toMatchObject({
      retransmissionsSent: 3 * CALLS,
      retransmissionsReceived: CALLS,
      parseErrors: 0,
      scr: 1,
    });
    for (const { outcome, cause, status, byeStatus, hangupBy, tries, timings } of records) {
      expect({ outcome, cause, status, byeStatus, hangupBy }).toEqual({
        outcome: 'completed',
        cause: null,
        status: 200,
        byeStatus: 200,
        hangupBy: 'local',
      });
      expect(tries.map((t) => t.status)).toEqual([200]);
      // SIPp's first word and its answer to the BYE come after a second: the delay counts from the first INVITE, the first BYE.
      for (const delay of [timings.provisionalMs! - timings.inviteMs!, timings.byeFinalMs! - timings.byeMs!]) {
        expect(delay).toBeGreaterThanOrEqual(990);
        expect(delay).toBeLessThan(1400);
      }
    }
  });

  it('200 after CANCEL: the attempt is cancelled, whatever the answer; it is acknowledged and hung up', async () => {
    const { summary, records, sipp } = await run(scenario('callee-answers-cancelled'), 'hold: 1s, giveUpAfter: 400ms');
    expect(sipp.counts()).toMatchObject({ retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ answered: 0, failed: 0, cancelled: CALLS, peakEstablished: 0 });
    expect(summary.responses).toEqual({});
    expect(summary.sip).toMatchObject({ setupFailureRatio: null, asr: 0, ner: null, retransmissionsSent: 0 });
    for (const record of records) {
      expect(record).toMatchObject({
        outcome: 'cancelled',
        cause: 'cancelled',
        status: 487,
        reason: '200 after CANCEL',
        answeredMs: null,
        hangupBy: null,
        byeStatus: null,
      });
      const { timings } = record;
      expect(timings.finalMs! - timings.inviteMs!).toBeGreaterThan(300);
      for (const method of ['INVITE', 'CANCEL', 'ACK', 'BYE'])
        expect([method, of(sipp, record.sipCallIds[0], method).length]).toEqual([method, 1]);
    }
  });

  it.each(['u1', 't1'])('302 (%s): a failed attempt that names the status, and no part of SER', async (transport) => {
    const moved = scenarioWith('callee-redirects', 'TARGET', 'sip:elsewhere@127.0.0.1:9');
    const { summary, records, sipp } = await run(moved, 'hold: 1s', ['-t', transport]);
    expect(sipp.counts()).toMatchObject({ retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ answered: 0, failed: CALLS, cancelled: 0 });
    expect(summary.responses).toEqual({ '302': CALLS });
    // RFC 6076 4.6: redirected attempts are left out of SER and SEER.
    expect(summary.sip).toMatchObject({ setupFailureRatio: 1, asr: 0, ner: 0, ser: null, seer: null });
    for (const record of records)
      expect(record).toMatchObject({
        outcome: 'failed',
        cause: 'status',
        status: 302,
        reason: 'Moved Temporarily',
        tries: [{ status: 302, reason: 'Moved Temporarily' }],
      });
  });

  it('401 again for the right credentials: one failed attempt of two INVITEs, the last challenge decides', async () => {
    const { summary, records, sipp } = await run(
      scenario('challenge-forever'),
      'hold: 1s, credentials: { username: alice, password: open }',
    );
    expect(sipp.counts()).toMatchObject({ retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ answered: 0, failed: CALLS });
    expect(summary.responses).toEqual({ '401': CALLS });
    expect(summary.sip).toMatchObject({ setupFailureRatio: 1, retransmissionsSent: 0 });
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'failed', cause: 'status', status: 401, tries: [{ status: 401 }] });
      expect(record.sipCallIds).toHaveLength(1);
      const invites = of(sipp, record.sipCallIds[0], 'INVITE');
      expect(invites.map((invite) => headerOf(invite, 'CSeq'))).toEqual(['1 INVITE', '2 INVITE']);
      expect(of(sipp, record.sipCallIds[0], 'ACK').map((ack) => headerOf(ack, 'CSeq'))).toEqual(['1 ACK', '2 ACK']);
    }
  });

  it('a proxy, the callee and an old nonce challenge one call: SHA-256 and MD5, one attempt, one record', async () => {
    const { summary, records, sipp } = await run(
      scenario('callee-challenges'),
      'hold: 300ms, credentials: { username: alice, password: "open sesame" }',
    );
    expect(sipp.counts()).toMatchObject({ retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ answered: CALLS, completed: CALLS, failed: 0 });
    expect(summary.responses).toEqual({ '200': CALLS });
    expect(summary.sip).toMatchObject({ setupFailureRatio: 0, retransmissionsSent: 0, scr: 1 });
    for (const record of records) {
      expect(record).toMatchObject({ status: 200, byeStatus: 200, tries: [{ status: 200 }] });
      expect(record.sipCallIds).toHaveLength(1);
      const invites = of(sipp, record.sipCallIds[0], 'INVITE');
      expect(invites.map((invite) => headerOf(invite, 'CSeq')![0])).toEqual(['1', '2', '3', '4']);
      const [, ...later] = invites.map((invite) => headerOf(invite, 'Proxy-Authorization')!);
      expect(later.map((value) => fieldOf(value, 'nc'))).toEqual(['00000001', '00000002', '00000003']);
      for (const value of later) expect(fieldOf(value, 'response')).toBe(responseOf('sha256', value, 'INVITE'));
      for (const value of invites.slice(2).map((invite) => headerOf(invite, 'Authorization')!))
        expect(fieldOf(value, 'response')).toBe(responseOf('md5', value, 'INVITE'));
      const byes = of(sipp, record.sipCallIds[0], 'BYE').map((bye) => headerOf(bye, 'Authorization'));
      expect(fieldOf(byes[1]!, 'response')).toBe(responseOf('md5', byes[1]!, 'BYE'));
      expect([byes.length, fieldOf(byes[1]!, 'uri')]).toEqual([2, `sip:sipp@127.0.0.1:${sipp.port};transport=UDP`]);
    }
  });

  it('wants to transfer its caller: declined, and the call goes on to its end', async () => {
    const { summary, sipp } = await run(scenario('callee-refers-caller'), 'hold: 300ms');
    expect(sipp.counts()).toMatchObject({ retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ answered: CALLS, completed: CALLS, dropped: 0 });
  });

  it('reliable ringing: the first sign of life is the 180, and each PRACK repeated is a repetition of the run', async () => {
    const { summary, records, sipp } = await run(
      scenario('callee-rings-reliably'),
      'hold: 300ms, headers: { Supported: 100rel }',
    );
    expect(sipp.counts()).toMatchObject({ unexpected: 0 });
    expect(summary.calls).toMatchObject({ answered: CALLS, completed: CALLS });
    expect(summary.sip).toMatchObject({ retransmissionsSent: CALLS, retransmissionsReceived: 0 });
    for (const { timings, sipCallIds } of records) {
      expect(timings.ringingMs).toBe(timings.provisionalMs);
      // The 183 waits for the PRACK of the 180, which SIPp answered after a second.
      expect(timings.finalMs! - timings.ringingMs!).toBeGreaterThanOrEqual(990);
      expect(of(sipp, sipCallIds[0], 'PRACK')).toHaveLength(3);
    }
  });
});

describe('the records of calls that nobody ends', () => {
  it('an INVITE that is never answered: timeout after 64·T1, counted as 408', async () => {
    const { summary, records } = await silent.finished;
    expect(await silent.sipp.ended, silent.sipp.errors()).toBe(0);
    const lost = CALLS - 1;
    // Timer A: repeated after 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
    expect(silent.sipp.received(/^INVITE /).length).toBe(7 * lost + 1);
    expect(summary.sip.retransmissionsSent).toBe(6 * lost);
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered: 0, failed: CALLS });
    expect(summary.responses).toEqual({ timeout: lost, '486': 1 });
    expect(summary.sip).toMatchObject({ isa: lost / CALLS, seer: 1 / CALLS, srdMs: { success: null } });
    for (const record of records.filter(({ to }) => to !== '1')) {
      expect(record).toMatchObject({ outcome: 'failed', cause: 'timeout', status: 408, tries: [{ status: 408 }] });
      expect(record.timings).toMatchObject({ provisionalMs: null, byeMs: null });
      expect(record.timings.finalMs! - record.timings.inviteMs!).toBeGreaterThanOrEqual(31_990);
    }
    // RFC 6076 4.3.2: a request without any response has no request delay.
    expect(summary.sip.srdMs.failure!.max).toBeLessThan(1000);
  });

  it('a BYE that is never answered: the call was lost by then', async () => {
    const { summary, records } = await deaf.finished;
    expect(await deaf.sipp.ended, deaf.sipp.errors()).toBe(0);
    // Timer E: repeated after 0.5, 1.5, 3.5, 7.5 s and then every 4 s until 31.5 s.
    expect(deaf.sipp.received(/^BYE /).length).toBe(11 * CALLS);
    expect(summary.sip.retransmissionsSent).toBe(10 * CALLS);
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered: CALLS, completed: 0, dropped: CALLS });
    expect(summary.sip).toMatchObject({
      setupFailureRatio: 0,
      asr: 1,
      scr: 0,
      sddMs: { success: null, failure: null },
      sdtMs: null,
    });
    // RFC 6076 4.5.2: from the 200 to Timer F.
    expect(summary.sip.sdtFailureMs!.p50).toBeGreaterThan(32_000);
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'dropped', cause: 'dropped', status: 200, byeStatus: 408 });
      expect(record.timings.byeFinalMs! - record.timings.byeMs!).toBeGreaterThanOrEqual(31_990);
    }
  });
});
