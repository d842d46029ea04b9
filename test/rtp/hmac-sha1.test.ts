import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HmacSha1 } from '../../src/rtp/hmac-sha1.js';

const hex = (tag: string): string => Buffer.from(tag, 'latin1').toString('hex');

describe('HMAC-SHA1', () => {
  it.each([
    ['0b'.repeat(20), Buffer.from('Hi There'), 'b617318655057264e28bc0b6fb378c8ef146be00'],
    [
      Buffer.from('Jefe').toString('hex'),
      Buffer.from('what do ya want for nothing?'),
      'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
    ],
    ['aa'.repeat(20), Buffer.alloc(50, 0xdd), '125d7342b9ac11cd91a39af48aa17b4f63f175d3'],
  ])('gives the digests of RFC 2202', (key, message, digest) => {
    expect(hex(new HmacSha1(Buffer.from(key, 'hex')).of(message, 0, message.length, -1))).toBe(digest);
  });

  it("is node's for any key and message, wherever it lies, with a trailer and without, one after the other", () => {
    const key = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(
        key,
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(20),
        fc.nat(0xffffffff),
        (k, message, before, word) => {
          const bytes = new Uint8Array(before + message.length + 7).fill(9);
          bytes.set(message, before);
          const trailer = Buffer.alloc(4);
          trailer.writeUInt32BE(word);
          const hmac = new HmacSha1(k);
          for (let again = 0; again < 2; again++) {
            expect(hex(hmac.of(bytes, before, message.length, word))).toBe(byNode(k, message, trailer));
            expect(hex(hmac.of(bytes, before, message.length, -1))).toBe(byNode(k, message));
          }
        },
      ),
    );
  });
});

function byNode(key: Uint8Array, ...parts: Uint8Array[]): string {
  const hmac = createHmac('sha1', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('hex');
}
