import { isRtp, sequenceOf, ssrcOf } from '../rtp/packet.js';
import type { CapturedPacket } from './captured.js';
import { FrameReader, type UdpView } from './frame.js';
import { readCaptureAtOnce } from './reader.js';

/** One whole RTP packet of a capture. */
export interface CapturedRtp {
  /** What its stream goes by. */
  stream: string;
  /** Its sequence number, counted on from the packet before of its stream, so that it does not wrap. */
  sequence: number;
  bytes: Uint8Array;
  /** Where it lies in `bytes`. */
  start: number;
  length: number;
  /** When it was captured. */
  captured: Pick<CapturedPacket, 'seconds' | 'nanoseconds'>;
}

/**
 * Reads all of a capture at once and hands out each RTP packet that it has in full, in the order of the file.
 * @throws AppError FILE_UNREADABLE
 */
export function eachRtpPacket(path: string, onPacket: (packet: CapturedRtp) => void): void {
  const frame = new FrameReader();
  const { udp } = frame;
  const lastSequences = new Map<string, number>();
  readCaptureAtOnce(path, (captured) => {
    const { linkType, bytes } = captured;
    if (frame.read(linkType, bytes, captured.start, captured.end) !== 'udp' || udp.isCutOff) return;
    const { start } = udp;
    const length = udp.end - start;
    if (!isRtp(bytes, start, length)) return;
    const stream = streamOf(udp, bytes);
    const number = sequenceOf(bytes, start);
    const sequence = unwrapped(number, lastSequences.get(stream) ?? number);
    lastSequences.set(stream, sequence);
    onPacket({ stream, sequence, bytes, start, length, captured });
  });
}

/** What tells the RTP stream of a datagram from another: addresses, ports and SSRC. */
export function streamOf(udp: UdpView, bytes: Uint8Array): string {
  const { source, sourcePort, destination, destinationPort, start } = udp;
  return `${source} ${sourcePort} ${destination} ${destinationPort} ${ssrcOf(bytes, start)}`;
}

/** A sequence number on from the one before, whichever way that is the shorter one. */
export function unwrapped(sequence: number, before: number): number {
  return before + (((sequence - before) << 16) >> 16);
}
