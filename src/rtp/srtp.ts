import { createCipheriv, createDecipheriv } from 'node:crypto';
import { HmacSha1 } from './hmac-sha1.js';
import { payloadStart, sequenceOf, ssrcOf } from './packet.js';
import { deriveSessionKeys, type SessionKeys, SRTP_SUITES, type SrtpSuite } from './srtp-keys.js';

/** How many packets may arrive after a younger one (RFC 3711, section 3.3.2 asks for 64 at least). */
const REPLAY_WINDOW = 128;
/** Sources kept for one key; further ones are refused, so that a flood of SSRCs costs no memory. */
const MAX_SOURCES = 16;
const RTCP_HEADER_BYTES = 8;
const RTCP_INDEX_BYTES = 4;
const BLOCK_BYTES = 16;
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
    const source = stateOf(this.sources, ssrcOf(bytes, offset));
    if (source === null) return -1;
    const index = source.estimate(sequenceOf(bytes, offset));
    source.take(index);
    const clear = payloadStart(bytes, offset) - offset;
    this.rtp.protect(bytes, offset, clear, length, ssrcOf(bytes, offset), index, -1);
    return length + this.tagBytes;
  }

  /** `bytes` must hold what `hasRtpHeader` accepts: padding is encrypted too. */
  openRtp(bytes: Uint8Array, offset: number, length: number): number {
    const clear = payloadStart(bytes, offset) - offset;
    const end = length - this.tagBytes;
    if (end < clear || length > MAX_PACKET_BYTES) return UNAUTHENTIC;
    const ssrc = ssrcOf(bytes, offset);
    const source = this.sources.get(ssrc) ?? unheard;
    const index = source.estimate(sequenceOf(bytes, offset));
    if (index < 0 || source.isReplay(index)) return REPLAYED;
    if (!this.rtp.open(bytes, offset, clear, end, ssrc, index, -1)) return UNAUTHENTIC;
    if (!keep(this.sources, ssrc, source)) return UNAUTHENTIC;
    source.take(index);
    return end;
  }

  /** Protects a compound RTCP packet (RFC 3711, section 3.4). */
  protectRtcp(bytes: Uint8Array, offset: number, length: number): number {
    const index = this.sentRtcpIndex;
    this.sentRtcpIndex = (index + 1) % 0x80000000;
    const word = 0x80000000 + index;
    const ssrc = senderOf(bytes, offset);
    this.rtcp.protect(bytes, offset, RTCP_HEADER_BYTES, length, ssrc, index, word);
    return length + this.rtcpTagBytes + RTCP_INDEX_BYTES;
  }

  openRtcp(bytes: Uint8Array, offset: number, length: number): number {
    const end = length - this.rtcpTagBytes - RTCP_INDEX_BYTES;
    if (end < RTCP_HEADER_BYTES || length > MAX_PACKET_BYTES) return UNAUTHENTIC;
    // The counter suites put the index before the tag, the AEAD suites after it.
    const at = offset + (this.rtcp.indexAfterTag ? length - RTCP_INDEX_BYTES : end);
    const word = ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
    const index = word % 0x80000000;
    const ssrc = senderOf(bytes, offset);
    const source = this.rtcpSources.get(ssrc) ?? unheard;
    if (source.isReplay(index)) return REPLAYED;
    if (!this.rtcp.open(bytes, offset, RTCP_HEADER_BYTES, end, ssrc, index, word)) return UNAUTHENTIC;
    if (!keep(this.rtcpSources, ssrc, source)) return UNAUTHENTIC;
    source.take(index);
    return end;
  }
}

/** Encryption and authentication of one kind of packet. `word` is RTCP's E flag and index, −1 for RTP. */
interface Transform {
  readonly indexAfterTag: boolean;
  protect(
    bytes: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    ssrc: number,
    index: number,
    word: number,
  ): void;
  open(
    bytes: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    ssrc: number,
    index: number,
    word: number,
  ): boolean;
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

