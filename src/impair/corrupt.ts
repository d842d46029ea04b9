import type { Rng } from '../core/rng.js';
import { isRtp, payloadStart } from '../rtp/packet.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** Which bytes of a packet: its RTP header with CSRC list and extension, what follows, or both. */
export type CorruptPart = 'header' | 'payload' | 'packet';

/** Bits of one packet that are flipped at most where their number is given. */
export const MOST_BITS = 16;

/**
 * Flips bits of RTP packets. Either each bit is wrong with the probability `bitErrorRatio` (then the distance to the next
 * wrong one is geometric: ⌊ln(1 − u)/ln(1 − b)⌋ bits are right before it), or a share of the packets has a given number of
 * wrong bits at random places. Both copies of a packet carry the same errors. What is no RTP any more is told so to later stages.
 * A packet that is carried as SRTP would not authenticate: it is dropped.
 *
 * Two draws a packet; where the bits lie follows from the second by a generator of its own.
 */
export class Corrupt implements StageModel {
  private state = 0;
  /** 1/ln(1 − b); `null` where a number of bits is given. */
  private readonly perBit: number | null;
  private readonly chosen = new Int32Array(MOST_BITS);

  /** @param bitErrorRatio above 0 and below 1; `null` where `bits` of a share `ratio` of the packets are flipped */
  constructor(
    private readonly part: CorruptPart,
    bitErrorRatio: number | null,
    private readonly ratio: number,
    private readonly bits: number,
    private readonly rng: Rng,
    private readonly hits: FaultTally,
  ) {
    this.perBit = bitErrorRatio === null ? null : 1 / Math.log1p(-bitErrorRatio);
  }

  apply(fate: Fate): void {
    const first = this.rng.uniform();
    this.state = this.rng.uint32();
    if (fate.copies === 0 || fate.carried === Carried.notRtp) return;
    const { bytes, offset, length } = fate;
    const body = payloadStart(bytes, offset);
    const from = this.part === 'payload' ? body : offset;
    const bits = 8 * ((this.part === 'header' ? body : offset + length) - from);
    const { perBit } = this;
    const hit =
      perBit === null ? this.flipSome(first, bytes, from, bits) : this.flipEach(first, bytes, from, bits, perBit);
    if (!hit) return;
    this.hits.count++;
    if (fate.isSealed) {
      fate.copies = 0;
      return;
    }
    fate.corrupted = true;
    // Padding tells its length in the last byte of the payload.
    if (!isRtp(bytes, offset, length)) fate.carried = Carried.notRtp;
  }

  private flipEach(first: number, bytes: Uint8Array, from: number, bits: number, perBit: number): boolean {
    let at = Math.floor(Math.log(1 - first) * perBit);
    if (at >= bits) return false;
    while (at < bits) {
      flip(bytes, from, at);
      at += 1 + Math.floor(Math.log(1 - this.next()) * perBit);
    }
    return true;
  }

  private flipSome(first: number, bytes: Uint8Array, from: number, bits: number): boolean {
    if (first >= this.ratio || bits === 0) return false;
    const { chosen } = this;
    const count = this.bits < bits ? this.bits : bits;
    for (let done = 0; done < count; ) {
      const at = Math.floor(this.next() * bits);
      let isNew = true;
      for (let i = 0; i < done; i++) if (chosen[i] === at) isNew = false;
      if (!isNew) continue;
      chosen[done++] = at;
      flip(bytes, from, at);
    }
    return true;
  }

  /** Uniform in [0, 1) (splitmix32). */
  private next(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 4294967296;
  }
}

function flip(bytes: Uint8Array, from: number, bit: number): void {
  bytes[from + (bit >> 3)] ^= 0x80 >> (bit & 7);
}
