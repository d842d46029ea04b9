import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../src/core/codecs.js';
import { type Exchange, isExchange, type Mismatch, Negotiation } from '../../src/sdp/negotiation.js';

function side(codecs: readonly CodecName[], port = 20000, ptimeMs = 20, comfortNoise = false): Negotiation {
  return new Negotiation({ address: '127.0.0.1', port, ptimeMs, sessionId: 9 }, codecs, [], comfortNoise);
}

function versionOf(text: string): number {
  return Number(/^o=\S+ \d+ (\d+) /m.exec(text)![1]);
}

function directionOf(text: string): string {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\r$/m.exec(text)![1];
}

function taken(result: Exchange | Mismatch): Exchange {
  if (!isExchange(result)) throw new Error(result.reason);
  return result;
}

describe('offers and answers of a dialog', () => {
  it('bring both sides to one codec, each accepting what the other sends', () => {
    const caller = side(['opus', 'G722', 'PCMU']);
    const callee = side(['G722', 'PCMU'], 30000);
    const answered = callee.answer(caller.offer())!;
    const heard = taken(caller.takeAnswer(answered.answer));
    expect(answered.agreement.codec).toBe('G722');
    expect(heard.agreement.codec).toBe('G722');
    expect(heard.remote.port).toBe(30000);
    expect(answered.accept[heard.agreement.sendPayloadType]).toBe('G722');
    expect(heard.accept[answered.agreement.sendPayloadType]).toBe('G722');
    expect(answered.accept[heard.agreement.eventPayloadType!]).toBe('telephone-event');
    expect(heard.accept).toMatchObject({ 111: 'opus', 9: 'G722', 0: 'PCMU', 13: 'CN', 101: 'telephone-event' });
  });

  it('list chosen codecs alone, which keep their payload types; others may still come, and come back', () => {
    const caller = side(['opus', 'G722', 'PCMU']);
    const callee = side(['opus', 'G722', 'PCMU'], 30000);
    taken(caller.takeAnswer(callee.answer(caller.offer())!.answer));
    expect(caller.choose(['PCMU', 'G722'])).toBeNull();
    const offer = caller.offer();
    expect(offer).toMatch(/^m=audio 20000 RTP\/AVP 0 9 101\r$/m);
    expect(versionOf(offer)).toBe(2);
    expect(caller.offer()).toBe(offer);
    const changed = taken(caller.takeAnswer(callee.answer(offer)!.answer));
    // The answerer's preference.
    expect(changed.agreement.codec).toBe('G722');
    expect(changed.accept).toMatchObject({ 111: 'opus', 9: 'G722', 0: 'PCMU', 101: 'telephone-event' });
    expect(caller.takeAnswer(offer.replace('RTP/AVP 0 9 101', 'RTP/AVP 111'))).toMatchObject({ cause: 'codec' });
    expect(caller.choose(null)).toEqual(['PCMU', 'G722']);
    expect(caller.offer()).toMatch(/RTP\/AVP 111 9 0 /);
  });

  it('agree on comfort noise where both want it, and the codec has its clock (RFC 3389)', () => {
    const wants = (codecs: readonly CodecName[]) => side(codecs, 20000, 20, true);
    const both = (caller: Negotiation, callee: Negotiation) => {
      const answered = callee.answer(caller.offer())!;
      return [answered, taken(caller.takeAnswer(answered.answer))].map((e) => e.agreement.comfortPayloadType);
    };
    expect(wants(['PCMA', 'opus']).offer()).toContain('m=audio 20000 RTP/AVP 8 111 13 101 110\r\n');
    expect(both(wants(['PCMA', 'opus']), wants(['PCMA']))).toEqual([13, 13]);
    expect(both(wants(['opus', 'PCMA']), wants(['opus']))).toEqual([null, null]);
    expect(both(wants(['PCMA']), side(['PCMA']))).toEqual([null, null]);
    expect(both(side(['PCMA']), wants(['PCMA']))).toEqual([null, null]);
    expect(wants(['opus']).offer()).not.toContain('CN/');
  });

  it('take comfort noise under the payload type of the offer, also where a static one has no rtpmap', () => {
    const callee = side(['PCMA'], 20000, 20, true);
    const offer = side(['PCMA'], 30000, 20, true).offer();
    const moved = callee.answer(offer.replace('AVP 8 13', 'AVP 8 113').replace('rtpmap:13 CN', 'rtpmap:113 cn'))!;
    expect(moved.agreement.comfortPayloadType).toBe(113);
    expect(moved.answer).toContain('m=audio 20000 RTP/AVP 8 113 101\r\n');
    expect(moved.accept).toMatchObject({ 13: 'CN', 113: 'CN' });
    // Static, so it needs none.
    expect(callee.answer(offer.replace('a=rtpmap:13 CN/8000\r\n', ''))!.agreement.comfortPayloadType).toBe(13);
  });

  it('keep the payload types of an offerer that has its own', () => {
    const callee = side(['opus']);
    const offer = side(['opus']).offer().replaceAll('111', '96').replaceAll('110', '97');
    const answered = callee.answer(offer)!;
    expect(answered.agreement).toMatchObject({ codec: 'opus', sendPayloadType: 96, eventPayloadType: 97 });
    // A later offer of the callee's own gives the codec no second payload type.
    expect(callee.offer()).toContain('a=rtpmap:96 opus/48000/2');
    expect(callee.offer()).not.toContain('rtpmap:111');
  });

  it('count the version up only when a description differs from the one before', () => {
    const caller = side(['PCMU']);
    expect(versionOf(caller.offer())).toBe(1);
    expect(versionOf(caller.offer())).toBe(1);
    caller.hold(true);
    expect(versionOf(caller.offer())).toBe(2);
    caller.hold(false);
    expect(versionOf(caller.offer())).toBe(3);
  });

  it('say who holds whom', () => {
    const holder = side(['PCMU']);
    const held = side(['PCMU'], 30000);
    holder.hold(true);
    const offer = holder.offer();
    expect(directionOf(offer)).toBe('sendonly');
    const answered = held.answer(offer)!;
    expect(directionOf(answered.answer)).toBe('recvonly');
    expect(answered.agreement.direction).toBe('recvonly');
    expect(taken(holder.takeAnswer(answered.answer)).agreement.direction).toBe('sendonly');

    // The held side holds too: nobody sends.
    held.hold(true);
    expect(held.answer(offer)!.agreement.direction).toBe('inactive');

    held.hold(false);
    holder.hold(false);
    const resumed = held.answer(holder.offer())!;
    expect(directionOf(resumed.answer)).toBe('sendrecv');
    expect(taken(holder.takeAnswer(resumed.answer)).agreement.direction).toBe('sendrecv');
  });

  it('change the codec within the dialog', () => {
    const callee = side(['PCMU', 'PCMA']);
    expect(callee.answer(side(['PCMU']).offer())!.agreement.codec).toBe('PCMU');
    expect(callee.answer(side(['PCMA']).offer())!.agreement.codec).toBe('PCMA');
  });

  it('without a common codec end in nothing for the answerer and in a reason for the offerer', () => {
    const caller = side(['PCMU']);
    const offer = caller.offer();
    expect(side(['opus']).answer(offer)).toBeNull();
    expect(side(['opus']).answer('')).toBeNull();
    const wrong = side(['PCMU', 'G722']).answerWrongly(offer)!;
    expect(caller.takeAnswer(wrong.answer)).toEqual({
      cause: 'codec',
      reason: 'answered with G722/8000, none of which was offered',
    });
    expect(caller.takeAnswer('v=0\r\n')).toEqual({ cause: 'codec', reason: 'answered without an audio stream' });
  });

  it('answer wrongly with what really was not offered', () => {
    const caller = side(['G722', 'PCMU']);
    const wrong = side(['PCMU']).answerWrongly(caller.offer())!;
    expect(caller.takeAnswer(wrong.answer)).toEqual({
      cause: 'codec',
      reason: 'answered with G729/8000, none of which was offered',
    });
  });
});

