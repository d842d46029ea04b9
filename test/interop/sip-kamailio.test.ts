import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { Harness, SDP, until } from '../loopback/sip-harness.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';

type Endpoint = DrachtioConnection & { port: number };
/** What srf's typings of a response leave out: a listener for the PRACK. */
type SendReliably = (status: number, options: object, sent: () => void, acknowledged: () => void) => void;

endKamailioAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  expect(h.fatal).toEqual([]);
  await h.close();
});

const over = (transport: string): string => (transport === 'udp' ? '' : `;transport=${transport}`);
const viasOf = (request: SrfRequest): number => request.raw.match(/^Via:/gm)!.length;

/** Answers each call after a reliable 183, and keeps what it got. */
function answerReliably(end: Endpoint): { dialogs: SrfDialog[]; requests: SrfRequest[] } {
  const dialogs: SrfDialog[] = [];
  const requests: SrfRequest[] = [];
  end.srf.invite((invite, response) => {
    requests.push(invite);
    const answer = async (): Promise<void> => {
      const dialog = await end.srf.createUAS(invite, response, { localSdp: SDP });
      take(dialog, requests);
      dialogs.push(dialog);
    };
    const send = response.send.bind(response) as unknown as SendReliably;
    send(183, { headers: { Require: '100rel' }, body: SDP }, () => {}, answer);
  });
  return { dialogs, requests };
}

/** Has a dialog take what comes, and keep it. */
function take(dialog: SrfDialog, requests: SrfRequest[]): void {
  const ok = (request: SrfRequest, response: SrfResponder): void => {
    requests.push(request);
    response.send(200, request.method === 'INVITE' ? { body: SDP } : {});
  };
  dialog.on('modify', ok);
  dialog.on('info', ok);
  dialog.on('destroy', (bye) => requests.push(bye));
}

/** Two calls, hung up by one side and by the other; in between each side sends a re-INVITE and an INFO. */
async function callBothWays(a: Endpoint, b: Endpoint, target: string, options: { proxy: string; headers?: object }) {
  const callee = answerReliably(b);
  const seen: SrfRequest[] = [];
  for (const hangsUp of ['caller', 'callee']) {
    const ours = await a.srf.createUAC(target, {
      ...options,
      localSdp: SDP,
      headers: { ...options.headers, Supported: '100rel' },
    });
    take(ours, seen);
    await until(() => callee.dialogs.length > 0);
    const theirs = callee.dialogs.pop()!;
    for (const dialog of [ours, theirs]) {
      await dialog.modify(SDP.replace('o=- 1 1', 'o=- 1 2'));
      expect((await dialog.request({ method: 'INFO' })).status).toBe(200);
    }
    await (hangsUp === 'caller' ? ours : theirs).destroy();
  }
  for (const { stats } of [a, b])
    expect(stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0, timerExpiries: { B: 0, F: 0, H: 0, ack: 0 } });
  return [...callee.requests, ...seen];
}

const WITHIN = { INVITE: 6, ACK: 6, PRACK: 2, INFO: 4, BYE: 2 };

async function expectPassed(kamailio: Kamailio): Promise<void> {
  await kamailio.stop();
  for (const [method, count] of Object.entries(WITHIN))
    expect([method, kamailio.passed(method)]).toEqual([method, count]);
  expect(kamailio.astray).toEqual([]);
}

describe('Kamailio on the way of a call', () => {
  test.each([
    ['udp', 'udp'],
    ['udp', 'tcp'],
    ['tcp', 'udp'],
    ['tcp', 'tcp'],
  ])('reached over %s and leaving over %s: all requests of both sides go by the Route set', async (first, second) => {
    const kamailio = await Kamailio.start('record-route');
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const target = `sip:callee@127.0.0.1:${b.port}${over(second)}`;
    const requests = await callBothWays(a, b, target, { proxy: `${kamailio.uri}${over(first)}` });
    await expectPassed(kamailio);
    for (const request of requests) expect(viasOf(request)).toBe(2);
    const [invite] = requests;
    expect(invite.get('Record-Route')?.split(',')).toHaveLength(first === second ? 1 : 2);
  });

  test('as a strict router finds itself in the Request-URI and the far end in the last Route', async () => {
    const kamailio = await Kamailio.start('record-route', 'STRICT');
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const target = `sip:callee@127.0.0.1:${b.port}`;
    const requests = await callBothWays(a, b, target, { proxy: kamailio.uri });
    await expectPassed(kamailio);
    for (const request of requests) {
      expect(viasOf(request)).toBe(2);
      expect(request.has('Route')).toBe(false);
    }
  });

  test('twice, a loose router and a strict one behind it: each side has the two in its own order', async () => {
    const [loose, strict] = [await Kamailio.start('record-route'), await Kamailio.start('record-route', 'STRICT')];
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const target = `sip:callee@127.0.0.1:${b.port}`;
    const options = { proxy: loose.uri, headers: { 'X-Next': strict.uri } };
    const requests = await callBothWays(a, b, target, options);
    await expectPassed(loose);
    await expectPassed(strict);
    for (const request of requests) expect(viasOf(request)).toBe(3);
  });

  test('carries a CANCEL to the one that rings, and its 487 back', async () => {
    const kamailio = await Kamailio.start('record-route');
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    let cancelled = 0;
    b.srf.invite((invite, response) => {
      invite.on('cancel', () => cancelled++);
      response.send(180);
    });
    let request: SrfRequest | undefined;
    const call = a.srf.createUAC(
      `sip:callee@127.0.0.1:${b.port};transport=tcp`,
      { localSdp: SDP, proxy: kamailio.uri },
      {
        cbRequest: (_error, sent) => {
          request = sent;
        },
        cbProvisional: () => request?.cancel(),
      },
    );
    const error = await call.catch((e: SrfCallError) => e);
    expect((error as SrfCallError).status).toBe(487);
    await until(() => cancelled === 1);
    await kamailio.stop();
    expect(kamailio.passed('CANCEL')).toBe(1);
    expect([a.stats()!.dialogs, b.stats()!.dialogs]).toEqual([0, 0]);
  });

  test('redirects a caller, who follows to the Contact that it gives, over its transport', async () => {
    const kamailio = await Kamailio.start('refuse');
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const invites: SrfRequest[] = [];
    b.srf.invite(async (invite, response) => {
      invites.push(invite);
      await b.srf.createUAS(invite, response, { localSdp: SDP });
    });
    const dialog = await a.srf.createUAC(`sip:callee@127.0.0.1:${kamailio.port}`, {
      localSdp: SDP,
      followRedirects: true,
      headers: { 'X-Moved': `sip:moved@127.0.0.1:${b.port};transport=tcp` },
    });
    expect(invites[0].uri).toBe(`sip:moved@127.0.0.1:${b.port};transport=tcp`);
    expect(invites[0].get('Via')).toContain('SIP/2.0/TCP');
    await dialog.destroy();
    expect([a.stats()!.dialogs, b.stats()!.dialogs]).toEqual([0, 0]);
  });
});
