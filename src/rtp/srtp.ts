import { createCipheriv, createDecipheriv } from 'node:crypto';
import { HmacSha1 } from './hmac-sha1.js';
import { payloadStart, senderSsrcOf, sequenceOf, ssrcOf } from './packet.js';
import { deriveSessionKeys, type SessionKeys, SRTP_SUITES, type SrtpSuite } from './srtp-keys.js';

/** How many packets may arrive after a younger one (RFC 3711, section 3.3.2 asks for 64 at least). */
const REPLAY_WINDOW = 128;
/** Sources kept for one key; further ones are refused, so that a flood of SSRCs costs no memory. */
const MAX_SOURCES = 16;
const RTCP_HEADER_BYTES = 8;
const RTCP_INDEX_BYTES = 4;
const BLOCK_BYTES = 16;
const GCM_TAG_BYTES = 16;
/** No datagram that is longer is taken. */
const MAX_PACKET_BYTES = 2048;

/** What opening returns for a packet that does not authenticate, and for one that came before or is too old to tell. */
export const UNAUTHENTIC = -1;
export const REPLAYED = -2;

/** What is known of the packets of one source: index (rollover counter · 2^16 + sequence number) of the latest. */
class SourceState {
  highest = -1;
  private readonly seen = new Float64Array(REPLAY_WINDOW).fill(-1);

  /** The index of a packet with that sequence number, by nearness to the latest (RFC 3711, appendix A). */
  estimate(sequence: number): number {
    if (this.highest < 0) return sequence;
    const last = this.highest % 0x10000;
    const cycle = this.highest - last;
    if (last < 0x8000) return sequence - last > 0x8000 && cycle > 0 ? cycle - 0x10000 + sequence : cycle + sequence;
    return last - 0x8000 > sequence ? cycle + 0x10000 + sequence : cycle + sequence;
  }

  isReplay(index: number): boolean {
    return index <= this.highest - REPLAY_WINDOW || this.seen[index % REPLAY_WINDOW] === index;
  }

  take(index: number): void {
    this.seen[index % REPLAY_WINDOW] = index;
    if (index > this.highest) this.highest = index;
  }
}

/** Stands for a source that nothing is known of yet, so that what does not authenticate costs no memory. */
let unheard = new SourceState();
/** Counter blocks of the packet that is being masked. */
const blocks = Buffer.alloc(MAX_PACKET_BYTES);

/** A packet that is protected or opened, by positions in `bytes`. */
interface Packet {
  bytes: Uint8Array;
  start: number;
  /** What is encrypted: from the end of the clear header to where protection adds its own. */
  bodyStart: number;
  bodyEnd: number;
  ssrc: number;
  index: number;
  /** RTCP's E flag and index, −1 for RTP. */
  word: number;
}
/** The one that is worked on: packets take turns, so that none costs an object. */
const packet: Packet = { bytes: blocks, start: 0, bodyStart: 0, bodyEnd: 0, ssrc: 0, index: 0, word: -1 };

/**
 * One direction of an SRTP session (RFC 3711, RFC 7714): protects what is sent or opens what came, in place. Both take the
 * packet at `offset` of `bytes` and return its new length; opening returns `UNAUTHENTIC` or `REPLAYED` for what is not to be
 * heard, and leaves the bytes undefined then. Protecting needs `overheadBytes` of room after the packet.
 */
export class SrtpContext {
  /** Most bytes that protection adds. */
  readonly overheadBytes: number;
  private readonly tagBytes: number;
  private readonly rtcpTagBytes: number;
  private readonly rtp: Transform;
  private readonly rtcp: Transform;
  private readonly sources = new Map<number, SourceState>();
  private readonly rtcpSources = new Map<number, SourceState>();
  private sentRtcpIndex = 0;

  /** @param master master key (16 bytes) followed by the suite's master salt, as SDES carries them */
  constructor(suite: SrtpSuite, master: Uint8Array) {
    const { saltBytes, tagBytes, rtcpTagBytes, aead } = SRTP_SUITES[suite];
    const key = master.subarray(0, 16);
    const salt = master.subarray(16, 16 + saltBytes);
    this.tagBytes = tagBytes;
    this.rtcpTagBytes = rtcpTagBytes;
    this.overheadBytes = rtcpTagBytes + RTCP_INDEX_BYTES;
    const rtpKeys = deriveSessionKeys(suite, key, salt, 'rtp');
    const rtcpKeys = deriveSessionKeys(suite, key, salt, 'rtcp');
    this.rtp = aead ? new GcmTransform(rtpKeys) : new CounterTransform(rtpKeys, tagBytes);
    this.rtcp = aead ? new GcmTransform(rtcpKeys) : new CounterTransform(rtcpKeys, rtcpTagBytes);
  }

