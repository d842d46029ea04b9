import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayNegotiation } from '../../src/sdp/relay-negotiation.js';
import { PLAIN_RELAY, type RelayOptions } from '../../src/sdp/relay-options.js';
import type { LocalMedia } from '../../src/sdp/relay-party.js';
import { readSdpText, writeSdpText } from '../../src/sdp/sdp-text.js';

const CALLER = [
  'v=0',
  'o=alice 4711 3 IN IP4 192.0.2.1',
  's=call',
  'c=IN IP4 192.0.2.1',
  't=0 0',
  'a=ice-lite',
  'm=audio 4000 RTP/AVP 0 8 101',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host',
  'a=x-own:1',
  'a=rtcp:4001',
  'a=ptime:20',
];

const text = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

/** The relay's address and ports towards a party. */
const local = (index: number): LocalMedia => ({
  address: '198.51.100.1',
  rtpPort: 30_000 + 2 * index,
  rtcpPort: 30_001 + 2 * index,
});

function pass(
  negotiation: RelayNegotiation,
  from: 'a' | 'b',
  kind: 'offer' | 'answer',
  sdp: string,
  options: Partial<RelayOptions> = {},
): string {
  const passed = negotiation.pass(from, kind, sdp, { ...PLAIN_RELAY, ...options });
  if ('error' in passed) throw new Error(passed.error);
  return passed.write(passed.media.map(({ index }) => local(index)));
}

describe('a description on its way through a relay', () => {
  it('has the relay’s addresses and ports, and nothing that only the parties could use', () => {
    expect(pass(new RelayNegotiation(), 'a', 'offer', text(CALLER), { replaceOrigin: true })).toBe(
      text([
        'v=0',
        'o=alice 4711 3 IN IP4 198.51.100.1',
        's=call',
        'c=IN IP4 198.51.100.1',
        't=0 0',
        'm=audio 30000 RTP/AVP 0 8 101',
        'a=x-own:1',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=sendrecv',
        'a=rtcp:30001',
        'a=ptime:20',
      ]),
    );
  });

  it('tells where each party wants its media, until that is refused', () => {
    const negotiation = new RelayNegotiation();
    pass(negotiation, 'a', 'offer', text(CALLER));
    expect(negotiation.medium('a', 0)).toMatchObject({
      endpoint: { address: '192.0.2.1', port: 4000 },
      rtcpEndpoint: { address: '192.0.2.1', port: 4001 },
      rtcpMux: false,
      srtp: null,
    });
    expect(negotiation.medium('b', 0)!.endpoint).toBeNull();
    pass(negotiation, 'b', 'answer', text([...CALLER.slice(0, 5), 'm=audio 0 RTP/AVP 0']));
    expect(negotiation.medium('b', 0)!.endpoint).toBeNull();
    expect(negotiation.medium('a', 1)).toBeNull();
  });

  it('passes SRTP on with keys of the relay’s own, each side with what it took', () => {
    const negotiation = new RelayNegotiation();
    const key = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
    const protectedBy = (...lines: string[]): string =>
      text([...CALLER.map((line) => line.replace('RTP/AVP', 'RTP/SAVP')), ...lines]);
    const offered = pass(negotiation, 'a', 'offer', protectedBy(`a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:${key}`));
    const keys = [...offered.matchAll(/^a=crypto:(\d+) (\S+) inline:(\S+)/gm)].map(([, tag, suite]) => [tag, suite]);
    // What was offered first, under its tag; then what else there is.
    expect(keys).toEqual([
      ['4', 'AES_CM_128_HMAC_SHA1_32'],
      ['5', 'AEAD_AES_128_GCM'],
      ['6', 'AES_CM_128_HMAC_SHA1_80'],
    ]);
    expect(offered).not.toContain(key);
    const answer = protectedBy(`a=crypto:6 AES_CM_128_HMAC_SHA1_80 inline:${key}`);
    const answered = pass(negotiation, 'b', 'answer', answer);
    expect(answered).toMatch(/^a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:/m);
    const [a, b] = [negotiation.medium('a', 0)!.srtp!, negotiation.medium('b', 0)!.srtp!];
    expect([a.suite, b.suite]).toEqual(['AES_CM_128_HMAC_SHA1_32', 'AES_CM_128_HMAC_SHA1_80']);
    expect([a.receive, b.receive]).toEqual([key, key]);
    expect(a.send).not.toBe(b.send);
    // A key that nobody offered is none.
    const wrong = negotiation.pass(
      'b',
      'answer',
      protectedBy(`a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:${key}`),
      PLAIN_RELAY,
    );
    expect(wrong).toEqual({ error: 'No usable SRTP key in message' });
  });

  it('counts the version of o= up when anything differs, and only then', () => {
    const negotiation = new RelayNegotiation();
    const versions = [CALLER, CALLER, [...CALLER, 'a=sendonly'], [...CALLER, 'a=sendonly'], CALLER].map(
      (lines) =>
        /^o=alice 4711 (\d+) /m.exec(pass(negotiation, 'a', 'offer', text(lines), { replaceVersion: true }))![1],
    );
    expect(versions).toEqual(['3', '3', '4', '4', '5']);
  });
});

describe('hostile descriptions', () => {
  const line = fc.oneof(
    fc.constantFrom(...CALLER),
    fc.constantFrom(
      'a=',
      'a=:',
      'm=',
      'c=',
      'o=',
      'a=rtpmap:',
      'a=crypto:',
      'a=rtcp:99999',
      'm=audio 1/0 RTP/AVP',
      'c=IN IP6 ::1',
    ),
    fc.string({ unit: 'binary', maxLength: 40 }).map((tail) => `a=${tail.replace(/[\r\n]/g, '')}`),
    fc
      .tuple(fc.constantFrom('m', 'c', 'o', 'a', 'b', 't'), fc.string({ maxLength: 60 }))
      .map(([letter, tail]) => `${letter}=${tail.replace(/[\r\n]/g, '')}`),
  );

  it('never throw, and what comes out can be read again', () => {
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 30 }), { minLength: 1, maxLength: 4 }), (bodies) => {
        const negotiation = new RelayNegotiation();
        bodies.forEach((lines, i) => {
          const sdp = text([
            'v=0',
            'o=- 1 1 IN IP4 192.0.2.1',
            's=-',
            ...lines.filter((one) => !one.startsWith('o=') && one !== 'v=0'),
          ]);
          const kind = i % 2 === 0 ? 'offer' : 'answer';
          const passed = negotiation.pass(i % 2 === 0 ? 'a' : 'b', kind, sdp, { ...PLAIN_RELAY, replaceVersion: true });
          if ('error' in passed) return;
          const written = passed.write(passed.media.map(({ index }) => local(index)));
          expect(readSdpText(written)).not.toBeNull();
          expect(readSdpText(written)!.media).toHaveLength(passed.media.length);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('of any bytes are read or not, and those that are read are written as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (body) => {
        readSdpText(body);
        const whole = text(['v=0', 'o=- 1 1 IN IP4 192.0.2.1', `s=${body.replace(/[\r\n]/g, '')}`]);
        expect(writeSdpText(readSdpText(whole)!)).toBe(whole);
      }),
    );
  });
});