  protect(
    bytes: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    ssrc: number,
    index: number,
    word: number,
  ): void {
    this.mask(bytes, offset + clear, length - clear, ssrc, index);
    let end = offset + length;
    if (word >= 0) end = writeWord(bytes, end, word);
    const tag = this.tag(bytes, offset, end - offset, index, word);
    for (let i = 0; i < this.tagBytes; i++) bytes[end + i] = tag.charCodeAt(i);
  }

  open(
    bytes: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    ssrc: number,
    index: number,
    word: number,
  ): boolean {
    const end = offset + length + (word >= 0 ? RTCP_INDEX_BYTES : 0);
    const tag = this.tag(bytes, offset, end - offset, index, word);
    // Takes the same time wherever they differ.
    let difference = 0;
    for (let i = 0; i < this.tagBytes; i++) difference |= tag.charCodeAt(i) ^ bytes[end + i];
    if (difference !== 0) return false;
    if (word < 0 || word >= 0x80000000) this.mask(bytes, offset + clear, length - clear, ssrc, index);
    return true;
  }

  /** HMAC over the packet and, for RTP, its rollover counter. */
  private tag(bytes: Uint8Array, offset: number, length: number, index: number, word: number): string {
    return this.hmac.of(bytes, offset, length, word < 0 ? Math.floor(index / 0x10000) : -1);
  }

  private mask(bytes: Uint8Array, from: number, length: number, ssrc: number, index: number): void {
    const { salt } = this.keys;
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
    for (let i = 0; i < length; i++) bytes[from + i] ^= stream[i];
  }
}

/** AES in Galois/counter mode (RFC 7714, sections 8 and 9). */
class GcmTransform implements Transform {
  readonly indexAfterTag = true;
  private readonly iv = Buffer.alloc(12);
  private readonly word = Buffer.alloc(4);

  constructor(private readonly keys: SessionKeys) {}

  protect(
    bytes: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    ssrc: number,
    index: number,
    word: number,
  ): void {
    const cipher = createCipheriv('aes-128-gcm', this.keys.key, this.initial(ssrc, index, word));
    this.associate(cipher, bytes, offset, clear, word);
    bytes.set(cipher.update(bytes.subarray(offset + clear, offset + length)), offset + clear);
    cipher.final();
    bytes.set(cipher.getAuthTag(), offset + length);
    if (word >= 0) writeWord(bytes, offset + length + 16, word);
  }

  open(
    bytes: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    ssrc: number,
    index: number,
    word: number,
  ): boolean {
    const decipher = createDecipheriv('aes-128-gcm', this.keys.key, this.initial(ssrc, index, word), {
      authTagLength: 16,
    });
    const encrypted = word < 0 || word >= 0x80000000;
    this.associate(decipher, bytes, offset, encrypted ? clear : length, word);
    decipher.setAuthTag(bytes.subarray(offset + length, offset + length + 16));
    try {
      if (encrypted) bytes.set(decipher.update(bytes.subarray(offset + clear, offset + length)), offset + clear);
      decipher.final();
      return true;
    } catch {
      return false;
    }
  }

  private associate(
    cipher: { setAAD(bytes: Uint8Array): unknown },
    bytes: Uint8Array,
    offset: number,
    length: number,
    word: number,
  ): void {
    const clear = bytes.subarray(offset, offset + length);
    if (word < 0) {
      cipher.setAAD(clear);
      return;
    }
    this.word.writeUInt32BE(word);
    cipher.setAAD(Buffer.concat([clear, this.word]));
  }

  private initial(ssrc: number, index: number, word: number): Buffer {
    const { iv } = this;
    this.keys.salt.copy(iv);
    xorWord(iv, 2, ssrc);
    // RTP: rollover counter and sequence number; RTCP: two zero bytes and the index of 31 bits.
    if (word < 0) xorHalf(iv, 6, Math.floor(index / 0x100000000));
    xorWord(iv, 8, index);
    return iv;
  }
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

/** The SSRC of a compound RTCP packet's sender. */
function senderOf(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 4] << 24) | (bytes[offset + 5] << 16) | (bytes[offset + 6] << 8) | bytes[offset + 7]) >>> 0;
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