describe('streams beside the audio', () => {
  const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';
  const video = 'm=video 5000 RTP/AVP 96 97\r\na=rtpmap:96 H264/90000\r\n';
  const audio = 'm=audio 4000 RTP/AVP 0\r\n';
  const fax = 'm=image 4002 udptl t38\r\n';
  const streams = (text: string): string[] => text.match(/^m=.*/gm) ?? [];

  it('are refused in their places, and keep them in what we say later (RFC 3264 6 and 8)', () => {
    const us = side(['PCMU']);
    const answered = us.answer(`${head}${video}${audio}${fax}`)!;
    const places = ['m=video 0 RTP/AVP 96 97', 'm=audio 20000 RTP/AVP 0', 'm=image 0 udptl t38'];
    expect(streams(answered.answer)).toEqual(places);
    expect(answered.remote.port).toBe(4000);
    expect(directionOf(answered.answer)).toBe('sendrecv');
    us.hold(true);
    expect(streams(us.offer()).map((line) => line.split(' ').slice(0, 2))).toEqual([
      ['m=video', '0'],
      ['m=audio', '20000'],
      ['m=image', '0'],
    ]);
    expect(streams(us.answer(`${head}${audio}`)!.answer)).toEqual(['m=audio 20000 RTP/AVP 0']);
  });

  it('of audio, too: the first one is taken that is not refused', () => {
    const answered = side(['PCMU']).answer(`${head}m=audio 0 RTP/AVP 0\r\n${audio}m=audio 4004 RTP/SAVP 0\r\n`)!;
    expect(answered.remote.port).toBe(4000);
    expect(streams(answered.answer)).toEqual([
      'm=audio 0 RTP/AVP 0',
      'm=audio 20000 RTP/AVP 0',
      'm=audio 0 RTP/SAVP 0',
    ]);
  });

  it('of audio, once in clear and once with keys: each side takes the one that it speaks', () => {
    const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n';
    const offer = `${head}m=audio 4004 RTP/SAVP 0\r\n${key}${audio}`;
    const local = { address: '127.0.0.1', port: 20000, ptimeMs: 20, sessionId: 9 };
    const sealed = new Negotiation(local, ['PCMU'], ['AES_CM_128_HMAC_SHA1_80']).answer(offer)!;
    expect([sealed.remote.port, sealed.srtp?.suite]).toEqual([4004, 'AES_CM_128_HMAC_SHA1_80']);
    expect(streams(sealed.answer)).toEqual(['m=audio 20000 RTP/SAVP 0', 'm=audio 0 RTP/AVP 0']);
    const clear = side(['PCMU']).answer(offer)!;
    expect([clear.remote.port, clear.srtp]).toEqual([4000, null]);
    expect(streams(clear.answer)).toEqual(['m=audio 0 RTP/SAVP 0', 'm=audio 20000 RTP/AVP 0']);
  });

  it('that cannot be read keep their places all the same', () => {
    const answered = side(['PCMU']).answer(`${head}m=nonsense\r\n${audio}`)!;
    expect(streams(answered.answer)).toEqual(['m=audio 0 RTP/AVP 0', 'm=audio 20000 RTP/AVP 0']);
  });
});