  /** `bytes` must hold a packet that `isRtp` accepts. The result is −1 when there are too many sources. */
  protectRtp(bytes: Uint8Array, offset: number, length: number): number {
    const ssrc = ssrcOf(bytes, offset);
    const source = stateOf(this.sources, ssrc);
    if (source === null) return -1;
    const index = source.estimate(sequenceOf(bytes, offset));
    source.take(index);
    setPacket(bytes, offset, payloadStart(bytes, offset), offset + length, ssrc, index, -1);
    this.rtp.protect(packet);
    return length + this.tagBytes;
  }

  /** `bytes` must hold what `hasRtpHeader` accepts: padding is encrypted too. */
  openRtp(bytes: Uint8Array, offset: number, length: number): number {
    const bodyStart = payloadStart(bytes, offset);
    const end = length - this.tagBytes;
    if (offset + end < bodyStart || length > MAX_PACKET_BYTES) return UNAUTHENTIC;
    const ssrc = ssrcOf(bytes, offset);
    const source = this.sources.get(ssrc) ?? unheard;
    const index = source.estimate(sequenceOf(bytes, offset));
    if (index < 0 || source.isReplay(index)) return REPLAYED;
    setPacket(bytes, offset, bodyStart, offset + end, ssrc, index, -1);
    if (!this.rtp.open(packet)) return UNAUTHENTIC;
    if (!keep(this.sources, ssrc, source)) return UNAUTHENTIC;
    source.take(index);
    return end;
  }

  /** Protects a compound RTCP packet (RFC 3711, section 3.4). */
  protectRtcp(bytes: Uint8Array, offset: number, length: number): number {
    const index = this.sentRtcpIndex;
    this.sentRtcpIndex = (index + 1) % 0x80000000;
    const word = 0x80000000 + index;
    setPacket(bytes, offset, offset + RTCP_HEADER_BYTES, offset + length, senderSsrcOf(bytes, offset), index, word);
    this.rtcp.protect(packet);
    return length + this.rtcpTagBytes + RTCP_INDEX_BYTES;
  }

  openRtcp(bytes: Uint8Array, offset: number, length: number): number {
    const end = length - this.rtcpTagBytes - RTCP_INDEX_BYTES;
    if (end < RTCP_HEADER_BYTES || length > MAX_PACKET_BYTES) return UNAUTHENTIC;
    // The counter suites put the index before the tag, the AEAD suites after it.
    const at = offset + (this.rtcp.indexAfterTag ? length - RTCP_INDEX_BYTES : end);
    const word = ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
    const index = word % 0x80000000;
    const ssrc = senderSsrcOf(bytes, offset);
    const source = this.rtcpSources.get(ssrc) ?? unheard;
    if (source.isReplay(index)) return REPLAYED;
    setPacket(bytes, offset, offset + RTCP_HEADER_BYTES, offset + end, ssrc, index, word);
    if (!this.rtcp.open(packet)) return UNAUTHENTIC;
    if (!keep(this.rtcpSources, ssrc, source)) return UNAUTHENTIC;
    source.take(index);
    return end;
  }
}

/** Encryption and authentication of one kind of packet, in place. */
interface Transform {
  readonly indexAfterTag: boolean;
  protect(packet: Packet): void;
  /** Whether it is authentic; it is decrypted then. */
  open(packet: Packet): boolean;
}

/** AES in counter mode with HMAC-SHA1 (RFC 3711, sections 4.1.1 and 4.2.1). */
class CounterTransform implements Transform {
  readonly indexAfterTag = false;
  /** Counter blocks are encrypted by one cipher for all packets: making a cipher costs more than the encryption. */
  private readonly cipher;
  private readonly hmac: HmacSha1;

  constructor(
    private readonly keys: SessionKeys,
    private readonly tagBytes: number,
  ) {
    this.cipher = createCipheriv('aes-128-ecb', keys.key, null);
    this.cipher.setAutoPadding(false);
    this.hmac = new HmacSha1(keys.auth);
  }

  protect(packet: Packet): void {
    const { bytes, bodyEnd, word } = packet;
    this.mask(packet);
    const end = word >= 0 ? writeWord(bytes, bodyEnd, word) : bodyEnd;
    const tag = this.tag(packet, end);
    for (let i = 0; i < this.tagBytes; i++) bytes[end + i] = tag.charCodeAt(i);
  }

  open(packet: Packet): boolean {
    const { bytes, bodyEnd, word } = packet;
    const end = word >= 0 ? bodyEnd + RTCP_INDEX_BYTES : bodyEnd;
    const tag = this.tag(packet, end);
    // Takes the same time wherever they differ.
    let difference = 0;
    for (let i = 0; i < this.tagBytes; i++) difference |= tag.charCodeAt(i) ^ bytes[end + i];
    if (difference !== 0) return false;
    if (isEncrypted(packet)) this.mask(packet);
    return true;
  }

  /** HMAC over the packet up to `end` and, for RTP, its rollover counter. */
  private tag({ bytes, start, index, word }: Packet, end: number): string {
    return this.hmac.of(bytes, start, end - start, word < 0 ? Math.floor(index / 0x10000) : -1);
  }

