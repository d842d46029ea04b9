import { isRtp, sequenceOf, ssrcOf, timestampOf } from '../rtp/packet.js';
import { FrameReader } from './frame.js';
import { readCaptureAtOnce } from './reader.js';

/** What became of one packet of a stream on its way to where it was captured. */
export interface PacketTiming {
  isLost: boolean;
  /** More than the fastest packet of the stream took, in ms; that of the packet before where it was lost. */
  delayMs: number;
}

interface Stream {
  sequence: number;
  timestamp: number;
  /** Extended sequence number → extended timestamp and time of capture in ms. */
  packets: Map<number, { timestamp: number; atMs: number }>;
}

/** RTP clocks in use (RFC 3551, section 6; RFC 7587), in Hz. */
const CLOCK_RATES = [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 90_000];
/** How far the clock that packets seem to run by may be from one of them: jitter and packets that come late bend it. */
const CLOCK_TOLERANCE = 0.1;

/**
 * How the RTP stream with the most packets of a capture was delayed and lost, packet by packet. The time that all packets took is
 * not in a capture: delays are those above the least. Clocks of sender and capture that run apart stay in them.
 * @returns empty where there is no stream, or none whose timestamps follow a clock
 * @throws AppError FILE_UNREADABLE
 */
export function rtpTiming(path: string): PacketTiming[] {
  const stream = largestStream(path);
  if (stream === null) return [];
  const packets = [...stream.packets].sort(([a], [b]) => a - b);
  const clockRate = clockRateOf(packets.map(([, packet]) => packet));
  if (clockRate === null) return [];
  const delayOf = ({ timestamp, atMs }: { timestamp: number; atMs: number }): number =>
    atMs - (timestamp * 1000) / clockRate;
  const least = packets.reduce((min, [, packet]) => Math.min(min, delayOf(packet)), Number.POSITIVE_INFINITY);
  const timings: PacketTiming[] = [];
  let [expected] = packets[0];
  for (const [sequence, packet] of packets) {
    const delayMs = delayOf(packet) - least;
    for (; expected < sequence; expected++) timings.push({ isLost: true, delayMs: timings.at(-1)!.delayMs });
    timings.push({ isLost: false, delayMs });
    expected++;
  }
  return timings;
}

function largestStream(path: string): Stream | null {
  const frame = new FrameReader();
  const { udp } = frame;
  const streams = new Map<string, Stream>();
  let firstSeconds: number | null = null;
  readCaptureAtOnce(path, ({ linkType, bytes, start, end, seconds, nanoseconds }) => {
    if (seconds === null || frame.read(linkType, bytes, start, end) !== 'udp') return;
    if (udp.isCutOff || !isRtp(bytes, udp.start, udp.end - udp.start)) return;
    firstSeconds ??= seconds;
    const key = `${udp.source} ${udp.sourcePort} ${udp.destination} ${udp.destinationPort} ${ssrcOf(bytes, udp.start)}`;
    const sequence = sequenceOf(bytes, udp.start);
    const timestamp = timestampOf(bytes, udp.start);
    const stream: Stream = streams.get(key) ?? { sequence, timestamp, packets: new Map() };
    streams.set(key, stream);
    // Both are counted on from the packet before, so that they may wrap.
    stream.sequence += ((sequence - stream.sequence) << 16) >> 16;
    stream.timestamp += (timestamp - stream.timestamp) | 0;
    const atMs = (seconds - firstSeconds) * 1000 + nanoseconds / 1e6;
    if (!stream.packets.has(stream.sequence))
      stream.packets.set(stream.sequence, { timestamp: stream.timestamp, atMs });
  });
  let largest: Stream | null = null;
  for (const stream of streams.values()) if (stream.packets.size > (largest?.packets.size ?? 1)) largest = stream;
  return largest;
}

/** The clock that timestamps run by; `null` where they follow none. */
function clockRateOf(packets: { timestamp: number; atMs: number }[]): number | null {
  const [first] = packets;
  const last = packets.at(-1)!;
  const seen = ((last.timestamp - first.timestamp) * 1000) / (last.atMs - first.atMs);
  const near = CLOCK_RATES.map((rate) => ({ rate, off: Math.abs(seen / rate - 1) })).sort((a, b) => a.off - b.off)[0];
  return near.off <= CLOCK_TOLERANCE ? near.rate : null;
}
