import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endTrunksAfterEach();
endKamailioAfterEach();

const CALLS = 20;

const profile = (target: string, calls: string): string => `
name: kamailio
target: ${target}
load: [{ shape: constant, cps: 20, for: 1s }]
calls: { ${calls} }
media: { rtpPorts: 25600-25799 }
`;

describe('a run calls our trunk through a Kamailio', () => {
  it('that asks for credentials: the right ones pass, wrong ones do not', async () => {
    const kamailio = await Kamailio.start('record-route', 'DIGEST');
    const trunk = await TrunkProcess.start();
    const attempt = async (password: string) => {
      const credentials = `credentials: { username: alice, password: ${password} }`;
      const calls = `hold: 200ms, proxy: "${kamailio.uri}", ${credentials}`;
      return (await runProfile(profile(`sip:test@127.0.0.1:${trunk.port}`, calls))).summary;
    };
    const good = await attempt('wonder');
    expect(good.calls).toMatchObject({ attempted: CALLS, completed: CALLS, failed: 0 });
    expect(good.responses).toEqual({ '200': CALLS });
    expect((await attempt('wander')).responses).toEqual({ '407': CALLS });
    expect((await trunk.interrupt()).result).toMatchObject({ answered: CALLS, endedByCaller: CALLS });
    await kamailio.stop();
    expect(kamailio.astray).toEqual([]);
  });

  it.each([
    ['without asking for them again where calls share a nonce', 'true'],
    ['once a call where they do not', 'false'],
  ])('that counts how often a nonce is used: hold and BYE carry credentials, INVITEs %s', async (_how, reuse) => {
    const kamailio = await Kamailio.start('record-route', 'DIGEST');
    const trunk = await TrunkProcess.start();
    const credentials = `credentials: { username: alice, password: wonder, reuse: ${reuse} }`;
    const calls = `hold: 2s, putOnHold: { after: 200ms, for: 500ms }, proxy: "${kamailio.uri}", ${credentials}`;
    const { summary } = await runProfile(profile(`sip:test@127.0.0.1:${trunk.port}`, calls));
    // A busy machine may leave out some.
    const { attempted } = summary.calls;
    expect(attempted).toBeGreaterThan(CALLS / 2);
    expect(summary.calls).toMatchObject({ completed: attempted, failed: 0 });
    expect(summary.responses).toEqual({ '200': attempted });
    expect((await trunk.interrupt()).result).toMatchObject({ answered: attempted, endedByCaller: attempted });
    await kamailio.stop();
    expect([kamailio.passed('INVITE'), kamailio.passed('BYE'), kamailio.astray]).toEqual([
      3 * attempted,
      attempted,
      [],
    ]);
    expect(kamailio.challenged('BYE')).toBe(0);
    if (reuse === 'false') expect(kamailio.challenged('INVITE')).toBe(attempted);
    else expect(kamailio.challenged('INVITE')).toBeLessThan(attempted / 2);
  });
});