describe('RTCP of a description', () => {
  const base = 'v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

  it.each([
    ['', '10.0.0.9', 4001],
    ['a=rtcp:4444\r\n', '10.0.0.9', 4444],
    ['a=rtcp:4444 IN IP4 10.0.0.8\r\n', '10.0.0.8', 4444],
    ['a=rtcp:0\r\n', '10.0.0.9', 4001],
    ['a=rtcp:70000\r\n', '10.0.0.9', 4001],
    ['a=rtcp:x\r\n', '10.0.0.9', 4001],
  ])('is taken on the port above that of RTP unless it says otherwise: %j', (line, address, port) => {
    expect(side(['PCMU']).answer(base + line)!.remote.rtcp).toEqual({ address, port });
  });

  const muxing = (rtcpMux: boolean, port: number): Negotiation =>
    new Negotiation({ address: '127.0.0.1', port, ptimeMs: 20, sessionId: 9, rtcpMux }, ['PCMU']);

  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('shares the port of RTP only where both sides say so: caller %s, callee %s', (ours, theirs) => {
    const caller = muxing(ours, 20000);
    const offer = caller.offer();
    expect(offer.includes('a=rtcp-mux\r\n')).toBe(ours);
    const answered = muxing(theirs, 30000).answer(offer)!;
    expect(answered.answer.includes('a=rtcp-mux\r\n')).toBe(ours && theirs);
    expect(answered.rtcpMux).toBe(ours && theirs);
    expect(taken(caller.takeAnswer(answered.answer)).rtcpMux).toBe(ours && theirs);
    expect(caller.offer()).toBe(offer);
  });
});
