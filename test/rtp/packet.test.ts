import fc from 'fast-check';
import { RtpPacket } from 'rtp.js/packets';
import { describe, expect, it } from 'vitest';
import {
  hasRtpHeader,
  isRtp,
  markerOf,
  payloadEnd,
  payloadStart,
  payloadTypeOf,
  RTP_HEADER_BYTES,
  sequenceOf,
  setPayloadType,
  ssrcOf,
  timestampOf,
  writeRtpHeader,
} from '../../src/rtp/packet.js';

fc.configureGlobal({ seed: 20_260_101 });

interface Shape {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  csrcs: number[];
  extension: number[];
  payload: Uint8Array;
  pad: boolean;
}

const uint32 = fc.nat({ max: 0xffffffff });
const shape: fc.Arbitrary<Shape> = fc.record({
  marker: fc.boolean(),
  // 64–95 are left to RTCP.
  payloadType: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 96, max: 127 })),
  sequence: fc.nat({ max: 0xffff }),
  timestamp: uint32,
  ssrc: uint32,
  csrcs: fc.array(uint32, { maxLength: 15 }),
  extension: fc.array(fc.nat({ max: 255 }), { maxLength: 9 }),
  payload: fc.uint8Array({ maxLength: 200 }),
  pad: fc.boolean(),
});

/** The packet as rtp.js writes it, after `before` bytes of something else. */
function written(s: Shape, before = 0): Uint8Array {
  const packet = new RtpPacket();
  packet.setMarker(s.marker);
  packet.setPayloadType(s.payloadType);
  packet.setSequenceNumber(s.sequence);
  packet.setTimestamp(s.timestamp);
  packet.setSsrc(s.ssrc);
  packet.setCsrcs(s.csrcs);
  if (s.extension.length > 0) {
    packet.enableOneByteExtensions();
    packet.setExtension(1, new DataView(new Uint8Array(s.extension).buffer));
  }
  packet.setPayload(new DataView(s.payload.slice().buffer));
  if (s.pad) packet.padTo4Bytes();
  const length = packet.getByteLength();
  const bytes = new Uint8Array(before + length).fill(0xee);
  packet.serialize(bytes.buffer, before);
  return bytes;
}

describe('RTP packets read by offset', () => {
  it('have the fields that rtp.js wrote, wherever in memory they lie', () => {
    fc.assert(
      fc.property(shape, fc.nat({ max: 40 }), (s, before) => {
        const bytes = written(s, before);
        const length = bytes.length - before;
        expect(isRtp(bytes, before, length)).toBe(true);
        expect(markerOf(bytes, before)).toBe(s.marker);
        expect(payloadTypeOf(bytes, before)).toBe(s.payloadType);
        expect(sequenceOf(bytes, before)).toBe(s.sequence);
        expect(timestampOf(bytes, before)).toBe(s.timestamp);
        expect(ssrcOf(bytes, before)).toBe(s.ssrc);
        const payload = bytes.slice(payloadStart(bytes, before), payloadEnd(bytes, before, length));
        expect([...payload]).toEqual([...s.payload]);
      }),
    );
  });

  it('are never accepted where reading them would leave the packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = 0x80 | (bytes[0] & 0x3f);
        if (!isRtp(bytes, 0, bytes.length)) return;
        const start = payloadStart(bytes, 0);
        const end = payloadEnd(bytes, 0, bytes.length);
        expect(start).toBeGreaterThanOrEqual(RTP_HEADER_BYTES);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused when cut anywhere within the header', () => {
    const s: Shape = {
      marker: false,
      payloadType: 0,
      sequence: 1,
      timestamp: 2,
      ssrc: 3,
      csrcs: [4, 5],
      extension: [6, 7, 8],
      payload: new Uint8Array(0),
      pad: false,
    };
    const bytes = written(s);
    expect(isRtp(bytes, 0, bytes.length)).toBe(true);
    for (let length = 0; length < bytes.length; length++) expect(isRtp(bytes, 0, length)).toBe(false);
  });

  it('are told from other versions, from RTCP and from padding that does not fit', () => {
    const bytes = new Uint8Array(20);
    writeRtpHeader(bytes, 0, false, 0, 1, 2, 3);
    expect(isRtp(bytes, 0, 20)).toBe(true);
    for (const version of [0x00, 0x40, 0xc0]) {
      bytes[0] = version;
      expect(isRtp(bytes, 0, 20)).toBe(false);
    }
    bytes[0] = 0x80;
    for (let second = 0; second < 256; second++) {
      bytes[1] = second;
      expect(isRtp(bytes, 0, 20)).toBe(second < 192 || second > 223);
    }
    bytes[0] = 0xa0;
    bytes[1] = 0;
    for (const [padding, fits] of [
      [0, false],
      [1, true],
      [8, true],
      [9, false],
      [255, false],
    ] as const) {
      bytes[19] = padding;
      expect(isRtp(bytes, 0, 20)).toBe(fits);
      // In SRTP that byte is not yet to be read.
      expect(hasRtpHeader(bytes, 0, 20)).toBe(true);
    }
  });
});

describe('RTP headers written by offset', () => {
  it('are read back by rtp.js, and a new payload type leaves all else', () => {
    fc.assert(
      fc.property(shape, fc.nat({ max: 127 }), (s, otherType) => {
        const bytes = new Uint8Array(RTP_HEADER_BYTES + s.payload.length);
        writeRtpHeader(bytes, 0, s.marker, s.payloadType, s.sequence, s.timestamp, s.ssrc);
        bytes.set(s.payload, RTP_HEADER_BYTES);
        for (const type of [s.payloadType, otherType]) {
          setPayloadType(bytes, 0, type);
          const packet = new RtpPacket(new DataView(bytes.buffer));
          expect(packet.getMarker()).toBe(s.marker);
          expect(packet.getPayloadType()).toBe(type);
          expect(packet.getSequenceNumber()).toBe(s.sequence);
          expect(packet.getTimestamp()).toBe(s.timestamp);
          expect(packet.getSsrc()).toBe(s.ssrc);
          expect(packet.getPayload().byteLength).toBe(s.payload.length);
        }
      }),
    );
  });

  it('take sequence numbers and timestamps beyond their width modulo it', () => {
    const bytes = new Uint8Array(RTP_HEADER_BYTES);
    writeRtpHeader(bytes, 0, false, 0, 65536 + 7, 2 ** 32 + 9, 0xffffffff);
    expect(sequenceOf(bytes, 0)).toBe(7);
    expect(timestampOf(bytes, 0)).toBe(9);
    expect(ssrcOf(bytes, 0)).toBe(0xffffffff);
  });
});
