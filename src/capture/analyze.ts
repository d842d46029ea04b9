import type { CapturedPacket, CaptureFormat } from '../pcap/captured.js';
import { FrameReader } from '../pcap/frame.js';
import { readCapture } from '../pcap/reader.js';
import { streamOf } from '../pcap/rtp-packets.js';
import { hasRtpHeader } from '../rtp/packet.js';
import { type Assumptions, MeasuredStream, type StreamReport } from './measured-stream.js';
import { payloadsOf } from './payload-types.js';
import { type Candidate, Survey } from './survey.js';

export interface AnalyzeOptions extends Assumptions {
  /** Payload type → encoding, where the capture does not say it or says it wrongly. */
  rtpmap: ReadonlyMap<number, string>;
}

/** What was found in a capture file. */
export interface Analysis {
  schema: 1;
  file: {
    path: string;
    format: CaptureFormat;
    packets: number;
    /** Bytes at the end that make no whole packet. */
    trailingBytes: number;
    /** ISO 8601; `null` where packets have no times. */
    startedAt: string | null;
    durationMs: number | null;
    /** Packets by what they turned out to be: UDP, other protocols, later fragments, broken ones, unknown link types. */
    frames: { udp: number; other: number; fragments: number; broken: number; unknownLink: number };
    /** Datagrams without a time of capture: they cannot be measured. */
    untimed: number;
    /** Datagrams of RTP that the capture has only in part (snaplen). */
    cutOff: number;
    /** Streams beyond the most that are looked at. */
    leftOut: number;
  };
  assumptions: Assumptions;
  streams: StreamReport[];
}

/**
 * Measures the RTP streams of a capture file by what measures live calls. It is read twice: first for which datagrams are RTP
 * and what their payload types mean, then for the figures, so that no more than one packet is in memory.
 * @param onProgress packets read so far in both passes
 * @throws AppError FILE_UNREADABLE
 */
export async function analyze(
  path: string,
  options: AnalyzeOptions,
  onProgress: (packets: number) => void = () => {},
): Promise<Analysis> {
  const { rtpmap, ...assumptions } = options;
  const frame = new FrameReader();
  const { udp } = frame;
  const survey = new Survey();
  const span = new Span();
  let read = 0;
  let untimed = 0;
  const { format, packets, trailingBytes } = await readCapture(path, (packet) => {
    onProgress(++read);
    span.add(packet);
    const kind = frame.read(packet.linkType, packet.bytes, packet.start, packet.end);
    survey.frames[kind]++;
    if (kind !== 'udp') return;
    if (packet.seconds === null) untimed++;
    else survey.add(udp, packet.bytes);
  });

  const candidates = survey.streams();
  const streams = new Map<string, MeasuredStream>();
  const ssrcs = new Map<string, number>();
  for (const [key, candidate] of candidates) {
    const described = survey.descriptions.of(candidate.destination, candidate.source);
    const payloads = payloadsOf(candidate, described, rtpmap);
    streams.set(key, new MeasuredStream(candidate, payloads, described?.isEncrypted ?? false, assumptions));
    ssrcs.set(flowOf(candidate), (ssrcs.get(flowOf(candidate)) ?? 0) + 1);
  }
  await readCapture(path, (packet) => {
    onProgress(++read);
    if (packet.seconds === null) return;
    if (frame.read(packet.linkType, packet.bytes, packet.start, packet.end) !== 'udp') return;
    if (!hasRtpHeader(packet.bytes, udp.start, udp.end - udp.start)) return;
    const stream = streams.get(streamOf(udp, packet.bytes));
    if (!stream) return;
    stream.add(packet.bytes, udp.start, udp.end - udp.start, span.msOf(packet));
  });

  const { frames } = survey;
  return {
    schema: 1,
    file: {
      path,
      format,
      packets,
      trailingBytes,
      startedAt: span.startedAt,
      durationMs: span.durationMs,
      frames: {
        udp: frames.udp,
        other: frames.other,
        fragments: frames.fragment,
        broken: frames.broken,
        unknownLink: frames['unknown-link'],
      },
      untimed,
      cutOff: [...candidates.values()].reduce((sum, { cutOff }) => sum + cutOff, 0),
      leftOut: survey.leftOut,
    },
    assumptions,
    streams: [...streams.values()].map((stream) => stream.report(ssrcs.get(flowOf(stream.candidate))! - 1)),
  };
}

/** The time that a capture covers. */
class Span {
  private seconds: number | null = null;
  private nanoseconds = 0;
  private lastMs = 0;

  add(packet: CapturedPacket): void {
    if (packet.seconds === null) return;
    if (this.seconds === null) {
      this.seconds = packet.seconds;
      this.nanoseconds = packet.nanoseconds;
    }
    this.lastMs = Math.max(this.lastMs, this.msOf(packet));
  }

  /** Ms since the first packet. The seconds are subtracted first: as one number they would not hold nanoseconds. */
  msOf({ seconds, nanoseconds }: CapturedPacket): number {
    return (seconds! - this.seconds!) * 1000 + (nanoseconds - this.nanoseconds) / 1e6;
  }

  get startedAt(): string | null {
    if (this.seconds === null) return null;
    const time = new Date(this.seconds * 1000 + this.nanoseconds / 1e6);
    return Number.isNaN(time.getTime()) ? null : time.toISOString();
  }

  get durationMs(): number | null {
    return this.seconds === null ? null : this.lastMs;
  }
}

/** The addresses that packets go between, whatever their SSRC. */
function flowOf({ source, destination }: Candidate): string {
  return `${source} ${destination}`;
}
