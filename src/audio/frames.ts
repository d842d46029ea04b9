import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.js';
import { rtpPayloads } from '../pcap/payloads.js';

/** The payloads of packets, all of one size: one behind the other without any header, or in a capture. */
export interface FrameFile {
  file: string;
  /** Payload bytes of a packet. */
  bytes: number;
  /** The file is a capture, and these are its RTP packets of that payload type. */
  payloadType?: number;
}

/**
 * Reads what is sent of a codec whose frames are opaque to us.
 *
 * @throws AppError FILE_UNREADABLE when the file cannot be opened or does not hold whole payloads of that size
 */
export function readFrames({ file, bytes, payloadType }: FrameFile): Uint8Array {
  if (payloadType !== undefined) return capturedFrames(file, bytes, payloadType);
  let read: Buffer;
  try {
    read = readFileSync(file);
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `the file of frames ${file} cannot be opened`, {
      where: file,
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  if (read.length === 0 || read.length % bytes !== 0)
    throw new AppError('FILE_UNREADABLE', `the file ${file} does not hold whole frames`, {
      where: file,
      expected: `a multiple of ${bytes} bytes, one packet's payload each`,
      found: `${read.length} bytes`,
      hint: 'Give the bytes of one payload, and a file without a header of its own.',
    });
  return read;
}

function capturedFrames(file: string, bytes: number, payloadType: number): Uint8Array {
  const payloads = rtpPayloads(file, payloadType, bytes);
  if (payloads.length === 0)
    throw new AppError('FILE_UNREADABLE', `the capture ${file} holds no frames of that kind`, {
      where: file,
      expected: `RTP packets of payload type ${payloadType} with payloads of ${bytes} bytes`,
      found: 'none',
      hint: 'trunkstorm capture analyze tells which payload types a capture has.',
    });
  return Buffer.concat(payloads);
}
