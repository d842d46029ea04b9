import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import type { SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { RelayedAudio } from '../../src/relay/b2bua/relayed-audio.js';
import { allOver, answering, audioOf, chainOfEach, failureOf, placesOf, sdpAt } from '../support/b2bua.js';
import { closedPort, headerIn, reply, SDP, until } from './sip-harness.js';

const { chain, peer: rawPeer } = chainOfEach();

describe('a call through the B2BUA', () => {
  test('both sides send their media to it, and the headers that tell who calls and why pass', async () => {
    const { a, r, b, relay, uri } = await chain();
    const { invites, dialogs } = answering(b);
    const headers = {
      From: `"Anna Ärger" <sip:anna@127.0.0.1:${r.port}>`,
      'P-Asserted-Identity': '<sip:+4989100@example.net>',
      Diversion: '<sip:one@example.net>;reason=busy\r\nDiversion: <sip:two@example.net>;reason=no-answer',
      'User-to-User': '56a390;encoding=hex',
      Privacy: 'id',
      'X-Account': '4711',
    };
    const dialog = await a.srf.createUAC(uri, { localSdp: sdpAt(4000), headers });
    await until(() => dialogs.length === 1);
    const [invite] = invites;
    const places = placesOf(1);
    expect(invite.uri).toBe(`sip:bob@127.0.0.1:${b.port}`);
    expect(invite.get('From')).toContain(`"Anna Ärger" <sip:anna@127.0.0.1:${b.port}>;tag=`);
    expect(invite.get('To')).toBe(`<sip:bob@127.0.0.1:${b.port}>`);
    expect(invite.get('P-Asserted-Identity')).toBe('<sip:+4989100@example.net>');
    expect(invite.raw).toContain(headers.Diversion);
    expect(invite.get('User-to-User')).toBe('56a390;encoding=hex');
    expect(invite.get('Privacy')).toBe('id');
    expect(invite.get('X-Account')).toBe('4711');
    expect(invite.body).toContain(`m=audio ${places.b.port} RTP/AVP 0`);
    expect(invite.body).toContain(`c=IN IP4 ${places.b.address}`);
    expect(dialog.remote.sdp).toContain(`m=audio ${places.a.port} RTP/AVP 0`);
    expect(relay.connected.slice(-2).map(({ side, remote }) => [side, remote.rtp?.port])).toEqual([
      ['a', 4000],
      ['b', 5000],
    ]);
    expect(relay.b2bua.counts()).toMatchObject({ attempts: 1, answered: 1, up: 1, inProgress: 1 });
    const hungUp = new Promise<SrfRequest>((resolve) => dialogs[0].on('destroy', resolve));
    await dialog.destroy({ headers: { Reason: 'Q.850;cause=16;text="Normal"' } });
    expect((await hungUp).get('Reason')).toBe('Q.850;cause=16;text="Normal"');
    await until(() => relay.records.length === 1);
    expect(relay.records[0]).toMatchObject({
      towardsTarget: true,
      outcome: 'completed',
      endedBy: 'a',
      status: 200,
      q850: 16,
    });
    expect(relay.records[0].sipCallIds).toEqual([dialog.sip.callId, invite.get('call-id')]);
    expect(relay.b2bua.counts()).toMatchObject({ completed: 1, up: 0, inProgress: 0, peakUp: 1 });
    await allOver(a, r, b);
  });

  test('the callee hangs up, and the caller hears of it with the reason', async () => {
    const { a, r, b, relay, uri } = await chain();
    const { dialogs } = answering(b);
    const dialog = await a.srf.createUAC(uri, { localSdp: SDP });
    await until(() => dialogs.length === 1);
    const hungUp = new Promise<SrfRequest>((resolve) => dialog.on('destroy', resolve));
    await dialogs[0].destroy({ headers: { Reason: 'SIP;cause=200;text="Enough"' } });
    expect((await hungUp).get('Reason')).toBe('SIP;cause=200;text="Enough"');
    await until(() => relay.records.length === 1);
    expect(relay.records[0]).toMatchObject({ outcome: 'completed', endedBy: 'b' });
    await allOver(a, r, b);
  });

  test('an INVITE without an offer: the callee offers, and the answer comes with the ACK', async () => {
    const { a, r, b, relay, uri } = await chain();
    const answers: string[] = [];
    b.srf.invite(async (request, response) => {
      expect(request.body).toBe('');
      const dialog = await b.srf.createUAS(request, response, { localSdp: sdpAt(5000) });
      dialog.once('ack', (ack) => answers.push(ack.body));
    });
    const offered = (await a.srf.createUAC(uri, { noAck: true })) as unknown as {
      sdp: string;
      ack(sdp: string): Promise<SrfDialog>;
    };
    expect(offered.sdp).toContain(`m=audio ${placesOf(1).a.port} RTP/AVP 0`);
    const dialog = await offered.ack(sdpAt(4000));
    await until(() => answers.length === 1);
    expect(answers[0]).toContain(`m=audio ${placesOf(1).b.port} RTP/AVP 0`);
    expect(relay.connected.slice(-2).map(({ remote }) => remote.rtp?.port)).toEqual([4000, 5000]);
    await dialog.destroy();
    await allOver(a, r, b);
  });
});

describe('descriptions that the relay spoils', () => {
  test('reach the other side with the faults of the side that wrote them', async () => {
    const client = { connect: () => {}, close: () => Promise.resolve(null) };
    const { a, r, b, uri } = await chain({
      openMedia: (call) =>
        new RelayedAudio(
          client,
          call,
          audioOf(call, {
            a: [{ kind: 'direction', is: 'recvonly' }],
            b: [{ kind: 'foreign-codec', encoding: 'G729/8000', payloadType: 18 }],
          }),
        ),
    });
    const { invites } = answering(b);
    const dialog = await a.srf.createUAC(uri, { localSdp: SDP });
    expect(invites[0].body).toContain('a=recvonly');
    expect(invites[0].body).toContain(`m=audio ${placesOf(1).b.port} RTP/AVP 0\r\n`);
    expect(dialog.remote.sdp).toContain(`m=audio ${placesOf(1).a.port} RTP/AVP 18\r\n`);
    await dialog.destroy();
    await allOver(a, r, b);
  });
});

describe('what comes before the answer', () => {
  test('180 and 183 pass, with their description', async () => {
    const { a, r, b, uri } = await chain();
    b.srf.invite(async (request, response) => {
      response.send(180, { headers: { 'X-Ring': '1' } });
      response.send(183, { body: sdpAt(5000) });
      await b.srf.createUAS(request, response, { localSdp: sdpAt(5000) });
    });
    const heard: [number, string, string | undefined][] = [];
    const dialog = await a.srf.createUAC(
      uri,
      { localSdp: SDP },
      { cbProvisional: (response) => heard.push([response.status, response.body, response.get('X-Ring')]) },
    );
    expect(heard.map(([status]) => status)).toEqual([180, 183]);
    expect(heard[0][2]).toBe('1');
    expect(heard[1][1]).toContain(`m=audio ${placesOf(1).a.port} `);
    await dialog.destroy();
    await allOver(a, r, b);
  });

  test('a reliable 183 stays reliable: it is acknowledged to the callee when the caller did', async () => {
    const { a, r, b } = await chain();
    const peer = await rawPeer();
    const acknowledged: string[] = [];
    b.srf.invite(async (request, response) => {
      const reliable = response as unknown as { send(...of: unknown[]): void };
      reliable.send(
        183,
        { body: sdpAt(5000), headers: { Require: '100rel' } },
        () => {},
        async (prack: SrfRequest) => {
          acknowledged.push(prack.get('RAck') ?? '');
          await b.srf.createUAS(request, response, { localSdp: sdpAt(5000) });
        },
      );
    });
    peer.send(rawInvite(peer.port, r.port, 'Supported: 100rel'), r.port);
    const ringing = await peer.message('SIP/2.0 183');
    expect(headerIn(ringing, 'Require')).toBe('100rel');
    expect(acknowledged).toEqual([]);
    peer.send(rawWithin(ringing, peer.port, 'PRACK', 2, `RAck: ${headerIn(ringing, 'RSeq')} 1 INVITE`), r.port);
    const answered = await peer.message('SIP/2.0 200', 1);
    expect(headerIn(await peer.message('SIP/2.0 200', 0), 'CSeq')).toBe('2 PRACK');
    expect(acknowledged).toHaveLength(1);
    peer.send(rawWithin(answered, peer.port, 'ACK', 1), r.port);
    peer.send(rawWithin(answered, peer.port, 'BYE', 3), r.port);
    await peer.message('SIP/2.0 200', 2);
    await allOver(a, r, b);
  });

  test('CANCEL goes on with its reason, and the callee is free', async () => {
    const { a, r, b, relay, uri } = await chain();
    let cancelled: string | undefined;
    b.srf.invite((request, response) => {
      request.on('cancel', (cancel) => {
        cancelled = cancel.get('Reason');
      });
      response.send(180);
    });
    let request: SrfRequest | undefined;
    const call = a.srf.createUAC(
      uri,
      { localSdp: SDP },
      {
        cbRequest: (_error, sent) => {
          request = sent;
        },
        cbProvisional: () => request!.cancel({ headers: { Reason: 'SIP;cause=200;text="Elsewhere"' } }),
      },
    );
    expect((await failureOf(call)).status).toBe(487);
    await until(() => cancelled !== undefined && relay.records.length === 1);
    expect(cancelled).toBe('SIP;cause=200;text="Elsewhere"');
    expect(relay.records[0]).toMatchObject({ outcome: 'cancelled', endedBy: 'a', status: 487 });
    await allOver(a, r, b);
  });

  test.each([
    [486, 'Busy Here', { Reason: 'Q.850;cause=17', 'Retry-After': '30' }],
    [503, 'No Channel', { 'Retry-After': '5' }],
    [302, 'Moved Temporarily', { Contact: '<sip:carol@192.0.2.7>' }],
    [407, 'Proxy Authentication Required', { 'Proxy-Authenticate': 'Digest realm="b", nonce="1"' }],
  ])('a refusal by %i passes with its phrase and what explains it', async (status, reason, headers) => {
    const { a, r, b, relay, uri } = await chain();
    b.srf.invite((_request, response) => response.send(status, reason, { headers: { ...headers } }));
    const { res } = await failureOf(a.srf.createUAC(uri, { localSdp: SDP }));
    expect([res!.status, res!.reason]).toEqual([status, reason]);
    for (const [name, value] of Object.entries(headers)) expect(res!.get(name)).toBe(value);
    expect(relay.records[0]).toMatchObject({ outcome: status === 407 ? 'challenged' : 'failed', status, reason });
    await allOver(a, r, b);
  });

  test('a status that no RFC has is answered by the one of its class, with its phrase', async () => {
    const peer = await rawPeer();
    const { a, r, uri } = await chain({}, peer.port);
    const call = failureOf(a.srf.createUAC(uri, { localSdp: SDP }));
    peer.send(reply(await peer.message('INVITE'), '499 Odd', 'tag'), r.port);
    const { res } = await call;
    expect([res!.status, res!.reason]).toEqual([400, 'Odd']);
    await allOver(a, r);
  });

  test('a callee that is not there: 503 where nothing listens over TCP, 408 where nothing answers', async () => {
    const { a, r, uri } = await chain({ target: `sip:127.0.0.1:${await closedPort()};transport=tcp` });
    expect((await failureOf(a.srf.createUAC(uri, { localSdp: SDP }))).status).toBe(503);
    await allOver(a, r);
    const silent = await rawPeer();
    const second = await chain({}, silent.port);
    const { status } = await failureOf(second.a.srf.createUAC(second.uri, { localSdp: SDP }));
    expect(status).toBe(408);
    await allOver(second.a, second.r);
  });

  test('more calls than it may carry are refused with 503 and Retry-After', async () => {
    const full = new AppError('CALLS_EXHAUSTED', 'full');
    const media = new RelayedAudio({ connect: () => {}, close: () => Promise.resolve(null) }, 1, audioOf(1));
    const { a, r, b, relay, uri } = await chain({ openMedia: (call) => (call === 1 ? media : full) });
    answering(b);
    const dialog = await a.srf.createUAC(uri, { localSdp: SDP });
    const { res } = await failureOf(a.srf.createUAC(uri, { localSdp: SDP }));
    expect([res!.status, res!.get('Retry-After')]).toEqual([503, '10']);
    expect(relay.b2bua.counts().refused.tooManyCalls).toBe(1);
    await dialog.destroy();
    await allOver(a, r, b);
  });
});

function rawInvite(from: number, to: number, ...more: string[]): string {
  return [
    `INVITE sip:bob@127.0.0.1:${to} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${from};branch=z9hG4bK${from}i`,
    'Max-Forwards: 70',
    `From: <sip:alice@127.0.0.1:${from}>;tag=alice`,
    `To: <sip:bob@127.0.0.1:${to}>`,
    `Call-ID: raw-${from}`,
    'CSeq: 1 INVITE',
    `Contact: <sip:alice@127.0.0.1:${from}>`,
    ...more,
    'Content-Type: application/sdp',
    `Content-Length: ${SDP.length}`,
    '',
    SDP,
  ].join('\r\n');
}

function rawWithin(response: string, from: number, method: string, cseq: number, ...more: string[]): string {
  return [
    `${method} ${/<(.*)>/.exec(headerIn(response, 'Contact'))![1]} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${from};branch=z9hG4bK${from}${method}${cseq}`,
    'Max-Forwards: 70',
    `From: ${headerIn(response, 'From')}`,
    `To: ${headerIn(response, 'To')}`,
    `Call-ID: ${headerIn(response, 'Call-ID')}`,
    `CSeq: ${cseq} ${method}`,
    ...more,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
