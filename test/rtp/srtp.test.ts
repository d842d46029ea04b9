import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { REPLAYED, SrtpContext, UNAUTHENTIC } from '../../src/rtp/srtp.js';
import { deriveSessionKeys, SRTP_SUITES, type SrtpSuite } from '../../src/rtp/srtp-keys.js';

fc.configureGlobal({ seed: 20_260_101 });

const SUITES = Object.keys(SRTP_SUITES) as SrtpSuite[];
const CM_MASTER = Buffer.from('e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6', 'hex');
const GCM_MASTER = Buffer.from('000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7a8a9aaab', 'hex');
const RTP = `800f1234decafbadcafebabe${'ab'.repeat(16)}`;
const RTCP = `81c8000bcafebabe${'ab'.repeat(16)}`;

function room(hex: string): Buffer {
  const bytes = Buffer.alloc(200);
  Buffer.from(hex, 'hex').copy(bytes);
  return bytes;
}

function packet(sequence: number, payload = 20, ssrc = 0xcafebabe): Uint8Array {
  const bytes = new Uint8Array(12 + payload + 20).fill(0x5a);
  writeRtpHeader(bytes, 0, false, 0, sequence, sequence * 160, ssrc);
  return bytes;
}

describe('SRTP against published vectors', () => {
  it('derives the session keys of RFC 3711, appendix B.3', () => {
    const keys = deriveSessionKeys('AES_CM_128_HMAC_SHA1_80', CM_MASTER.subarray(0, 16), CM_MASTER.subarray(16), 'rtp');
    expect(keys.key.toString('hex')).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(keys.salt.toString('hex')).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(keys.auth.toString('hex')).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  // The packets that libsrtp validates itself with.
  it.each([
    [
      'AES_CM_128_HMAC_SHA1_80',
      CM_MASTER,
      '4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb',
      '7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
    ],
    [
      'AEAD_AES_128_GCM',
      GCM_MASTER,
      'c5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392',
      'c98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001',
    ],
  ] as const)('protects RTP and RTCP by %s', (suite, master, rtp, rtcp) => {
    const context = new SrtpContext(suite, master);
    const media = room(RTP);
    const mediaBytes = context.protectRtp(media, 0, 28);
    expect(media.subarray(0, mediaBytes).toString('hex')).toBe(RTP.slice(0, 24) + rtp);

    context.protectRtcp(room(RTCP), 0, 24);
    const control = room(RTCP);
    const controlBytes = context.protectRtcp(control, 0, 24);
    expect(control.subarray(0, controlBytes).toString('hex')).toBe(RTCP.slice(0, 16) + rtcp);

    const opener = new SrtpContext(suite, master);
    expect(opener.openRtp(media, 0, mediaBytes)).toBe(28);
    expect(media.subarray(0, 28).toString('hex')).toBe(RTP);
    expect(opener.openRtcp(control, 0, controlBytes)).toBe(24);
    expect(control.subarray(0, 24).toString('hex')).toBe(RTCP);
  });
});

describe.each(SUITES)('SRTP by %s', (suite) => {
  const master = Buffer.alloc(30, 7);

  it('opens any packet that it protected, at any place in the memory', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 0, max: 40 }),
        (payload, sequence, offset) => {
          const bytes = new Uint8Array(offset + 12 + payload.length + 20);
          writeRtpHeader(bytes, offset, true, 8, sequence, 1, 99);
          bytes.set(payload, offset + 12);
          const length = new SrtpContext(suite, master).protectRtp(bytes, offset, 12 + payload.length);
          expect(length).toBe(12 + payload.length + SRTP_SUITES[suite].tagBytes);
          expect(new SrtpContext(suite, master).openRtp(bytes, offset, length)).toBe(12 + payload.length);
          expect(bytes.subarray(offset + 12, offset + 12 + payload.length)).toEqual(payload);
        },
      ),
    );
  });

  it('refuses a packet with one bit changed anywhere', () => {
    for (let bit = 0; bit < 8 * (32 + SRTP_SUITES[suite].tagBytes); bit += 7) {
      const bytes = packet(1);
      const length = new SrtpContext(suite, master).protectRtp(bytes, 0, 32);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const firstByte = bit < 8;
      if (!firstByte) expect(new SrtpContext(suite, master).openRtp(bytes, 0, length), `bit ${bit}`).toBe(UNAUTHENTIC);
    }
  });

  it('refuses a packet that came before, and one that is too old to tell', () => {
    const sender = new SrtpContext(suite, master);
    const receiver = new SrtpContext(suite, master);
    const kept: Uint8Array[] = [];
    let length = 0;
    for (let sequence = 0; sequence < 200; sequence++) {
      const bytes = packet(sequence);
      length = sender.protectRtp(bytes, 0, 32);
      kept.push(bytes.slice());
      if (sequence !== 20 && sequence !== 150) expect(receiver.openRtp(bytes, 0, length)).toBe(32);
    }
    expect(receiver.openRtp(kept[199].slice(), 0, length)).toBe(REPLAYED);
    expect(receiver.openRtp(kept[150].slice(), 0, length)).toBe(32);
    expect(receiver.openRtp(kept[150].slice(), 0, length)).toBe(REPLAYED);
    expect(receiver.openRtp(kept[20].slice(), 0, length)).toBe(REPLAYED);
  });

  it('follows the sequence number through its wrap, lost and reordered packets included', () => {
    const sender = new SrtpContext(suite, master);
    const receiver = new SrtpContext(suite, master);
    const order: Uint8Array[] = [];
    let length = 0;
    for (let n = 65_400; n < 65_700; n++) {
      const bytes = packet(n & 0xffff);
      length = sender.protectRtp(bytes, 0, 32);
      if (n % 10 !== 3) order.push(bytes);
    }
    for (let i = 0; i + 1 < order.length; i += 2) [order[i], order[i + 1]] = [order[i + 1], order[i]];
    for (const bytes of order) expect(receiver.openRtp(bytes, 0, length)).toBe(32);
  });

  it('keeps nothing of forged sources, and a bounded number of true ones', () => {
    const sender = new SrtpContext(suite, master);
    const receiver = new SrtpContext(suite, master);
    for (let ssrc = 0; ssrc < 100; ssrc++) expect(receiver.openRtp(packet(1, 40, ssrc), 0, 60)).toBe(UNAUTHENTIC);
    const opened = [];
    for (let ssrc = 0; ssrc < 20; ssrc++) {
      const bytes = packet(1, 20, ssrc);
      const length = sender.protectRtp(bytes, 0, 32);
      opened.push(length < 0 ? -1 : receiver.openRtp(bytes, 0, length));
    }
    expect(opened.filter((bytes) => bytes === 32)).toHaveLength(16);
  });

  it('counts what is too short or too long as not authentic', () => {
    const receiver = new SrtpContext(suite, master);
    const long = packet(1, 4000);
    expect(receiver.openRtp(long, 0, long.length)).toBe(UNAUTHENTIC);
    expect(receiver.openRtcp(long, 0, long.length)).toBe(UNAUTHENTIC);
    for (let length = 12; length < 12 + SRTP_SUITES[suite].tagBytes; length++)
      expect(receiver.openRtp(packet(1, 40), 0, length)).toBe(UNAUTHENTIC);
    for (let length = 8; length < 8 + SRTP_SUITES[suite].rtcpTagBytes + 4; length++)
      expect(receiver.openRtcp(room(RTCP), 0, length)).toBe(UNAUTHENTIC);
  });
});
