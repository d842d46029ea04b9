import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SrfCallError, SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness, SDP } from '../loopback/sip-harness.js';
import { endSippAfterEach, Sipp, scenario, scenarioWith } from './sipp.js';

endSippAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 5;

function callee(file: string, options: string[] = []): Promise<Sipp> {
  return Sipp.callee(CALLS, ['-sf', file, '-trace_msg', ...options]);
}

/** SIPp's own verdict: every call went by the scenario. */
async function endsWell(sipp: Sipp): Promise<void> {
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
}

async function inAll(place: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: CALLS }, place));
}

async function failureOf(call: Promise<SrfDialog>): Promise<SrfCallError> {
  return call.then(
    () => {
      throw new Error('the call was answered');
    },
    (error: SrfCallError) => error,
  );
}

describe.each([
  ['u1', 'udp'],
  ['t1', 'tcp'],
])('an application calls SIPp (%s)', (option, transport) => {
  const over = ['-t', option];
  const uriOf = (sipp: Sipp): string => `sip:service@127.0.0.1:${sipp.port};transport=${transport}`;

  test('re-INVITEs of both sides: one refused with 488, one taken, one from SIPp', async () => {
    const sipp = await callee(scenario('callee-reinvited'), over);
    const a = await h.endpoint();
    await inAll(async () => {
      const dialog = await a.srf.createUAC(uriOf(sipp), { localSdp: SDP });
      const refused = await dialog.request({ method: 'INVITE', body: SDP });
      expect(refused.status).toBe(488);
      const moved = new Promise<string>((resolve) =>
        dialog.on('modify', (reinvite, response) => {
          response.send(200, { body: dialog.local.sdp });
          dialog.once('ack', () => resolve(reinvite.body));
        }),
      );
      expect(await dialog.modify('hold')).toContain('a=inactive');
      expect(await moved).toContain('a=sendonly');
      await dialog.destroy();
    });
    await endsWell(sipp);
    expect(a.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('re-INVITEs that cross: both are refused with 491, a later one is taken', async () => {
    const sipp = await callee(scenario('callee-collides'), over);
    const a = await h.endpoint();
    await inAll(async () => {
      const dialog = await a.srf.createUAC(uriOf(sipp), { localSdp: SDP });
      const moved = new Promise<void>((resolve) =>
        dialog.on('modify', (_reinvite, response) => {
          response.send(200, { body: dialog.local.sdp });
          dialog.once('ack', () => resolve());
        }),
      );
      const crossed = await dialog.request({ method: 'INVITE', body: SDP });
      expect(crossed.status).toBe(491);
      await moved;
      await dialog.destroy();
    });
    await endsWell(sipp);
    expect(a.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test.each([
    ['blindly', ''],
    ['in place of a call', '?Replaces=consultation%40host%3Bto-tag%3D7%3Bfrom-tag%3D8'],
  ])('transfers SIPp to another party %s, and hears by NOTIFY that it got there', async (_how, replaces) => {
    const referTo = `sip:target@127.0.0.1:9${replaces}`;
    // The whole of it: nothing may follow.
    const pattern = `&lt;${referTo.replaceAll('?', '[?]').replaceAll('.', '[.]')}&gt;[[:space:]]*$`;
    const sipp = await callee(scenarioWith('callee-referred', 'REFER_TO', pattern), over);
    const a = await h.endpoint();
    await inAll(async () => {
      const dialog = await a.srf.createUAC(uriOf(sipp), { localSdp: SDP });
      const news: string[] = [];
      const told = new Promise<void>((resolve) =>
        dialog.on('notify', (request, response) => {
          news.push(`${request.get('Subscription-State')}: ${request.body.trim()}`);
          response.send(200);
          if (news.length === 2) resolve();
        }),
      );
      const headers = { 'Refer-To': `<${referTo}>`, 'Referred-By': '<sip:a@127.0.0.1>' };
      const accepted = await dialog.request({ method: 'REFER', headers });
      expect(accepted.status).toBe(202);
      await told;
      expect(news).toEqual(['active;expires=60: SIP/2.0 100 Trying', 'terminated;reason=noresource: SIP/2.0 200 OK']);
      await dialog.destroy();
    });
    await endsWell(sipp);
    expect(a.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('gives up as SIPp answers: the answer is acknowledged and hung up, the application hears 487', async () => {
    const sipp = await callee(scenario('callee-answers-cancelled'), over);
    const a = await h.endpoint();
    await inAll(async () => {
      let sent: SrfRequest | undefined;
      const error = await failureOf(
        a.srf.createUAC(
          uriOf(sipp),
          { localSdp: SDP },
          {
            cbRequest: (_error, request) => {
              sent = request;
            },
            cbProvisional: () => sent!.cancel(),
          },
        ),
      );
      expect([error.status, error.res!.get('Reason')]).toEqual([487, 'SIP;cause=487;text="200 after CANCEL"']);
    });
    await endsWell(sipp);
    expect(a.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('is sent elsewhere with 302 and goes there, or reports it', async () => {
    const target = await callee(scenario('callee-answers'), over);
    const moved = scenarioWith('callee-redirects', 'TARGET', uriOf(target));
    const [followed, reported] = [await callee(moved, over), await callee(moved, over)];
    const a = await h.endpoint();
    await inAll(async () => {
      const dialog = await a.srf.createUAC(uriOf(followed), { localSdp: SDP, followRedirects: true });
      expect(dialog.remote.uri).toContain(`:${target.port}`);
      await dialog.destroy();
      const error = await failureOf(a.srf.createUAC(uriOf(reported), { localSdp: SDP }));
      expect([error.status, error.res!.get('Contact')]).toEqual([302, `<${uriOf(target)}>`]);
    });
    for (const sipp of [followed, reported, target]) await endsWell(sipp);
    expect(a.stats()).toMatchObject({ retransmissionsSent: 0, dialogs: 0, malformed: 0, strays: 0 });
  });
});

describe('an application calls a SIPp that loses messages', () => {
  test('INVITE and BYE are repeated once, the ACK with each copy of the answer; the counters are those of SIPp', async () => {
    // ACKs are counted in SIPp's trace: its scenarios cannot expect the same message twice.
    const sipp = await callee(scenario('callee-loses'), ['-default_behaviors', 'all,-abortunexp']);
    const a = await h.endpoint();
    await inAll(async () => {
      const dialog = await a.srf.createUAC(`sip:service@127.0.0.1:${sipp.port}`, { localSdp: SDP });
      await new Promise((resolve) => setTimeout(resolve, 400));
      await dialog.destroy();
    });
    await endsWell(sipp);
    for (const method of ['INVITE', 'ACK', 'BYE'])
      expect([method, sipp.received(new RegExp(`^${method} `)).length]).toEqual([method, 2 * CALLS]);
    expect(a.stats()).toMatchObject({
      retransmissionsSent: 3 * CALLS,
      retransmissionsReceived: CALLS,
      messagesReceived: sipp.messages().filter(({ sent }) => sent).length,
      messagesSent: sipp.messages().filter(({ sent }) => !sent).length,
      dialogs: 0,
      strays: 0,
    });
  });

  test('a reliable 180 and a reliable 183: each is acknowledged, the PRACK is repeated until its answer', async () => {
    const sipp = await callee(scenario('callee-rings-reliably'));
    const a = await h.endpoint();
    await inAll(async () => {
      const heard: number[] = [];
      const dialog = await a.srf.createUAC(
        `sip:service@127.0.0.1:${sipp.port}`,
        { localSdp: SDP, headers: { Supported: '100rel' } },
        { cbProvisional: ({ status }) => heard.push(status) },
      );
      expect(heard).toEqual([180, 183]);
      await dialog.destroy();
    });
    await endsWell(sipp);
    const pracks = sipp.received(/^PRACK /);
    expect(pracks.length).toBe(3 * CALLS);
    expect(a.stats()).toMatchObject({ retransmissionsSent: CALLS, retransmissionsReceived: 0, dialogs: 0, strays: 0 });
  });
});
