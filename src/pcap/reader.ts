import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { AppError } from '../core/errors.js';
import { BrokenCapture, type CapturedPacket, type CaptureFormat, type PacketCutter } from './captured.js';
import { PcapBlocks } from './pcap.js';
import { PcapngBlocks } from './pcapng.js';

export interface CaptureFile {
  format: CaptureFormat;
  packets: number;
  /** Bytes at the end that make no whole packet: the file was cut off while it was written. 0 for a whole file. */
  trailingBytes: number;
}

const CHUNK_BYTES = 1024 * 1024;
/** As many as tell the formats apart, and the byte order of each. */
const MAGIC_BYTES = 12;
const GZIP_MAGIC = 0x1f8b;
/** A gzipped file that was cut off gives what it has. */
const GUNZIP = { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES };

/**
 * Reads a capture file from its beginning to its end: pcap (µs and ns, either byte order) or pcapng, gzipped or not. It is
 * read as a stream, so its size does not matter.
 * @throws AppError FILE_UNREADABLE, also for a file that is no capture or breaks its format
 */
export async function readCapture(path: string, onPacket: (packet: CapturedPacket) => void): Promise<CaptureFile> {
  let cutter: PacketCutter | null = null;
  let rest: Uint8Array = new Uint8Array(0);
  let packets = 0;
  let offset = 0;
  const count = (packet: CapturedPacket): void => {
    packets++;
    onPacket(packet);
  };
  try {
    for await (const chunk of await openStream(path)) {
      const bytes = rest.length === 0 ? (chunk as Uint8Array) : Buffer.concat([rest, chunk as Uint8Array]);
      cutter ??= bytes.length < MAGIC_BYTES ? null : cutterOf(bytes);
      if (bytes.length >= MAGIC_BYTES && cutter === null) throw new BrokenCapture('it is no pcap or pcapng file', 0);
      const used = cutter?.take(bytes, count) ?? 0;
      offset += used;
      rest = bytes.subarray(used);
    }
  } catch (error) {
    throw unreadable(path, error, offset);
  }
  if (cutter === null) throw unreadable(path, new BrokenCapture('it is no pcap or pcapng file', 0), 0);
  return { format: cutter.format, packets, trailingBytes: rest.length };
}

/**
 * The same all at once, for a capture that is needed before anything else can go on. The whole of it is in memory.
 * @throws AppError FILE_UNREADABLE
 */
export function readCaptureAtOnce(path: string, onPacket: (packet: CapturedPacket) => void): void {
  try {
    const file = readFileSync(path);
    const bytes = file.length >= 2 && file.readUInt16BE(0) === GZIP_MAGIC ? gunzipSync(file, GUNZIP) : file;
    const cutter = bytes.length < MAGIC_BYTES ? null : cutterOf(bytes);
    if (cutter === null) throw new BrokenCapture('it is no pcap or pcapng file', 0);
    cutter.take(bytes, onPacket);
  } catch (error) {
    throw unreadable(path, error, 0);
  }
}

/** Whether a file begins as a capture does, or is gzipped; `false` where it cannot be opened. */
export function isCapture(path: string): boolean {
  const magic = Buffer.alloc(MAGIC_BYTES);
  try {
    const file = openSync(path, 'r');
    const read = readSync(file, magic, 0, MAGIC_BYTES, 0);
    closeSync(file);
    if (read >= 2 && magic.readUInt16BE(0) === GZIP_MAGIC) return true;
    return read === MAGIC_BYTES && cutterOf(magic) !== null;
  } catch {
    return false;
  }
}

function cutterOf(bytes: Uint8Array): PacketCutter | null {
  return PcapBlocks.of(bytes) ?? PcapngBlocks.of(bytes);
}

async function openStream(path: string): Promise<Readable> {
  const file = await open(path);
  const magic = Buffer.alloc(2);
  await file.read(magic, 0, 2, 0);
  await file.close();
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (magic.readUInt16BE(0) !== GZIP_MAGIC) return stream;
  const plain = createGunzip(GUNZIP);
  stream.on('error', (error) => plain.destroy(error));
  return stream.pipe(plain);
}

function unreadable(path: string, error: unknown, offset: number): AppError {
  const isBroken = error instanceof BrokenCapture;
  const at = isBroken && offset + error.offset > 0 ? ` at byte ${offset + error.offset}` : '';
  return new AppError('FILE_UNREADABLE', 'The capture cannot be read', {
    where: path,
    expected: 'a pcap or pcapng file, gzipped or not',
    found: error instanceof Error ? `${error.message}${at}` : String(error),
    hint: isBroken ? 'capinfos tells what a capture file is; editcap writes another format of it as pcap.' : undefined,
    cause: error,
  });
}
