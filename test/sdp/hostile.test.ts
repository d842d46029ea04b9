import { describe, expect, it } from 'vitest';
import { readDescription } from '../../src/sdp/read.js';
import { fuzzDescriptions } from '../fuzz/descriptions.js';

const text = (address: string, port: string, rest: readonly string[] = []): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.1',
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8`,
    ...rest,
    '',
  ].join('\r\n');

describe('a description that says what cannot be', () => {
  it('has no stream where its port is none, and does not spoil the next one of its kind', () => {
    for (const port of ['65536', '99999', '4294967296', '-1', '1e3'])
      expect(readDescription(text('192.0.2.1', port)), port).toBeNull();
    expect(readDescription(text('192.0.2.1', '4000'))).toMatchObject({ port: 4000, rtcp: { port: 4001 } });
    expect(readDescription(text('192.0.2.1', '65535'))).toMatchObject({ port: 65_535, rtcp: { port: 0 } });
    expect(readDescription(text('192.0.2.1', '4000', ['a=rtcp:65536']))).toMatchObject({ rtcp: { port: 4001 } });
  });

  it('has addresses and keys that are text, even where they are digits alone', () => {
    const lines = ['a=rtcp:4001 IN IP4 7', 'a=crypto:1 5 6 7'];
    expect(readDescription(text('5', '4000', lines))).toMatchObject({
      address: '5',
      rtcp: { address: '7', port: 4001 },
      crypto: [{ suite: '5', config: '6', sessionConfig: '7' }],
    });
  });

  it('has no payload type beyond 127', () => {
    const lines = ['a=rtpmap:128 PCMU/8000', 'a=rtpmap:300 telephone-event/8000'];
    const read = readDescription(text('192.0.2.1', '4000', lines).replace('AVP 0 8', 'AVP 128 300 8'));
    expect(read).toMatchObject({ codecs: [{ name: 'PCMA', payloadType: 8 }], eventPayloadTypes: {} });
  });
});

it('mutated descriptions never throw, take long, or lead to what cannot be sent', () => {
  const { taken, refused } = fuzzDescriptions(4, 4000);
  // Not all was refused at the door, and not all was taken.
  expect(Math.min(taken, refused)).toBeGreaterThan(500);
});
