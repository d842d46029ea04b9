/**
 * RTP packets (RFC 3550, section 5.1), read and written in place by offset: nothing is allocated.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |                       CSRC (CC words)                         |
 * |  extension (X): profile       |  length in words  | words ... |
 * |  payload ...   padding (P), whose last byte is its own length |
 * ```
 *
 * Only what `isRtp` has accepted may be given to the other functions.
 */
export const RTP_HEADER_BYTES = 12;
const RTCP_HEADER_BYTES = 4;

/**
 * Whether `length` bytes from `offset` begin with an RTP header: version 2, CSRC list and extension fit inside, and the
 * second byte is outside the range that RFC 5761, section 4 leaves to RTCP (192–223). This much can be told of SRTP too.
 */
export function hasRtpHeader(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < RTP_HEADER_BYTES) return false;
  const first = bytes[offset];
  if (first >> 6 !== 2) return false;
  const second = bytes[offset + 1];
  if (second >= 192 && second <= 223) return false;
  const header = RTP_HEADER_BYTES + 4 * (first & 0x0f);
  if (first & 0x10 && length < header + 4) return false;
  return length >= payloadStart(bytes, offset) - offset;
}

/** Whether they are an RTP packet: its header as above, and padding that fits inside. */
export function isRtp(bytes: Uint8Array, offset: number, length: number): boolean {
  if (!hasRtpHeader(bytes, offset, length)) return false;
  if (bytes[offset] & 0x20) {
    const padding = bytes[offset + length - 1];
    if (padding === 0 || length - (payloadStart(bytes, offset) - offset) < padding) return false;
  }
  return true;
}

/** Whether `length` bytes from `offset` begin with an RTCP header: version 2 and a packet type of RFC 5761, section 4. */
export function isRtcp(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < RTCP_HEADER_BYTES || bytes[offset] >> 6 !== 2) return false;
  const type = bytes[offset + 1];
  return type >= 192 && type <= 223;
}

/** SSRC of whoever sent an RTCP packet of at least 8 bytes; SRTCP leaves it in the clear, too. */
export function senderSsrcOf(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 4] << 24) | (bytes[offset + 5] << 16) | (bytes[offset + 6] << 8) | bytes[offset + 7]) >>> 0;
}

export function markerOf(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 1] & 0x80) !== 0;
}

export function payloadTypeOf(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1] & 0x7f;
}

export function sequenceOf(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 2] << 8) | bytes[offset + 3];
}

export function timestampOf(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 4] << 24) | (bytes[offset + 5] << 16) | (bytes[offset + 6] << 8) | bytes[offset + 7]) >>> 0;
}

export function ssrcOf(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 8] << 24) | (bytes[offset + 9] << 16) | (bytes[offset + 10] << 8) | bytes[offset + 11]) >>> 0;
}

/** Index in `bytes` of the first byte of the payload, after CSRC list and extension. */
export function payloadStart(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset];
  let start = offset + RTP_HEADER_BYTES + 4 * (first & 0x0f);
  if (first & 0x10) start += 4 + 4 * ((bytes[start + 2] << 8) | bytes[start + 3]);
  return start;
}

/** Index in `bytes` of the first byte after the payload, padding taken off. `length` is that of the packet. */
export function payloadEnd(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  return bytes[offset] & 0x20 ? end - bytes[end - 1] : end;
}

/** Writes a header of 12 bytes without CSRC list, extension and padding. */
export function writeRtpHeader(
  bytes: Uint8Array,
  offset: number,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  bytes[offset] = 0x80;
  bytes[offset + 1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  bytes[offset + 2] = sequence >>> 8;
  bytes[offset + 3] = sequence;
  bytes[offset + 4] = timestamp >>> 24;
  bytes[offset + 5] = timestamp >>> 16;
  bytes[offset + 6] = timestamp >>> 8;
  bytes[offset + 7] = timestamp;
  bytes[offset + 8] = ssrc >>> 24;
  bytes[offset + 9] = ssrc >>> 16;
  bytes[offset + 10] = ssrc >>> 8;
  bytes[offset + 11] = ssrc;
}

/** Replaces the payload type and leaves the marker. */
export function setPayloadType(bytes: Uint8Array, offset: number, payloadType: number): void {
  bytes[offset + 1] = (bytes[offset + 1] & 0x80) | (payloadType & 0x7f);
}

export function setSequence(bytes: Uint8Array, offset: number, sequence: number): void {
  bytes[offset + 2] = sequence >>> 8;
  bytes[offset + 3] = sequence;
}

export function setTimestamp(bytes: Uint8Array, offset: number, timestamp: number): void {
  bytes[offset + 4] = timestamp >>> 24;
  bytes[offset + 5] = timestamp >>> 16;
  bytes[offset + 6] = timestamp >>> 8;
  bytes[offset + 7] = timestamp;
}

export function setSsrc(bytes: Uint8Array, offset: number, ssrc: number): void {
  bytes[offset + 8] = ssrc >>> 24;
  bytes[offset + 9] = ssrc >>> 16;
  bytes[offset + 10] = ssrc >>> 8;
  bytes[offset + 11] = ssrc;
}
