import { describe, expect, test } from 'vitest';
import type { SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { allOver, answering, type Chain, chainOfEach, failureOf, placesOf, sdpAt } from '../support/b2bua.js';
import { headerIn, type RawPeer, reply, SDP, until } from './sip-harness.js';

const { chain, peer } = chainOfEach();

/** A call that is up: its two dialogs, the caller's and the callee's. */
async function call(): Promise<Chain & { caller: SrfDialog; callee: SrfDialog }> {
  const links = await chain();
  const { dialogs } = answering(links.b);
  const caller = await links.a.srf.createUAC(links.uri, { localSdp: SDP });
  await until(() => dialogs.length === 1);
  return { ...links, caller, callee: dialogs[0] };
}

describe.each(['caller', 'callee'] as const)('within a call, from the %s', (sender) => {
  const receiver = sender === 'caller' ? 'callee' : 'caller';
  const side = sender === 'caller' ? 'a' : 'b';

  test('a re-INVITE that puts on hold, and one that moves the media', async () => {
    const links = await call();
    const { relay, a, r, b } = links;
    const seen: string[] = [];
    links[receiver].on('modify', (request, response) => {
      seen.push(request.body);
      response.send(200, { body: sdpAt(7000).replace('sendrecv', 'recvonly') });
    });
    const answered = await links[sender].modify(sdpAt(6000).replace('sendrecv', 'sendonly'));
    expect(seen[0]).toContain('a=sendonly');
    expect(seen[0]).toContain(`m=audio ${placesOf(1)[side === 'a' ? 'b' : 'a'].port} `);
    expect(answered).toContain('a=recvonly');
    expect(answered).toContain(`m=audio ${placesOf(1)[side].port} `);
    const moved = relay.connected.slice(-2).map(({ remote }) => remote.rtp?.port);
    expect(moved).toEqual(side === 'a' ? [6000, 7000] : [7000, 6000]);
    await links.caller.destroy();
    await allOver(a, r, b);
  });

  test('a re-INVITE that is refused changes nothing', async () => {
    const links = await call();
    const { relay, a, r, b } = links;
    links[receiver].on('modify', (_request, response) => response.send(488, { headers: { Warning: '304 b "no"' } }));
    const refused = await links[sender].request({ method: 'INVITE', body: sdpAt(6000) });
    expect([refused.status, refused.get('Warning')]).toEqual([488, '304 b "no"']);
    links[receiver].removeAllListeners();
    links[receiver].on('modify', (_request, response) => response.send(200, { body: sdpAt(7000) }));
    await links[receiver].modify(sdpAt(7002)).catch(() => {});
    expect(relay.connected.map(({ remote }) => remote.rtp?.port)).not.toContain(6000);
    await links.caller.destroy();
    await allOver(a, r, b);
  });

  test('a re-INVITE without an offer: the offer comes back, and the answer goes with the ACK', async () => {
    const links = await call();
    const { relay, a, r, b } = links;
    const acks: string[] = [];
    links[receiver].on('modify', (_request, response) => {
      response.send(200, { body: sdpAt(7000) });
      links[receiver].once('ack', (ack) => acks.push(ack.body));
    });
    const dialog = links[sender] as unknown as {
      modify(options: { noAck: boolean }): Promise<{ sdp: string; ack(sdp: string): void }>;
    };
    const { sdp, ack } = await dialog.modify({ noAck: true });
    expect(sdp).toContain(`m=audio ${placesOf(1)[side].port} `);
    ack(sdpAt(6000));
    await until(() => acks.length === 1);
    expect(acks[0]).toContain(`m=audio ${placesOf(1)[side === 'a' ? 'b' : 'a'].port} `);
    const moved = relay.connected.slice(-2).map(({ remote }) => remote.rtp?.port);
    expect(moved).toEqual(side === 'a' ? [6000, 7000] : [7000, 6000]);
    await links.caller.destroy();
    await allOver(a, r, b);
  });

  test('an UPDATE with an offer, one without, and one that is refused', async () => {
    const links = await call();
    const { relay, a, r, b } = links;
    const answers = [
      (response: SrfResponder) => response.send(200, { body: sdpAt(7000) }),
      (response: SrfResponder) => response.send(200),
      (response: SrfResponder) => response.send(504),
    ];
    const seen: string[] = [];
    links[receiver].on('update', (request, response) => {
      seen.push(request.body);
      answers.shift()!(response);
    });
    const first = await links[sender].request({ method: 'UPDATE', body: sdpAt(6000) });
    expect(first.body).toContain(`m=audio ${placesOf(1)[side].port} `);
    expect((await links[sender].request({ method: 'UPDATE' })).status).toBe(200);
    expect((await links[sender].request({ method: 'UPDATE', body: sdpAt(6002) })).status).toBe(504);
    expect(seen[0]).toContain(`m=audio ${placesOf(1)[side === 'a' ? 'b' : 'a'].port} `);
    expect(seen[1]).toBe('');
    const ports = relay.connected.map(({ remote }) => remote.rtp?.port);
    expect(ports).toContain(6000);
    expect(ports).not.toContain(6002);
    await links.caller.destroy();
    await allOver(a, r, b);
  });

  test.each([
    ['INFO', 'application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n'],
    ['MESSAGE', 'text/plain', 'Grüße'],
    ['OPTIONS', undefined, undefined],
  ] as const)('%s and its answer', async (method, type, body) => {
    const links = await call();
    const { a, r, b } = links;
    const seen: SrfRequest[] = [];
    const event = method.toLowerCase() as 'info' | 'message' | 'options';
    links[receiver].on(event, (request, response) => {
      seen.push(request);
      response.send(202, { headers: { 'X-Answer': method } });
    });
    const headers: Record<string, string> = type ? { 'Content-Type': type } : {};
    const result = await links[sender].request({ method, headers, body });
    expect([result.status, result.get('X-Answer')]).toEqual([202, method]);
    expect(seen[0].body ?? '').toBe(body ?? '');
    if (type) expect(seen[0].get('Content-Type')).toBe(type);
    await links.caller.destroy();
    await allOver(a, r, b);
  });

  test('a REFER and its NOTIFYs, each with the number that the REFER has on its leg', async () => {
    const links = await call();
    const { a, r, b } = links;
    const told: [string | undefined, string][] = [];
    links[sender].on('notify', (request, response) => {
      told.push([request.get('Event'), request.body]);
      response.send(200);
    });
    // So that the sequence numbers of the two legs differ.
    await links[sender].request({ method: 'OPTIONS' });
    let their = 0;
    links[receiver].on('refer', (request, response) => {
      their = request.getParsedHeader('cseq').seq;
      expect(request.get('Refer-To')).toBe('<sip:carol@192.0.2.9>');
      response.send(202);
      const notify = (state: string, body: string) =>
        links[receiver].request({
          method: 'NOTIFY',
          headers: {
            Event: `refer;id=${their}`,
            'Subscription-State': state,
            'Content-Type': 'message/sipfrag',
          },
          body,
        });
      void notify('active;expires=60', 'SIP/2.0 100 Trying').then(() =>
        notify('terminated;reason=noresource', 'SIP/2.0 200 OK'),
      );
    });
    const result = await links[sender].request({ method: 'REFER', headers: { 'Refer-To': '<sip:carol@192.0.2.9>' } });
    expect(result.status).toBe(202);
    await until(() => told.length === 2);
    const own = result.req.getParsedHeader('cseq').seq;
    expect(told).toEqual([
      [`refer;id=${own}`, 'SIP/2.0 100 Trying'],
      [`refer;id=${own}`, 'SIP/2.0 200 OK'],
    ]);
    await links.caller.destroy();
    await allOver(a, r, b);
  });
});

describe('calls that stand in for others', () => {
  test('a REFER with Replaces names the call as whoever gets it knows it', async () => {
    const { a, r, b, uri } = await chain();
    const { dialogs } = answering(b);
    const first = await a.srf.createUAC(uri, { localSdp: SDP });
    const second = await a.srf.createUAC(uri.replace('bob', 'carol'), { localSdp: SDP });
    await until(() => dialogs.length === 2);
    const { callId, localTag, remoteTag } = second.sip;
    const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`);
    const referred = new Promise<string>((resolve) =>
      dialogs[0].on('refer', (request, response) => {
        resolve(request.get('Refer-To') ?? '');
        response.send(202, { headers: { 'Refer-Sub': 'false' } });
      }),
    );
    await first.request({
      method: 'REFER',
      headers: { 'Refer-To': `<${uri.replace('bob', 'carol')}?Replaces=${replaces}>`, 'Refer-Sub': 'false' },
    });
    const theirs = dialogs[1].sip;
    const expected = encodeURIComponent(`${theirs.callId};to-tag=${theirs.localTag};from-tag=${theirs.remoteTag}`);
    expect(await referred).toBe(`<sip:carol@127.0.0.1:${b.port}?Replaces=${expected}>`);
    await first.destroy();
    await second.destroy();
    await allOver(a, r, b);
  });

  test('an INVITE with Replaces takes the place of a call on the other leg, too', async () => {
    const { a, r, b, uri } = await chain();
    const { dialogs, invites } = answering(b);
    const first = await a.srf.createUAC(uri, { localSdp: SDP });
    await until(() => dialogs.length === 1);
    const { callId, localTag, remoteTag } = first.sip;
    const replaces = `${callId};to-tag=${remoteTag};from-tag=${localTag}`;
    const second = await a.srf.createUAC(uri, { localSdp: SDP, headers: { Replaces: replaces } });
    await until(() => dialogs.length === 2);
    const theirs = dialogs[0].sip;
    expect(invites[1].get('Replaces')).toBe(`${theirs.callId};to-tag=${theirs.localTag};from-tag=${theirs.remoteTag}`);
    const ended = new Promise((resolve) => first.on('destroy', resolve));
    await dialogs[0].destroy();
    await ended;
    await second.destroy();
    await allOver(a, r, b);
  });
});

test('each leg has a session timer of its own; a refresh of the caller passes as what it is', async () => {
  const { a, r, b, uri } = await chain();
  const { dialogs, invites } = answering(b);
  const headers = { 'Session-Expires': '120;refresher=uac', Supported: 'timer, 100rel', 'Min-SE': '90' };
  const caller = await a.srf.createUAC(uri, { localSdp: SDP, headers });
  await until(() => dialogs.length === 1);
  expect(caller.res.get('Session-Expires')).toBe('120;refresher=uac');
  expect([invites[0].get('Session-Expires'), invites[0].get('Min-SE')]).toEqual([undefined, undefined]);
  expect(invites[0].get('Supported')).toContain('100rel');
  const refreshed = new Promise((resolve) =>
    dialogs[0].on('update', (request, response) => {
      resolve(request.body);
      response.send(200);
    }),
  );
  const refresh = { method: 'UPDATE', headers: { 'Session-Expires': '120;refresher=uac' } };
  expect((await caller.request(refresh)).get('Session-Expires')).toMatch(/^120/);
  expect(await refreshed).toBe('');
  await caller.destroy();
  await allOver(a, r, b);
});

describe('what crosses', () => {
  test('re-INVITEs of both sides: one at least is refused with 491, and a later one is taken', async () => {
    const { a, r, b, caller, callee } = await call();
    const reinvite = (dialog: SrfDialog) => dialog.request({ method: 'INVITE', body: sdpAt(6000) });
    for (const dialog of [caller, callee])
      dialog.on('modify', (_request, response) => response.send(200, { body: sdpAt(7000) }));
    const results = await Promise.all([reinvite(caller), reinvite(callee)]);
    expect(results.map(({ status }) => status)).toContain(491);
    expect((await reinvite(caller)).status).toBe(200);
    expect((await reinvite(callee)).status).toBe(200);
    await caller.destroy();
    await allOver(a, r, b);
  });

  test('an UPDATE before the answer, from either side', async () => {
    const { a, r, b, uri } = await chain();
    const bodies: string[] = [];
    const answerUpdate = (request: SrfRequest, response: SrfResponder): void => {
      bodies.push(request.body);
      response.send(200, { body: sdpAt(7000) });
    };
    b.srf.invite((request, response) => {
      request.on('update', answerUpdate);
      const reliable = response as unknown as { send(...of: unknown[]): void };
      const headers = { Require: '100rel' };
      const { srf } = b;
      const pracked = (): void => {
        const dialogId = response.stackDialogId!;
        const update = { method: 'UPDATE', headers: {}, body: sdpAt(6002), stackDialogId: dialogId };
        void srf.request('sip:dialog', update).then((sent) =>
          sent.on('response', async (result) => {
            expect(result.body).toContain(`m=audio ${placesOf(1).b.port} `);
            await srf.createUAS(request, response, { localSdp: sdpAt(5000) });
          }),
        );
      };
      reliable.send(183, { headers, body: sdpAt(5000) }, () => {}, pracked);
    });
    const dialog = await new Promise<SrfDialog>((resolve) => {
      void a.srf
        .createUAC(
          uri,
          { localSdp: SDP, headers: { Supported: '100rel' } },
          {
            cbRequest: (_error, sent) => {
              // In place of srf, which answers with the first offer.
              (sent as unknown as { removeAllListeners(event: string): void }).removeAllListeners('update');
              setImmediate(() => {
                (sent as unknown as { removeAllListeners(event: string): void }).removeAllListeners('update');
                sent!.on('update', answerUpdate);
              });
            },
          },
        )
        .then(resolve);
    });
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain(`m=audio ${placesOf(1).a.port} `);
    await dialog.destroy();
    await allOver(a, r, b);
  });
});

/** A callee by hand that has answered a call of `a`: how its answers are written, and the caller's dialog. */
async function callByHand(): Promise<Chain & { callee: RawPeer; caller: SrfDialog }> {
  const callee = await peer();
  const links = await chain({}, callee.port);
  const call = links.a.srf.createUAC(links.uri, { localSdp: SDP });
  const contact = `Contact: <sip:bob@127.0.0.1:${callee.port}>`;
  callee.send(reply(await callee.message('INVITE'), '200 OK', 'tag', contact, sdpAt(5000)), links.r.port);
  const caller = await call;
  await callee.message('ACK');
  return { ...links, callee, caller };
}

/** What a caller says: where it listens, in which version of its description. */
function saying(version: number, port: number): string {
  return sdpAt(port).replace('o=- 1 1 ', `o=- 1 ${version} `);
}

describe('a re-INVITE that is cancelled and answered all the same', () => {
  const versionOf = (message: string): number => Number(/^o=\S+ \S+ (\d+)/m.exec(message)![1]);
  const contactOf = ({ port }: RawPeer): string => `Contact: <sip:bob@127.0.0.1:${port}>`;

  /** Sends a re-INVITE, cancels it once it is heard of, and has the callee answer both. */
  async function crossed(links: Awaited<ReturnType<typeof callByHand>>, body: string, answer: string): Promise<number> {
    const { a, r, callee, caller } = links;
    const request = { method: 'INVITE', headers: {}, body, stackDialogId: caller.id };
    const sent = await a.srf.request('sip:dialog', request);
    const heard: number[] = [];
    sent.on('response', ({ status }) => heard.push(status));
    const invite = await callee.message('INVITE', callee.count('INVITE'));
    callee.send(reply(invite, '180 Ringing', '', contactOf(callee)), r.port);
    await until(() => heard.includes(180));
    sent.cancel(() => {});
    callee.send(reply(await callee.message('CANCEL'), '200 OK', ''), r.port);
    callee.send(reply(invite, '200 OK', '', contactOf(callee), answer), r.port);
    await until(() => heard.at(-1)! >= 200);
    return heard.at(-1)!;
  }

  test('the callee is told once more what holds, in a version that it has not seen, and later ones go on from there', async () => {
    const links = await callByHand();
    const { a, r, relay, callee, caller } = links;
    const offer = saying(2, 6000).replace('sendrecv', 'sendonly');
    expect(await crossed(links, offer, sdpAt(5100).replace('sendrecv', 'recvonly'))).toBe(487);
    const restoring = await callee.message('INVITE', 2);
    expect(restoring).toContain('a=sendrecv');
    expect(versionOf(restoring)).toBe(3);
    // Meanwhile there is no other.
    expect((await caller.request({ method: 'INVITE', body: saying(3, 6002) })).status).toBe(491);
    callee.send(reply(restoring, '200 OK', '', contactOf(callee), sdpAt(5000)), r.port);
    await until(() => callee.count('ACK') === 3);
    expect(relay.connected.slice(-2).map(({ remote }) => remote.rtp?.port)).toEqual([4000, 5000]);
    expect(relay.connected.map(({ remote }) => remote.rtp?.port)).not.toContain(6000);
    const moved = caller.request({ method: 'INVITE', body: saying(3, 6004) });
    const next = await callee.message('INVITE', 3);
    expect(versionOf(next)).toBe(4);
    callee.send(reply(next, '200 OK', '', contactOf(callee), sdpAt(5000)), r.port);
    expect((await moved).status).toBe(200);
    const hungUp = caller.destroy();
    callee.send(reply(await callee.message('BYE'), '200 OK', ''), r.port);
    await hungUp;
    await allOver(a, r);
  });

  test('the offer that it brought is answered with what the caller said before', async () => {
    const links = await callByHand();
    const { a, r, relay, callee, caller } = links;
    expect(await crossed(links, '', sdpAt(5100))).toBe(487);
    await until(() => callee.count('ACK') === 2);
    expect(await callee.message('ACK', 1)).toContain(`m=audio ${placesOf(1).b.port} `);
    expect(relay.connected.slice(-2).map(({ remote }) => remote.rtp?.port)).toEqual([4000, 5100]);
    const hungUp = caller.destroy();
    callee.send(reply(await callee.message('BYE'), '200 OK', ''), r.port);
    await hungUp;
    await allOver(a, r);
  });
});

describe('calls that end otherwise', () => {
  test('a BYE that is asked for credentials: the call is up until it comes with them', async () => {
    const { a, r, relay, callee, caller } = await callByHand();
    const challenged = caller.request({ method: 'BYE' });
    const challenge = 'Proxy-Authenticate: Digest realm="b", nonce="1"';
    callee.send(reply(await callee.message('BYE'), '407 Proxy Authentication Required', '', challenge), r.port);
    const { status, req } = await challenged;
    expect(status).toBe(407);
    expect(relay.b2bua.counts()).toMatchObject({ up: 1 });
    const headers = {
      'Proxy-Authorization': 'Digest username="x"',
      CSeq: `${req.getParsedHeader('cseq').seq + 1} BYE`,
    };
    const answered = new Promise<number>((resolve) => {
      const bye = { method: 'BYE', headers, stackDialogId: caller.id };
      void a.srf.request('sip:dialog', bye).then((sent) => sent.on('response', (response) => resolve(response.status)));
    });
    const second = await callee.message('BYE', 1);
    expect(headerIn(second, 'Proxy-Authorization')).toBe('Digest username="x"');
    callee.send(reply(second, '200 OK', ''), r.port);
    expect(await answered).toBe(200);
    await allOver(a, r);
    expect(relay.records).toMatchObject([{ outcome: 'completed', endedBy: 'a' }]);
  });

  test('a callee that is gone keeps nobody who hangs up', async () => {
    const { a, r, relay, callee, caller } = await callByHand();
    const { status } = await caller.request({ method: 'BYE' });
    expect(status).toBe(200);
    await until(() => relay.records.length === 1);
    expect(relay.records[0]).toMatchObject({ outcome: 'completed', endedBy: 'a' });
    expect(callee.count('BYE')).toBeGreaterThan(1);
    await allOver(a, r);
  });

  test('BYEs that cross end both sides', async () => {
    const { a, r, b, relay, caller, callee } = await call();
    await Promise.all([caller.destroy(), callee.destroy()]);
    await until(() => relay.records.length === 1);
    expect(relay.records[0].outcome).toBe('completed');
    await allOver(a, r, b);
  });

  test('the relay stops: what is up is hung up on both sides, what rings is cancelled', async () => {
    const { a, r, b, relay, uri } = await chain();
    const ends: string[] = [];
    b.srf.invite(async (request, response) => {
      if (request.uri.startsWith('sip:ring')) {
        request.on('cancel', () => ends.push('cancelled'));
        response.send(180);
        return;
      }
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', (bye) => ends.push(`b ${bye.get('Reason')}`));
    });
    const up = await a.srf.createUAC(uri, { localSdp: SDP });
    up.on('destroy', (bye) => ends.push(`a ${bye.get('Reason')}`));
    const ringing = failureOf(
      a.srf.createUAC(uri.replace('bob', 'ring'), { localSdp: SDP }, { cbProvisional: () => relay.b2bua.stop() }),
    );
    expect((await ringing).status).toBe(503);
    await until(() => ends.length === 3);
    const reason = 'SIP;cause=200;text="The relay ends"';
    expect(ends.sort()).toEqual([`a ${reason}`, `b ${reason}`, 'cancelled']);
    await until(() => relay.records.length === 2);
    expect(relay.records.map(({ outcome, endedBy }) => [outcome, endedBy]).sort()).toEqual([
      ['dropped', 'relay'],
      ['failed', 'relay'],
    ]);
    await allOver(a, r, b);
  });

  test('a callback that throws fails that one call, and no other', async () => {
    const errors: unknown[] = [];
    let calls = 0;
    const { a, r, b, uri, relay } = await chain({
      onError: (error) => errors.push(error),
      openMedia: () => {
        const isBroken = ++calls === 2;
        return {
          pass: (_side, text) => {
            if (isBroken) throw new Error('broken');
            return text;
          },
          settle: () => {},
          forget: () => {},
          restored: () => null,
          close: () => Promise.resolve(null),
        };
      },
    });
    answering(b);
    const first = await a.srf.createUAC(uri, { localSdp: SDP });
    expect((await failureOf(a.srf.createUAC(uri, { localSdp: SDP }))).status).toBe(500);
    expect(errors.map(String)).toEqual(['Error: broken']);
    expect(relay.b2bua.counts()).toMatchObject({ up: 1, inProgress: 1, failed: { 500: 1 } });
    await first.destroy();
    await allOver(a, r, b);
  });
});
