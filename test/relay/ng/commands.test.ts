import { beforeEach, describe, expect, it } from 'vitest';
import { FakeMedia } from './fake-media.js';
import { audio, NgHarness, type Parameters } from './harness.js';

let ng: NgHarness;
beforeEach(() => {
  ng = new NgHarness();
});

const CALL = { 'call-id': 'c1', 'from-tag': 'caller' };
const BOTH = { ...CALL, 'to-tag': 'callee' };

/** The port of the first medium. */
const portOf = (sdp: string): number => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);

async function establish(parameters: Parameters = {}): Promise<{ towardsCallee: number; towardsCaller: number }> {
  const offered = await ng.sdp('offer', { ...CALL, ...parameters, sdp: audio(4000, '192.0.2.1') });
  const answered = await ng.sdp('answer', { ...BOTH, ...parameters, sdp: audio(5000, '192.0.2.2') });
  return { towardsCallee: portOf(offered), towardsCaller: portOf(answered) };
}

describe('what is no command', () => {
  it.each([
    ['1 ', 'Invalid data (no payload)'],
    ['1 i3e', 'Invalid NG data format'],
    ['1 l4:pinge', 'Invalid NG data format'],
    ['1 {"command":"ping"}', 'Invalid NG data format'],
    ['1 d7:commande', 'Could not decode bencode dictionary'],
    ['1 d7:command4:pingex', 'Could not decode bencode dictionary'],
    ['1 d1:ai3ee', 'Dictionary contains no key "command"'],
    ['1 d7:commandi3ee', 'Dictionary contains no key "command"'],
    ['1 d7:command3:fooe', 'Unrecognized command'],
    ['1 d7:command5:offere', 'No SDP body in message'],
    ['1 d7:command5:offer3:sdp1:xe', 'No call-id in message'],
    ['1 d7:command5:offer3:sdp1:x7:call-id1:ce', 'No from-tag in message'],
    ['1 d7:command6:answer3:sdp1:x7:call-id1:c8:from-tag1:ae', 'No to-tag in message'],
    ['1 d7:command5:offer3:sdp1:x7:call-id1:c8:from-tag1:ae', 'Failed to parse SDP'],
    ['1 d7:command6:deletee', 'No call-id in message'],
    ['1 d7:command5:query7:call-id1:ze', 'Unknown call-id'],
    ['1 d7:command11:block media7:call-id1:ze', 'Unknown call-ID'],
    ['1 d7:command4:list5:limiti-1ee', 'invalid limit, must be >= 0'],
    ['1 d7:command15:start recording7:call-id1:ce', 'Not supported: start recording'],
    ['1 d7:command10:block DTMF7:call-id1:ce', 'Unknown call-ID'],
    ['1 d7:command13:silence media7:call-id1:ce', 'Unknown call-ID'],
    ['1 d7:command16:start forwarding7:call-id1:ce', 'Not supported: start forwarding'],
    ['1 d7:command17:subscribe request7:call-id1:ce', 'Not supported: subscribe request'],
  ])('%j is refused: %s', async (message, reason) => {
    expect(await ng.raw(message)).toBe(`1 d6:result5:error12:error-reason${reason.length}:${reason}e`);
    expect(ng.engine.counts).toMatchObject({ messages: 1, errors: 1, malformed: 0 });
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([0, 0]);
  });

  it.each(['', 'x', ' ', ' d7:command4:pinge', `${'c'.repeat(300)} d7:command4:pinge`])(
    '%j has no cookie, and nobody is answered',
    async (message) => {
      expect(await ng.raw(message)).toBeNull();
      expect(ng.engine.counts).toMatchObject({ messages: 1, errors: 0, malformed: 1 });
    },
  );
});

