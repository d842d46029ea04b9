import type { FrameKind, UdpView } from '../pcap/frame.js';
import { streamOf, unwrapped } from '../pcap/rtp-packets.js';
import { hasRtpHeader, payloadEnd, payloadStart, payloadTypeOf, sequenceOf, ssrcOf } from '../rtp/packet.js';
import { Descriptions, endpoint } from './descriptions.js';

/** Packets of one SSRC from one address to another that look like RTP. */
export interface Candidate {
  source: string;
  destination: string;
  ssrc: number;
  packets: number;
  /** Payload type → how many packets, and whether each could be a telephone-event. */
  payloadTypes: Map<number, { packets: number; couldBeEvent: boolean }>;
  /** Packets that the capture has only in part. */
  cutOff: number;
}

interface Seen extends Candidate {
  lastSequence: number;
  /** Packets whose sequence number is close to that of the one before. */
  steady: number;
}

/** A stream that no description names has this many packets at least, half of them close to the one before. */
const LEAST_PACKETS = 3;
const CLOSE = 100;
/** RFC 4733, 2.3: four octets. */
const EVENT_BYTES = 4;
/** Beyond it further ones are left out, and counted. */
const MOST_CANDIDATES = 100_000;

/** The first of two passes over a capture: which datagrams are RTP, and what their payload types mean. */
export class Survey {
  readonly descriptions = new Descriptions();
  readonly frames: Record<FrameKind, number> = { udp: 0, other: 0, fragment: 0, broken: 0, 'unknown-link': 0 };
  /** Candidates beyond the most that are kept. */
  leftOut = 0;
  private readonly seen = new Map<string, Seen>();

  add(udp: UdpView, bytes: Uint8Array): void {
    const { start, end } = udp;
    const length = end - start;
    if (!hasRtpHeader(bytes, start, length)) {
      this.descriptions.read(bytes, start, end);
      return;
    }
    const key = streamOf(udp, bytes);
    const sequence = sequenceOf(bytes, start);
    let seen = this.seen.get(key);
    if (!seen) {
      if (this.seen.size >= MOST_CANDIDATES) {
        this.leftOut++;
        return;
      }
      seen = {
        source: endpoint(udp.source, udp.sourcePort),
        destination: endpoint(udp.destination, udp.destinationPort),
        ssrc: ssrcOf(bytes, start),
        packets: 0,
        payloadTypes: new Map(),
        cutOff: 0,
        lastSequence: sequence,
        steady: 0,
      };
      this.seen.set(key, seen);
    } else if (Math.abs(unwrapped(sequence, seen.lastSequence) - seen.lastSequence) <= CLOSE) seen.steady++;
    seen.packets++;
    seen.lastSequence = sequence;
    if (udp.isCutOff) seen.cutOff++;
    const type = payloadTypeOf(bytes, start);
    const payload = payloadEnd(bytes, start, length) - payloadStart(bytes, start);
    const counted = seen.payloadTypes.get(type) ?? { packets: 0, couldBeEvent: true };
    counted.packets++;
    if (payload !== EVENT_BYTES) counted.couldBeEvent = false;
    seen.payloadTypes.set(type, counted);
  }

  /** The candidates that are streams, by key, in the order of their first packets. */
  streams(): Map<string, Candidate> {
    const found = new Map<string, Candidate>();
    for (const [key, seen] of this.seen) {
      const isDescribed = this.descriptions.of(seen.destination, seen.source) !== null;
      const isSteady = seen.packets >= LEAST_PACKETS && seen.steady * 2 >= seen.packets;
      if (isDescribed || isSteady) found.set(key, seen);
    }
    return found;
  }
}
