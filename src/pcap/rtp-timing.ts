import { timestampOf } from '../rtp/packet.js';
import { eachRtpPacket } from './rtp-packets.js';

/** What became of one packet of a stream on its way to where it was captured. */
export interface PacketTiming {
  isLost: boolean;
  /** More than the fastest packet of the stream took, in ms; that of the packet before where it was lost. */
  delayMs: number;
}

interface Stream {
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
  const streams = new Map<string, Stream>();
  let firstSeconds: number | null = null;
  eachRtpPacket(path, ({ stream: name, sequence, bytes, start, captured: { seconds, nanoseconds } }) => {
    if (seconds === null) return;
    firstSeconds ??= seconds;
    const timestamp = timestampOf(bytes, start);
    const stream: Stream = streams.get(name) ?? { timestamp, packets: new Map() };
    streams.set(name, stream);
    // Counted on from the packet before, so that it may wrap.
    stream.timestamp += (timestamp - stream.timestamp) | 0;
    const atMs = (seconds - firstSeconds) * 1000 + nanoseconds / 1e6;
    if (!stream.packets.has(sequence)) stream.packets.set(sequence, { timestamp: stream.timestamp, atMs });
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