describe('a message that comes again', () => {
  const offer = (cookie: string): Buffer => {
    const sdp = audio(4000);
    return Buffer.from(`${cookie} d7:command5:offer7:call-id2:c18:from-tag1:a3:sdp${sdp.length}:${sdp}e`);
  };

  it('gets the answer that it got, and opens no second call', async () => {
    const first = await ng.raw(offer('k1'));
    expect(await ng.raw(offer('k1'))).toBe(first);
    expect([ng.media.calls.size, ng.engine.counts.retransmissions]).toEqual([1, 1]);
    ng.clock.advance(60_000);
    expect(portOf((await ng.raw(offer('k1')))!)).toBe(portOf(first!));
    expect(ng.engine.counts.retransmissions).toBe(1);
  });

  it('from another address is another message', async () => {
    await ng.raw('k1 d7:command4:pinge', '192.0.2.1');
    await ng.raw('k1 d7:command4:pinge', '192.0.2.2');
    expect(ng.engine.counts.retransmissions).toBe(0);
  });

  it('while the first is still worked on is not answered twice', async () => {
    await establish();
    const answers: string[] = [];
    const query = Buffer.from('k9 d7:command5:query7:call-id2:c1e');
    for (let i = 0; i < 3; i++) ng.engine.take(query, 'x', (answer) => answers.push(answer.toString('latin1')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toHaveLength(1);
    expect(ng.engine.counts.retransmissions).toBe(2);
  });
});

describe('a call', () => {
  it('is relayed between two port pairs, and each side is where its description says', async () => {
    const { towardsCallee, towardsCaller } = await establish();
    const { leases, remotes } = ng.media.only;
    expect([leases.a.rtpPort, leases.b.rtpPort]).toEqual([towardsCaller, towardsCallee]);
    expect(remotes.a).toMatchObject({ rtp: { address: '192.0.2.1', port: 4000 }, latch: 'first', strictSource: false });
    expect(remotes.b).toMatchObject({ rtp: { address: '192.0.2.2', port: 5000 } });
    expect(remotes.a!.payloadTypes).toMatchObject({ 0: 'PCMU', 8: 'PCMA', 101: 'telephone-event' });
    expect(remotes.a!.srtp).toBeUndefined();
  });

  it('keeps its ports when either side offers again', async () => {
    const before = await establish();
    const again = await ng.sdp('offer', { ...BOTH, sdp: audio(4010, '192.0.2.1', ['a=sendonly']) });
    expect(portOf(again)).toBe(before.towardsCallee);
    expect(ng.media.only.remotes.a!.rtp).toEqual({ address: '192.0.2.1', port: 4010 });
    const reverse = { ...CALL, 'from-tag': 'callee', 'to-tag': 'caller' };
    expect(portOf(await ng.sdp('offer', { ...reverse, sdp: audio(5010, '192.0.2.3') }))).toBe(before.towardsCaller);
    expect(portOf(await ng.sdp('answer', { ...reverse, sdp: audio(4012, '192.0.2.1') }))).toBe(before.towardsCallee);
    expect(ng.media.only.remotes.a!.rtp!.port).toBe(4012);
    expect(ng.media.only.remotes.b!.rtp).toEqual({ address: '192.0.2.3', port: 5010 });
  });

  it('has a path for each medium, and gives the ports of a refused one back', async () => {
    const video = ['m=video 4002 RTP/AVP 96', 'a=rtpmap:96 VP8/90000'];
    await ng.sdp('offer', { ...CALL, sdp: audio(4000, '192.0.2.1', video) });
    expect([ng.media.calls.size, ng.media.leased.size]).toEqual([2, 4]);
    await ng.sdp('answer', { ...BOTH, sdp: audio(5000, '192.0.2.2', ['m=video 0 RTP/AVP 96']) });
    expect([ng.media.calls.size, ng.media.leased.size]).toEqual([1, 2]);
  });

  it('forked by branches has media for each, and a delete ends one branch only', async () => {
    const one = await ng.sdp('offer', { ...CALL, 'via-branch': 'z1', sdp: audio(4000) });
    const two = await ng.sdp('offer', { ...CALL, 'via-branch': 'z2', sdp: audio(4000) });
    expect(portOf(one)).not.toBe(portOf(two));
    await ng.sdp('answer', { ...BOTH, 'via-branch': 'z2', 'to-tag': 't2', sdp: audio(5002) });
    await ng.sdp('answer', { ...BOTH, 'via-branch': 'z1', 'to-tag': 't1', sdp: audio(5001) });
    const ports = [...ng.media.calls.values()].map(({ remotes }) => remotes.b!.rtp!.port);
    expect(ports).toEqual([5001, 5002]);
    await ng.ask('delete', { ...CALL, 'via-branch': 'z1' });
    expect(ng.media.only.remotes.b!.rtp!.port).toBe(5002);
    await ng.ask('delete', { ...CALL, 'to-tag': 't2' });
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([0, 0]);
  });

  it('forked without branches has the media of whoever answered last', async () => {
    const offered = await ng.sdp('offer', { ...CALL, sdp: audio(4000) });
    await ng.sdp('answer', { ...CALL, 'to-tag': 't1', sdp: audio(5001) });
    await ng.sdp('answer', { ...CALL, 'to-tag': 't2', sdp: audio(5002) });
    expect(ng.media.only.remotes.b!.rtp!.port).toBe(5002);
    expect(ng.media.only.leases.b.rtpPort).toBe(portOf(offered));
  });

  it('of which nobody has heard cannot be answered', async () => {
    expect(await ng.ask('answer', { ...BOTH, sdp: audio(5000) })).toEqual({
      result: 'error',
      'error-reason': 'Unknown call-id',
    });
    await ng.sdp('offer', { ...CALL, sdp: audio(4000) });
    const stranger = await ng.ask('answer', { ...BOTH, 'from-tag': 'stranger', sdp: audio(5000) });
    expect(stranger['error-reason']).toBe('Invalid dialogue association');
  });

  it('speaks SRTP to one side with keys of its own, the sides that of their own', async () => {
    const key = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
    const offered = await ng.sdp('offer', { ...CALL, 'transport protocol': 'RTP/SAVP', sdp: audio(4000) });
    const [, tag, own] = /^a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 inline:(\S+)/m.exec(offered)!;
    const sdp = audio(5000, '192.0.2.2', [`a=crypto:${tag} AES_CM_128_HMAC_SHA1_80 inline:${key}`]);
    const answered = await ng.sdp('answer', { ...BOTH, sdp: sdp.replace('RTP/AVP', 'RTP/SAVP') });
    expect(answered).toContain('RTP/AVP 0 8 101');
    expect(answered).not.toContain('crypto');
    const { a, b } = ng.media.only.remotes;
    expect(a!.srtp).toBeUndefined();
    expect(b!.srtp).toEqual({ suite: 'AES_CM_128_HMAC_SHA1_80', send: own, receive: key });
    // The same again changes no key.
    const again = await ng.sdp('offer', { ...BOTH, sdp: audio(4000) });
    expect(again).toContain(`AES_CM_128_HMAC_SHA1_80 inline:${own}`);
  });

  it.each([
    ['DTLS asked for', { 'transport protocol': 'UDP/TLS/RTP/SAVPF' }, audio(4000), 'DTLS-SRTP is not supported'],
    ['DTLS offered', {}, audio(4000).replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF'), 'DTLS-SRTP is not supported'],
    ['SRTP without a key', {}, audio(4000).replace('RTP/AVP', 'RTP/SAVP'), 'No usable SRTP key in message'],
    [
      'SRTP and no SDES',
      { 'transport protocol': 'RTP/SAVP', SDES: ['off'] },
      audio(4000),
      'SRTP without SDES is not supported',
    ],
  ])('with %s is refused, and leaves nothing behind', async (_, parameters: Parameters, sdp, reason) => {
    expect(await ng.ask('offer', { ...CALL, ...parameters, sdp })).toEqual({ result: 'error', 'error-reason': reason });
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([0, 0]);
  });
});

describe('flags of where packets may come from', () => {
  it.each([
    [{}, { latch: 'first', strictSource: false }],
    [{ flags: ['strict source'] }, { latch: 'first', strictSource: true }],
    [{ flags: ['media-handover'] }, { latch: 'follow', strictSource: false }],
    [{ flags: ['asymmetric', 'port latching'] }, { latch: 'off', strictSource: false }],
    [{ 'endpoint-learning': ['off'] }, { latch: 'off', strictSource: false }],
    [{ flags: ['endpoint-learning-immediate', 'symmetric'] }, { latch: 'first', strictSource: false }],
  ])('%j are %j for who sent them', async (parameters: Parameters, expected) => {
    await ng.sdp('offer', { ...CALL, ...parameters, sdp: audio(4000) });
    await ng.sdp('answer', { ...BOTH, sdp: audio(5000) });
    expect(ng.media.only.remotes.a).toMatchObject(expected);
    expect(ng.media.only.remotes.b).toMatchObject({ latch: 'first', strictSource: false });
  });

  it('the source of the SIP message counts in place of the description where that is wanted', async () => {
    const parameters = { flags: ['SIP source address'], 'received from': ['IP4', '198.51.100.9'] };
    await ng.sdp('offer', { ...CALL, ...parameters, sdp: audio(4000) });
    expect(ng.media.only.remotes.a!.rtp).toEqual({ address: '198.51.100.9', port: 4000 });
  });

  it('unknown ones are told once and do no harm', async () => {
    const parameters = {
      flags: ['no such flag', 'record call', 'trust-address'],
      ICE: 'force',
      codec: { transcode: ['PCMA'] },
    };
    for (let i = 0; i < 3; i++) await ng.sdp('offer', { ...CALL, ...parameters, sdp: audio(4000) });
    expect(ng.notes.map((note) => note.replace(/^.*: /, ''))).toEqual([
      'no such flag',
      'record call',
      'ICE=force',
      'codec transcode=PCMA',
    ]);
    for (let i = 0; i < 3000; i++) await ng.ask('offer', { ...CALL, flags: [`made up ${i}`], sdp: audio(4000) });
    expect(ng.notes).toHaveLength(1000);
  });

  it('a medium that is no RTP is told, as nothing of it passes', async () => {
    const fax = 'm=image 4002 udptl t38';
    expect(await ng.sdp('offer', { ...CALL, sdp: audio(4000, '192.0.2.1', [fax]) })).toMatch(
      /^m=image \d+ udptl t38$/m,
    );
    expect(ng.notes).toEqual(['ignored, as it has no effect here: a medium of udptl, as only RTP is relayed']);
  });

  it('names that an object has anyway are as unknown as others', async () => {
    const odd = { constructor: 'x', toString: ['y'], replace: ['constructor', '__proto__'], 'rtcp-mux': ['valueOf'] };
    await ng.sdp('offer', { ...CALL, ...odd, sdp: audio(4000) });
    expect(ng.notes.length).toBe(5);
  });
});

describe('interfaces', () => {
  beforeEach(() => {
    ng = new NgHarness(new FakeMedia(), [
      { name: 'inside', address: '127.0.0.1' },
      { name: 'outside', address: '127.0.0.2', advertised: '198.51.100.7' },
      { name: 'outside', address: '::1' },
    ]);
  });

  it('are chosen by direction, once for the call, and written as they are advertised', async () => {
    const offered = await ng.sdp('offer', { ...CALL, direction: ['inside', 'outside'], sdp: audio(4000) });
    const answered = await ng.sdp('answer', { ...BOTH, sdp: audio(5000) });
    expect([ng.media.only.leases.a.address, ng.media.only.leases.b.address]).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(offered).toContain('c=IN IP4 198.51.100.7');
    expect(answered).toContain('c=IN IP4 127.0.0.1');
    const back = { ...CALL, 'from-tag': 'callee', 'to-tag': 'caller' };
    expect(await ng.sdp('offer', { ...back, sdp: audio(5002) })).toContain('c=IN IP4 127.0.0.1');
  });

  it('of the family that is asked for stand between IPv4 and IPv6', async () => {
    const offered = await ng.sdp('offer', {
      ...CALL,
      direction: ['inside', 'outside'],
      'address family': 'IP6',
      sdp: audio(4000),
    });
    expect(offered).toContain('c=IN IP6 ::1');
    await ng.sdp('answer', { ...BOTH, sdp: audio(5000, '2001:db8::2') });
    expect(ng.media.only.leases.b.address).toBe('::1');
  });

  it('that do not exist are told, and the default taken', async () => {
    await ng.sdp('offer', { ...CALL, direction: ['moon', 'outside'], sdp: audio(4000) });
    expect(ng.media.only.leases.a.address).toBe('127.0.0.1');
    expect(ng.notes).toEqual(['ignored, as it has no effect here: direction=moon']);
  });
});

it('descriptions leave with the faults of whoever said them, in the calls that are chosen', async () => {
  ng.sdpFaultsOf = (call) =>
    call === 1
      ? { a: [{ kind: 'remove-telephone-event' }], b: [{ kind: 'direction', is: 'sendonly' }] }
      : { a: [], b: [] };
  const offered = await ng.sdp('offer', { ...CALL, sdp: audio(4000) });
  expect(offered).toMatch(/^m=audio \d+ RTP\/AVP 0 8\r$/m);
  expect(await ng.sdp('answer', { ...BOTH, sdp: audio(5000) })).toMatch(
    /^m=audio \d+ RTP\/AVP 0 8 101\r$[\s\S]*a=sendonly\r$/m,
  );
  expect(await ng.sdp('offer', { ...CALL, 'call-id': 'c2', sdp: audio(4000) })).toContain(' 0 8 101\r');
});

describe('media of a call', () => {
  it.each([
    ['block media', 'unblock media', 'media'],
    ['block DTMF', 'unblock DTMF', 'events'],
    ['silence media', 'unsilence media', 'silence'],
  ])('knows %s of one party and of all, each ended for itself by %s', async (begin, end, what) => {
    await establish({ label: 'alice' });
    const { blocked } = ng.media.only;
    expect(await ng.ask(begin, { ...CALL, 'from-tag': 'callee' })).toEqual({ result: 'ok' });
    expect(blocked).toEqual({ aToB: [], bToA: [what] });
    await ng.ask(begin, { 'call-id': 'c1' });
    expect(blocked).toEqual({ aToB: [what], bToA: [what] });
    await ng.ask(end, { 'call-id': 'c1' });
    expect(blocked).toEqual({ aToB: [], bToA: [what] });
    await ng.ask(end, { 'call-id': 'c1', flags: ['all'] });
    expect(blocked).toEqual({ aToB: [], bToA: [] });
    await ng.ask(begin, { 'call-id': 'c1', address: '192.0.2.1' });
    expect(blocked).toEqual({ aToB: [what], bToA: [] });
    await ng.ask(end, { 'call-id': 'c1', label: 'alice' });
    expect(blocked).toEqual({ aToB: [], bToA: [] });
  });

  it('may have several things blocked at once', async () => {
    await establish();
    const { blocked } = ng.media.only;
    for (const command of ['block DTMF', 'silence media']) await ng.ask(command, { ...CALL, 'DTMF-security': 'drop' });
    await ng.ask('block media', { 'call-id': 'c1' });
    expect(blocked).toEqual({ aToB: ['media', 'events', 'silence'], bToA: ['media'] });
    await ng.ask('unblock media', { 'call-id': 'c1' });
    expect(blocked).toEqual({ aToB: ['events', 'silence'], bToA: [] });
    expect(ng.notes).toEqual([]);
  });

  it.each([
    [{ 'from-tag': 'nobody' }, 'From-tag given, but no such tag exists'],
    [{ label: 'nobody' }, 'No monologue matching the given label'],
    [{ address: '203.0.113.1' }, 'Failed to match address to any tag'],
  ])('of %j is an error', async (whom, reason) => {
    await establish();
    expect(await ng.ask('block media', { 'call-id': 'c1', ...whom })).toEqual({
      result: 'error',
      'error-reason': reason,
    });
  });

  it('is dropped and let through again as an offer says', async () => {
    await establish();
    await ng.sdp('offer', { ...BOTH, 'drop-traffic': 'start', sdp: audio(4000) });
    expect(ng.media.only.blocked).toEqual({ aToB: ['traffic'], bToA: ['traffic'] });
    await ng.sdp('offer', { ...BOTH, 'drop-traffic': 'stop', sdp: audio(4000) });
    expect(ng.media.only.blocked).toEqual({ aToB: [], bToA: [] });
  });
});

describe('a description that came by here before', () => {
  it('is left alone where loops are guarded against', async () => {
    const offered = await ng.sdp('offer', { ...CALL, flags: ['loop protect'], sdp: audio(4000) });
    expect(offered).toMatch(/^a=trunkstorm:[0-9a-f]{16}$/m);
    const again = await ng.sdp('offer', { 'call-id': 'c2', 'from-tag': 'x', flags: ['loop-protect'], sdp: offered });
    expect(again).toBe(offered);
    expect(ng.engine.calls.size).toBe(1);
  });
});

describe('what is told of calls', () => {
  it('has the form that clients of rtpengine read', async () => {
    await establish({ label: 'x' });
    ng.media.only.lastPacketMs = 5000;
    const { tags, totals, created } = (await ng.ask('query', { 'call-id': 'c1' })) as never as {
      created: number;
      totals: object;
      tags: Record<string, { label: string; medias: { codec: string; streams: object[]; flags: string[] }[] }>;
    };
    expect(created).toBe(1_700_000_001);
    expect(Object.keys(tags)).toEqual(['caller', 'callee']);
    expect(totals).toEqual({
      RTP: { packets: 12, bytes: 12 * 172, errors: 2 },
      RTCP: { packets: 2, bytes: 120, errors: 0 },
    });
    const [medium] = tags.caller.medias;
    expect(medium).toMatchObject({ index: 1, type: 'audio', protocol: 'RTP/AVP', codec: 'PCMU/8000' });
    expect(medium.flags).toEqual(['initialized', 'send', 'recv']);
    expect(medium.streams).toMatchObject([
      {
        'local port': ng.media.only.leases.a.rtpPort,
        'local address': '127.0.0.1',
        family: 'IPv4',
        endpoint: { family: 'IPv4', address: '192.0.2.1', port: 4000 },
        'advertised endpoint': { family: 'IPv4', address: '192.0.2.1', port: 4000 },
        'last packet': 1_700_000_005,
        SSRC: 0x1234,
        stats: { packets: 7, bytes: 7 * 172, errors: 1 },
      },
      { 'local port': ng.media.only.leases.a.rtcpPort, endpoint: { port: 4001 }, stats: { packets: 1 } },
    ]);
  });

  it('comes with a delete too, and a delete of nothing is a warning, or an error where it is fatal', async () => {
    await establish();
    expect(await ng.ask('delete', BOTH)).toMatchObject({ result: 'ok', totals: { RTP: { packets: 12 } } });
    expect([ng.engine.calls.size, ng.media.leased.size]).toEqual([0, 0]);
    const reason = "Call-ID not found or tags didn't match";
    expect(await ng.ask('delete', BOTH)).toEqual({ result: 'ok', warning: reason });
    expect(await ng.ask('delete', { ...BOTH, flags: ['fatal'] })).toEqual({ result: 'error', 'error-reason': reason });
  });

  it('lists calls up to a limit', async () => {
    for (let i = 0; i < 40; i++) await ng.sdp('offer', { 'call-id': `c${i}`, 'from-tag': 'a', sdp: audio(4000) });
    expect((await ng.ask('list')).calls).toHaveLength(32);
    expect((await ng.ask('list', { limit: 100 })).calls).toHaveLength(40);
    expect((await ng.ask('list', { limit: '3' })).calls).toEqual(['c0', 'c1', 'c2']);
  });

  it('counts commands by controller, and calls by how they ended', async () => {
    await ng.raw('1 d7:command4:pinge', '192.0.2.50');
    await establish();
    await ng.ask('offer', { ...CALL, sdp: 'x' });
    ng.clock.advance(2000);
    await ng.ask('delete', BOTH);
    const { statistics } = (await ng.ask('statistics')) as never as {
      statistics: {
        totalstatistics: object;
        currentstatistics: object;
        controlstatistics: { proxies: object[]; totaloffercount: number };
        interfaces: object[];
      };
    };
    expect(statistics.currentstatistics).toMatchObject({ sessionsown: 0, sessionstotal: 0 });
    expect(statistics.totalstatistics).toMatchObject({
      managedsessions: 1,
      regularterminatedsessions: 1,
      avgcallduration: '2.000000',
      uptime: '2',
    });
    expect(statistics.controlstatistics.totaloffercount).toBe(2);
    expect(statistics.controlstatistics.proxies).toMatchObject([
      { proxy: '192.0.2.50', pingcount: 1, errorcount: 0 },
      { proxy: '127.0.0.1', offercount: 2, answercount: 1, deletecount: 1, errorcount: 1 },
    ]);
    expect(statistics.interfaces).toMatchObject([{ name: 'default', ports: { min: 30_000, max: 30_999, used: 0 } }]);
  });
});
