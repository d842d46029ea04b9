import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness } from '../loopback/sip-harness.js';
import { runProfile } from '../support/run-profile.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endSippAfterEach, Sipp, scenario, scenarioWith } from './sipp.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endSippAfterEach();
endTrunksAfterEach();
endKamailioAfterEach();

const CALLS = 20;
const CLEAN = { successful: CALLS, failed: 0, retransmissions: 0, unexpected: 0 };
const WITHOUT_ROUTES = scenarioWith('routed-caller', 'PRELOADED\n', '');

const profile = (target: string, calls: string): string => `
name: kamailio
target: ${target}
load: [{ shape: constant, cps: 20, for: 1s }]
calls: { ${calls} }
media: { rtpPorts: 24500-24999 }
`;

describe('SIPp calls our trunk through Kamailio', () => {
  it('over UDP and over TCP: ACK, re-INVITE and BYE follow the Record-Route that we gave back', async () => {
    const kamailio = await Kamailio.start('record-route');
    const trunk = await TrunkProcess.start();
    for (const transport of ['u1', 't1']) {
      const options = ['-t', transport, '-sf', WITHOUT_ROUTES, '-rsa', `127.0.0.1:${kamailio.port}`];
      const sipp = await Sipp.caller(trunk.port, CALLS, 20, options);
      const code = await sipp.ended;
      expect(code, sipp.errors()).toBe(0);
      expect(sipp.counts()).toMatchObject(CLEAN);
    }
    const { result, notes } = await trunk.interrupt();
    expect(notes).toEqual([]);
    expect(result).toMatchObject({ answered: 2 * CALLS, endedByCaller: 2 * CALLS, stillUp: 0 });
    await kamailio.stop();
    expect([kamailio.passed('INVITE'), kamailio.passed('BYE'), kamailio.astray]).toEqual([4 * CALLS, 2 * CALLS, []]);
  });
});

describe('a run calls SIPp through Kamailio', () => {
  it('whose re-INVITE and BYE come by the Route set of our INVITE', async () => {
    const kamailio = await Kamailio.start('record-route');
    const sipp = await Sipp.callee(CALLS, ['-sf', scenario('routed-callee')]);
    const { summary, records } = await runProfile(
      profile(`sip:test@127.0.0.1:${sipp.port}`, `hold: 10s, proxy: "${kamailio.uri}"`),
    );
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject(CLEAN);
    expect(summary.responses).toEqual({ '200': CALLS });
    expect(summary.sip).toMatchObject({ retransmissionsSent: 0, retransmissionsReceived: 0, parseErrors: 0 });
    for (const record of records) expect(record).toMatchObject({ outcome: 'dropped', hangupBy: 'remote' });
    await kamailio.stop();
    expect([kamailio.passed('INVITE'), kamailio.passed('BYE'), kamailio.astray]).toEqual([2 * CALLS, CALLS, []]);
  });

  it('that is out of service: 503 is the result of each attempt', async () => {
    const kamailio = await Kamailio.start('refuse');
    const calls = `proxy: "${kamailio.uri}"`;
    const { summary, records } = await runProfile(profile('sip:test@127.0.0.1:9', calls));
    expect(summary.responses).toEqual({ '503': CALLS });
    for (const record of records) expect(record).toMatchObject({ cause: 'status', reason: 'Out Of Service' });
  });
});