  private mask({ bytes, bodyStart, bodyEnd, ssrc, index }: Packet): void {
    const { salt } = this.keys;
    const length = bodyEnd - bodyStart;
    for (let i = 0; i < salt.length; i++) blocks[i] = salt[i];
    xorWord(blocks, 4, ssrc);
    xorHalf(blocks, 8, Math.floor(index / 0x100000000));
    xorWord(blocks, 10, index);
    const count = Math.ceil(length / BLOCK_BYTES);
    for (let block = 0; block < count; block++) {
      const at = block * BLOCK_BYTES;
      for (let i = 0; i < salt.length; i++) blocks[at + i] = blocks[i];
      blocks[at + 14] = block >> 8;
      blocks[at + 15] = block;
    }
    const stream = this.cipher.update(blocks.subarray(0, count * BLOCK_BYTES));
    for (let i = 0; i < length; i++) bytes[bodyStart + i] ^= stream[i];
  }
}

/** AES in Galois/counter mode (RFC 7714, sections 8 and 9). */
class GcmTransform implements Transform {
  readonly indexAfterTag = true;
  private readonly iv = Buffer.alloc(12);
  private readonly word = Buffer.alloc(4);

  constructor(private readonly keys: SessionKeys) {}

  protect(packet: Packet): void {
    const { bytes, bodyStart, bodyEnd, word } = packet;
    const cipher = createCipheriv('aes-128-gcm', this.keys.key, this.initial(packet));
    this.associate(cipher, packet, bodyStart);
    bytes.set(cipher.update(bytes.subarray(bodyStart, bodyEnd)), bodyStart);
    cipher.final();
    bytes.set(cipher.getAuthTag(), bodyEnd);
    if (word >= 0) writeWord(bytes, bodyEnd + GCM_TAG_BYTES, word);
  }

  open(packet: Packet): boolean {
    const { bytes, bodyStart, bodyEnd } = packet;
    const options = { authTagLength: GCM_TAG_BYTES };
    const decipher = createDecipheriv('aes-128-gcm', this.keys.key, this.initial(packet), options);
    const encrypted = isEncrypted(packet);
    this.associate(decipher, packet, encrypted ? bodyStart : bodyEnd);
    decipher.setAuthTag(bytes.subarray(bodyEnd, bodyEnd + GCM_TAG_BYTES));
    try {
      if (encrypted) bytes.set(decipher.update(bytes.subarray(bodyStart, bodyEnd)), bodyStart);
      decipher.final();
      return true;
    } catch {
      return false;
    }
  }

  /** What is authenticated and not encrypted: the packet up to `end` and, for RTCP, its word. */
  private associate(cipher: { setAAD(bytes: Uint8Array): unknown }, packet: Packet, end: number): void {
    const { bytes, start, word } = packet;
    const clear = bytes.subarray(start, end);
    if (word < 0) {
      cipher.setAAD(clear);
      return;
    }
    this.word.writeUInt32BE(word);
    cipher.setAAD(Buffer.concat([clear, this.word]));
  }

  private initial({ ssrc, index, word }: Packet): Buffer {
    const { iv } = this;
    this.keys.salt.copy(iv);
    xorWord(iv, 2, ssrc);
    // RTP: rollover counter and sequence number; RTCP: two zero bytes and the index of 31 bits.
    if (word < 0) xorHalf(iv, 6, Math.floor(index / 0x100000000));
    xorWord(iv, 8, index);
    return iv;
  }
}

function setPacket(
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  bodyEnd: number,
  ssrc: number,
  index: number,
  word: number,
): void {
  packet.bytes = bytes;
  packet.start = start;
  packet.bodyStart = bodyStart;
  packet.bodyEnd = bodyEnd;
  packet.ssrc = ssrc;
  packet.index = index;
  packet.word = word;
}

/** RTP always is, RTCP by its E flag. */
function isEncrypted({ word }: Packet): boolean {
  return word < 0 || word >= 0x80000000;
}

function stateOf(sources: Map<number, SourceState>, ssrc: number): SourceState | null {
  const known = sources.get(ssrc);
  if (known) return known;
  const state = new SourceState();
  return keep(sources, ssrc, state) ? state : null;
}

/** Only what authenticated is kept, so that a forged SSRC leaves nothing behind. */
function keep(sources: Map<number, SourceState>, ssrc: number, state: SourceState): boolean {
  if (sources.get(ssrc) === state) return true;
  if (sources.size >= MAX_SOURCES) return false;
  sources.set(ssrc, state);
  if (state === unheard) unheard = new SourceState();
  return true;
}

function xorWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] ^= (value / 0x1000000) & 0xff;
  bytes[at + 1] ^= (value >>> 16) & 0xff;
  bytes[at + 2] ^= (value >>> 8) & 0xff;
  bytes[at + 3] ^= value & 0xff;
}

function xorHalf(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] ^= (value >>> 8) & 0xff;
  bytes[at + 1] ^= value & 0xff;
}

function writeWord(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}
