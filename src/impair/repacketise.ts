import {
  markerOf,
  payloadEnd,
  payloadStart,
  payloadTypeOf,
  RTP_HEADER_BYTES,
  sequenceOf,
  setSequence,
  ssrcOf,
  timestampOf,
  writeRtpHeader,
} from '../rtp/packet.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';
import { room } from './room.js';

/** G.711 has a byte and a timestamp unit for each of 8,000 samples a second. */
const UNITS_PER_MS = 8;
/** Room for audio that waits for its packet: less than the longest packet of ours, and one that comes. */
const PENDING_BYTES = 2048;
/** Two packets in a row that are further behind begin the stream anew (RFC 3550, appendix A.1). */
const MAX_MISORDER = 100;
/** Packets that are due later than this after the one that filled them do not wait for their turn any more. */
const MOST_AHEAD_MS = 200;

/**
 * G.711 in packets of another length: merged, or split, under sequence numbers of their own; packets leave evenly, none before
 * its audio has come. What was lost before leaves a hole of whole packets, and audio that no packet was filled with is left
 * out. Packets that are no G.711 go on between, numbered in turn, or as they are where there is no G.711. No draws.
 */
export class Repacketise implements StageModel {
  private readonly units: number;
  private readonly pending = new Uint8Array(PENDING_BYTES);
  private count = 0;
  /** Timestamp of the first byte that waits, and of the byte that is to come. */
  private firstTimestamp = 0;
  private nextTimestamp = 0;
  /** Whether the source has sent G.711. */
  private hasAudio = false;
  /** The packet that is to come, and the one that is to go. */
  private inSequence = 0;
  private outSequence = 0;
  /** What follows a packet that was too far behind; −1 for none. */
  private expectedBad = -1;
  private marker = false;
  private payloadType = 0;
  private ssrc = 0;
  private lastDueMs = Number.NEGATIVE_INFINITY;
  private readyMs = 0;

  constructor(
    private readonly ptimeMs: number,
    private readonly tally: FaultTally,
  ) {
    this.units = ptimeMs * UNITS_PER_MS;
  }

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried === Carried.notRtp) return;
    const { bytes, offset } = fate;
    const sequence = sequenceOf(bytes, offset);
    const ssrc = ssrcOf(bytes, offset);
    const isAudio = fate.carried === Carried.pcmu || fate.carried === Carried.pcma;
    const isKnown = this.hasAudio && ssrc === this.ssrc;
    const missed = isKnown ? ((sequence - this.inSequence) << 16) >> 16 : 0;
    const isAnew = missed < -MAX_MISORDER && sequence === this.expectedBad;
    if (missed < 0 && !isAnew) {
      // It came late: its place is gone.
      this.expectedBad = (sequence + 1) & 0xffff;
      fate.copies = 0;
      return;
    }
    const isNew = !isKnown || isAnew;
    if (isNew && !isAudio) return;
    const timestamp = timestampOf(bytes, offset);
    if (isNew) this.outSequence = sequence;
    else if (missed > 0) this.skip(missed, timestamp);
    this.ssrc = ssrc;
    this.hasAudio = true;
    this.inSequence = (sequence + 1) & 0xffff;
    const start = payloadStart(bytes, offset);
    const octets = payloadEnd(bytes, offset, fate.length) - start;
    if (!isAudio || this.count + octets > PENDING_BYTES) {
      this.count = 0;
      setSequence(bytes, offset, this.outSequence);
      this.outSequence = (this.outSequence + 1) & 0xffff;
      return;
    }
    if (markerOf(bytes, offset)) this.marker = true;
    if (timestamp !== this.nextTimestamp || payloadTypeOf(bytes, offset) !== this.payloadType) this.count = 0;
    if (this.count === 0) this.firstTimestamp = timestamp;
    this.payloadType = payloadTypeOf(bytes, offset);
    for (let i = 0; i < octets; i++) this.pending[this.count + i] = bytes[start + i];
    this.count += octets;
    this.nextTimestamp = (timestamp + octets) >>> 0;
    this.readyMs = fate.arrivalMs + fate.delayMs;
    this.tally.count++;
    const { isPart } = fate;
    if (this.more(fate)) fate.isPart = isPart;
    else fate.isAbsorbed = true;
  }

  more(fate: Fate): boolean {
    const { units, pending } = this;
    if (this.count < units) {
      fate.copies = 0;
      return false;
    }
    writeRtpHeader(room, 0, this.marker, this.payloadType, this.outSequence, this.firstTimestamp, this.ssrc);
    for (let i = 0; i < units; i++) room[RTP_HEADER_BYTES + i] = pending[i];
    pending.copyWithin(0, units, this.count);
    this.count -= units;
    this.firstTimestamp = (this.firstTimestamp + units) >>> 0;
    this.outSequence = (this.outSequence + 1) & 0xffff;
    this.marker = false;
    fate.bytes = room;
    fate.offset = 0;
    fate.length = RTP_HEADER_BYTES + units;
    fate.copies = 1;
    fate.isPart = true;
    fate.delayMs = this.dueMs() - fate.arrivalMs;
    return true;
  }

  /** A packet interval after the one before, or when its audio has come. */
  private dueMs(): number {
    const nextMs = this.lastDueMs + this.ptimeMs;
    this.lastDueMs = nextMs > this.readyMs && nextMs - this.readyMs <= MOST_AHEAD_MS ? nextMs : this.readyMs;
    return this.lastDueMs;
  }

  private skip(missed: number, timestamp: number): void {
    const units = (timestamp - this.nextTimestamp) | 0;
    const packets = units > 0 ? Math.max(1, Math.round(units / this.units)) : missed;
    this.outSequence = (this.outSequence + packets) & 0xffff;
  }
}
