import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { type CryptoLine, chooseKey, cryptoAttribute, masterBytes, usableKeys } from '../../src/sdp/sdes.js';

const KEY = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';

function linesOf(...attributes: string[]): CryptoLine[] {
  const text = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0', 'm=audio 5004 RTP/SAVP 0', ...attributes, ''].join(
    '\r\n',
  );
  return (parse(text).media[0].crypto ?? []) as CryptoLine[];
}

describe('SDES keys in a description (RFC 4568)', () => {
  it('are read in order: the example of section 4.1', () => {
    const keys = usableKeys(
      linesOf(
        `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4 FEC_ORDER=FEC_SRTP`,
        'a=crypto:2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4',
        `a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:${KEY}|2^20`,
        `a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
      ),
    );
    expect(keys.map(({ tag, suite }) => [tag, suite])).toEqual([
      [3, 'AES_CM_128_HMAC_SHA1_32'],
      [4, 'AES_CM_128_HMAC_SHA1_80'],
    ]);
    expect(Buffer.from(keys[0].master).toString('base64')).toBe(KEY);
  });

  it.each([
    ['a suite that nobody knows', `a=crypto:1 AES_512 inline:${KEY}`],
    ['a key that is too short', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19z'],
    ['a key of another suite', `a=crypto:1 AEAD_AES_128_GCM inline:${KEY}`],
    ['what is no base64', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY.slice(0, -1)}!`],
    ['two keys', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY};inline:${KEY}`],
    ['a master key identifier', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1:4`],
    ['a parameter that leaves RTP in the clear', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} UNENCRYPTED_SRTP`],
    ['another key method', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 other:${KEY}`],
    ['a name of every object', `a=crypto:1 constructor inline:${KEY}`],
  ])('are not taken from %s', (_what, attribute) => {
    expect(usableKeys(linesOf(attribute))).toEqual([]);
  });

  it('may carry a parameter that is marked as one to ignore', () => {
    expect(usableKeys(linesOf(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} -note=1`))).toHaveLength(1);
  });

  it.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'] as const)(
    'of %s are written as they are read',
    (suite) => {
      const key = { tag: 7, suite, master: new Uint8Array(masterBytes(suite)).map((_, i) => i * 7) };
      const [read] = usableKeys(linesOf(cryptoAttribute(key)));
      expect({ ...read, master: [...read.master] }).toEqual({ ...key, master: [...key.master] });
    },
  );

  it('are chosen by what the answerer prefers', () => {
    const offered = usableKeys(
      linesOf(`a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`, `a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`),
    );
    expect(chooseKey(['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'], offered)?.tag).toBe(2);
    expect(chooseKey(['AEAD_AES_128_GCM'], offered)).toBeNull();
  });
});
