import { expect, it } from 'vitest';
import { payloadTypeNames, readRelayedMedia, rtpClockOf } from '../../src/sdp/relayed-media.js';
import { readSdpText } from '../../src/sdp/sdp-text.js';

function codecsOf(formats: string, ...rtpmaps: string[]) {
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.1',
    's=-',
    'c=IN IP4 192.0.2.1',
    't=0 0',
    `m=audio 4000 RTP/AVP ${formats}`,
  ];
  const text = [...lines, ...rtpmaps.map((rtpmap) => `a=rtpmap:${rtpmap}`), ''].join('\r\n');
  return readRelayedMedia(readSdpText(text)!)![0].codecs;
}

it('payload types go by the names that impairments know, however they are written', () => {
  const codecs = codecsOf(
    '0 96 97 98 99 13',
    '96 pcma/8000',
    '97 Telephone-Event/8000',
    '98 L16/16000/1',
    '99 AMR/8000',
  );
  expect(payloadTypeNames(codecs)).toEqual({
    0: 'PCMU',
    96: 'PCMA',
    97: 'telephone-event',
    98: 'L16/16000',
    99: 'AMR',
    13: 'CN',
  });
});

it('the clock is that of the first codec', () => {
  expect(rtpClockOf(codecsOf('96 0', '96 opus/48000/2'))).toBe(48_000);
  expect(rtpClockOf(codecsOf('9'))).toBe(8000);
  expect(rtpClockOf(codecsOf('96'))).toBeNull();
});
