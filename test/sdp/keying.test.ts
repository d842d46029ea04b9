import { describe, expect, it } from 'vitest';
import { SRTP_SUITES, type SrtpSuite } from '../../src/rtp/srtp-keys.js';
import { type Exchange, isExchange, type Mismatch, Negotiation } from '../../src/sdp/negotiation.js';

const ALL = Object.keys(SRTP_SUITES) as SrtpSuite[];
const [SHA1_80, SHA1_32, GCM] = ALL;

function side(suites: readonly SrtpSuite[], port = 20000): Negotiation {
  return new Negotiation({ address: '127.0.0.1', port, ptimeMs: 20, sessionId: 9 }, ['PCMU'], suites);
}

function cryptosOf(text: string): string[] {
  return [...text.matchAll(/^a=crypto:(.*)\r$/gm)].map((match) => match[1]);
}

function taken(result: Exchange | Mismatch): Exchange {
  if (!isExchange(result)) throw new Error(result.reason);
  return result;
}

describe('SRTP in the offers and answers of a dialog', () => {
  it('is offered with a key for each suite, in order of preference', () => {
    const offer = side([GCM, SHA1_32]).offer();
    expect(offer).toContain('m=audio 20000 RTP/SAVP 0 101\r\n');
    expect(cryptosOf(offer).map((line) => line.replace(/inline:.*/, ''))).toEqual([`1 ${GCM} `, `2 ${SHA1_32} `]);
    expect(new Set(cryptosOf(offer).map((line) => line.split('inline:')[1])).size).toBe(2);
  });

  it('gives no two dialogs the same key', () => {
    const keys = Array.from({ length: 50 }, () => cryptosOf(side([SHA1_80]).offer())[0]);
    expect(new Set(keys).size).toBe(50);
  });

  it.each(ALL)('agrees on %s where both sides have it: what one sends with the other receives with', (suite) => {
    const caller = side(ALL);
    const answered = side([suite], 30000).answer(caller.offer())!;
    const heard = taken(caller.takeAnswer(answered.answer));
    expect(heard.srtp!.suite).toBe(suite);
    expect(answered.srtp).toEqual({ suite, send: heard.srtp!.receive, receive: heard.srtp!.send });
    expect(heard.srtp!.send).not.toBe(heard.srtp!.receive);
    expect(answered.answer).toContain('m=audio 30000 RTP/SAVP ');
    expect(cryptosOf(answered.answer)).toEqual([`${ALL.indexOf(suite) + 1} ${suite} inline:${answered.srtp!.send}`]);
  });

  it('is by the suite that the answerer prefers', () => {
    expect(side([GCM, SHA1_80]).answer(side([SHA1_80, GCM]).offer())!.srtp!.suite).toBe(GCM);
  });

  it('answers in the profile that was offered', () => {
    const offer = side(ALL).offer().replace('RTP/SAVP ', 'RTP/SAVPF ');
    expect(side(ALL).answer(offer)!.answer).toContain(' RTP/SAVPF ');
  });

  it('keeps its keys in later offers of either side, and the version with them', () => {
    const caller = side(ALL);
    const callee = side(ALL, 30000);
    const first = callee.answer(caller.offer())!;
    taken(caller.takeAnswer(first.answer));
    const offer = caller.offer();
    expect(offer).toContain(' 9 1 IN ');
    const again = callee.answer(offer)!;
    expect(again.srtp).toEqual(first.srtp);
    expect(again.answer).toBe(first.answer);
    const back = caller.answer(callee.offer())!;
    expect(back.srtp).toEqual({ ...first.srtp, send: first.srtp!.receive, receive: first.srtp!.send });
  });

  it('takes a new key of the far end, and answers with its own old one', () => {
    const callee = side(ALL, 30000);
    const first = callee.answer(side(ALL).offer())!;
    const second = callee.answer(side(ALL).offer())!;
    expect(second.srtp!.receive).not.toBe(first.srtp!.receive);
    expect(second.srtp!.send).toBe(first.srtp!.send);
  });

  it('does not come about between a side with SRTP and one without, which says why', () => {
    const clear = side([]);
    expect(clear.answer(side(ALL).offer())).toBeNull();
    expect(clear.mismatch).toEqual({ cause: 'srtp', reason: 'offered RTP/SAVP where only RTP/AVP is spoken' });
    const secure = side(ALL);
    expect(secure.answer(clear.offer())).toBeNull();
    expect(secure.mismatch).toEqual({ cause: 'srtp', reason: 'offered RTP/AVP where only RTP/SAVP is spoken' });
    const answer = side([]).answer(clear.offer())!.answer;
    secure.offer();
    expect(secure.takeAnswer(answer)).toEqual({
      cause: 'srtp',
      reason: 'answered with RTP/AVP where RTP/SAVP was offered',
    });
    expect(clear.takeAnswer(side([SHA1_80]).answer(side([SHA1_80]).offer())!.answer)).toEqual({
      cause: 'srtp',
      reason: 'answered with RTP/SAVP where RTP/AVP was offered',
    });
  });

  it('does not come about without a suite in common, and names what was offered', () => {
    const callee = side([GCM]);
    expect(callee.answer(side([SHA1_80, SHA1_32]).offer())).toBeNull();
    expect(callee.mismatch!.reason).toBe(
      'offered no key for an SRTP suite that is spoken (AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32)',
    );
  });

  it.each([
    ['no key', (text: string) => text.replace(/a=crypto.*\r\n/, '')],
    ['a tag that was not offered', (text: string) => text.replace('a=crypto:1', 'a=crypto:3')],
    ['the tag of another suite', (text: string) => text.replace('a=crypto:1', 'a=crypto:2')],
    ['a key that is cut off', (text: string) => text.replace(/(inline:.{8}).*\r/, '$1\r')],
  ])('refuses an answer with %s', (_what, spoil) => {
    const caller = side([SHA1_80, GCM]);
    const { answer } = side([SHA1_80]).answer(caller.offer())!;
    expect(isExchange(caller.takeAnswer(answer))).toBe(true);
    expect(caller.takeAnswer(spoil(answer))).toMatchObject({ cause: 'srtp' });
  });

  it('is not taken for that of DTLS', () => {
    const offer = side([]).offer().replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF');
    expect(side([]).answer(offer)).toBeNull();
    expect(side(ALL).answer(offer)).toBeNull();
  });
});
