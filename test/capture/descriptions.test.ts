import { expect, it } from 'vitest';
import { Descriptions } from '../../src/capture/descriptions.js';

it('an address of digits alone is an address like others, in a capture too', () => {
  const descriptions = new Descriptions();
  const body = 'v=0\r\nc=IN IP4 5\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n';
  const bytes = Buffer.from(`INVITE sip:a@b SIP/2.0\r\n\r\n${body}`);
  descriptions.read(bytes, 0, bytes.length);
  expect(descriptions.of('5:4000', '')?.encodings.get(96)).toBe('opus/48000/2');
});