describe('Kamailio forks a run to two of our trunks', () => {
  const fork = async (first: string[], second: string[]) => {
    const kamailio = await Kamailio.start('fork');
    const trunks = [
      await TrunkProcess.start(['--rtp-ports', '22000-22999', ...first]),
      await TrunkProcess.start(['--rtp-ports', '23000-23999', ...second]),
    ];
    const headers = `headers: { X-Also: "sip:second@127.0.0.1:${trunks[1].port}" }`;
    const run = await runProfile(
      profile(
        `sip:first@127.0.0.1:${trunks[0].port}`,
        `hold: 500ms, giveUpAfter: 3s, proxy: "${kamailio.uri}", ${headers}`,
      ),
    );
    const ended = [await trunks[0].interrupt(), await trunks[1].interrupt()];
    expect(ended.map(({ code, notes }) => [code, notes])).toEqual([
      [0, []],
      [0, []],
    ]);
    await kamailio.stop();
    expect(kamailio.astray).toEqual([]);
    return { kamailio, ...run, results: ended.map(({ result }) => result) };
  };

  it('of which one answers: the call is its own, and the one that rings is cancelled', async () => {
    const { summary, results } = await fork(['--answer-after', '60s'], ['--answer-after', '300ms']);
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered: CALLS, completed: CALLS, failed: 0 });
    expect(summary.responses).toEqual({ '200': CALLS });
    expect(results[0]).toMatchObject({ answered: 0, stillUp: 0 });
    expect(results[0].peak).toBeGreaterThan(0);
    expect(results[1]).toMatchObject({ answered: CALLS, endedByCaller: CALLS });
  });

  it('that answer at once: one answer makes the call, another is acknowledged and hung up', async () => {
    const at = ['--ring-after', '0ms', '--answer-after', '100ms'];
    const { summary, results } = await fork(at, at);
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered: CALLS, completed: CALLS, failed: 0 });
    const [first, second] = results;
    expect(first.answered + second.answered).toBeGreaterThanOrEqual(CALLS);
    for (const { answered, endedByCaller, stillUp } of results) expect([endedByCaller, stillUp]).toEqual([answered, 0]);
  });

  it('both full: the refusal of one is the result', async () => {
    const full = ['--channels', '1', '--when-full', '486', '--answer-after', '60s'];
    const { summary, results } = await fork(full, full);
    expect(summary.responses['486']).toBe(CALLS - 1);
    for (const result of results) expect(result).toMatchObject({ answered: 0, stillUp: 0, refusedFull: CALLS - 1 });
  });
});

describe('our proxy among others', () => {
  let h: Harness;
  beforeEach(() => {
    h = new Harness();
  });
  afterEach(() => h.close());

  /** An endpoint whose application sends every INVITE on to that URI, or its own, and stays on the way. */
  async function proxyTo(uri?: string) {
    const proxy = await h.endpoint();
    const { srf } = proxy as unknown as {
      srf: { proxyRequest(r: SrfRequest, to: string[], o: object): Promise<unknown> };
    };
    proxy.srf.invite((request) => void srf.proxyRequest(request, [uri ?? request.uri], { recordRoute: true }));
    return proxy;
  }

  it.each([
    ['UDP', 'u1'],
    ['TCP', 't1'],
  ])('between Kamailio and SIPp: a call over %s with a re-INVITE passes both, and all that is in it', async (_, t) => {
    const kamailio = await Kamailio.start('record-route');
    const callee = await Sipp.callee(CALLS, ['-sf', scenario('patient-callee')]);
    const proxy = await proxyTo(`sip:callee@127.0.0.1:${callee.port}`);
    const options = ['-t', t, '-sf', WITHOUT_ROUTES, '-rsa', `127.0.0.1:${kamailio.port}`];
    const caller = await Sipp.caller(proxy.port, CALLS, 20, options);
    expect([await caller.ended, await callee.ended]).toEqual([0, 0]);
    expect(caller.counts()).toMatchObject(CLEAN);
    expect(callee.counts()).toMatchObject(CLEAN);
    await kamailio.stop();
    expect(kamailio.astray).toEqual([]);
    expect(proxy.stats()).toMatchObject({ dialogs: 0, retransmissionsSent: 0, malformed: 0, strays: 0 });
    // Per call: INVITE, ACK, INVITE, ACK, BYE and their answers, all of them through here.
    expect(proxy.stats()!.messagesReceived).toBe(CALLS * 8);
  });

  it('before Kamailio, by a Route set that SIPp made: the next route decides, not the target', async () => {
    const kamailio = await Kamailio.start('record-route');
    const callee = await Sipp.callee(CALLS, ['-sf', scenario('patient-callee')]);
    const proxy = await proxyTo();
    const routes = `Route: <sip:127.0.0.1:${proxy.port};lr>, <${kamailio.uri};lr>`;
    const routed = scenarioWith('routed-caller', 'PRELOADED', routes);
    const caller = await Sipp.caller(callee.port, CALLS, 20, ['-sf', routed, '-rsa', `127.0.0.1:${proxy.port}`]);
    expect([await caller.ended, await callee.ended]).toEqual([0, 0]);
    expect(caller.counts()).toMatchObject(CLEAN);
    expect(callee.counts()).toMatchObject(CLEAN);
    await kamailio.stop();
    expect([kamailio.passed('INVITE'), kamailio.passed('BYE'), kamailio.astray]).toEqual([2 * CALLS, CALLS, []]);
    expect(proxy.stats()).toMatchObject({ dialogs: 0, retransmissionsSent: 0, malformed: 0, strays: 0 });
  });
});
