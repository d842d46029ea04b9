import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Harness, SDP, until } from '../loopback/sip-harness.js';
import { runProfile } from '../support/run-profile.js';
import { endSippAfterEach, headerOf, Sipp, scenario } from './sipp.js';

endSippAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 5;
/** Sessions of seconds, as no standard allows them. */
const BRISK = { minSessionS: 2 };

async function endsWell(sipp: Sipp): Promise<void> {
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
}

describe('SIPp calls an application', () => {
  test('with too short a session: 422 names the least, the second INVITE is the call', async () => {
    const b = await h.endpoint();
    let offered = 0;
    b.srf.invite((request, response) => {
      offered++;
      void b.srf.createUAS(request, response, { localSdp: SDP });
    });
    await endsWell(await Sipp.caller(b.port, CALLS, 20, ['-sf', scenario('caller-asks-short-session')]));
    expect(offered).toBe(CALLS);
    expect(b.stats()).toMatchObject({ retransmissionsSent: 0, dialogs: 0, strays: 0 });
  });

  test('and stops refreshing: the call is hung up before its time is over, the application hears why', async () => {
    const b = await h.endpoint({}, BRISK);
    const reasons: string[] = [];
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', (_bye, reason) => reasons.push(reason));
    });
    await endsWell(await Sipp.caller(b.port, CALLS, 20, ['-sf', scenario('caller-stops-refreshing')]));
    expect(reasons).toEqual(Array(CALLS).fill('Session timer expired'));
    await until(() => b.stats()!.dialogs === 0);
  });
});

describe('an application calls SIPp', () => {
  test.each(['callee-refreshed-by-update', 'callee-refreshed-by-reinvite'])(
    'which wants its session refreshed: %s',
    async (name) => {
      const sipp = await Sipp.callee(CALLS, ['-sf', scenario(name), '-trace_msg']);
      const a = await h.endpoint({}, BRISK);
      // The last word of the second refresh, before which a BYE would come too early for SIPp.
      const [last, count] = name.endsWith('update') ? [/^UPDATE /, 2] : [/^ACK /, 3];
      const headers = { 'Session-Expires': '3' };
      const calls = Array.from({ length: CALLS }, () =>
        a.srf.createUAC(`sip:service@127.0.0.1:${sipp.port}`, { localSdp: SDP, headers }),
      );
      const dialogs = await Promise.all(calls);
      await until(() => sipp.received(last).length === count * CALLS);
      await Promise.all(dialogs.map((dialog) => dialog.destroy()));
      await endsWell(sipp);
      expect(a.stats()).toMatchObject({ retransmissionsSent: 0, dialogs: 0, strays: 0 });
    },
  );
});

describe('a run', () => {
  test('whose session is too short for SIPp asks for a longer one: one attempt, one call, one record', async () => {
    const sipp = await Sipp.callee(CALLS, ['-sf', scenario('callee-asks-longer-session'), '-trace_msg']);
    const { summary, records } = await runProfile(`
name: sipp-session-timer
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: ${CALLS}, for: 1s }]
calls: { hold: 300ms, headers: { Session-Expires: "90" } }
media: { rtpPorts: 22000-23999 }
`);
    await endsWell(sipp);
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered: CALLS, completed: CALLS, failed: 0 });
    expect(summary.responses).toEqual({ '200': CALLS });
    expect(summary.sip).toMatchObject({ setupFailureRatio: 0, retransmissionsSent: 0, scr: 1 });
    for (const { status, byeStatus, tries, sipCallIds } of records) {
      expect({ status, byeStatus, tries: tries.map((t) => t.status), calls: sipCallIds.length }).toEqual({
        status: 200,
        byeStatus: 200,
        tries: [200],
        calls: 1,
      });
      const invites = sipp.received(/^INVITE /).filter((text) => headerOf(text, 'Call-ID') === sipCallIds[0]);
      expect(invites.map((invite) => headerOf(invite, 'Session-Expires'))).toEqual(['90', '1800']);
    }
  });
});
