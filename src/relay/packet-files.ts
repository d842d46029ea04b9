import { closeSync, openSync, writeSync } from 'node:fs';
import { AppError } from '../core/errors.js';
import { LOG_BODY, LOG_DATAGRAM_BYTES, LOG_TIME, LogFlag, LoggedFate, LogKind } from '../media/link/packet-log.js';
import type { PacketLogging } from '../media/link/relay-messages.js';
import { pcapHeader, recordBytes, writeRecord } from '../pcap/writer.js';

export interface PacketFilePaths {
  /** What becomes of each packet, a JSON document a line. */
  packetLog?: string;
  /** Captures of both sides: `<prefix>-a.pcap` and `<prefix>-b.pcap`. */
  pcap?: string;
}

/** What was written, for the final figures. */
export interface PacketFilesReport {
  fates: number;
  datagrams: number;
  /** Records that came and could not be written, and why not. */
  unwritten: number;
  failure: string | null;
}

const FATE_NAMES = Object.fromEntries(Object.entries(LoggedFate).map(([name, number]) => [number, name]));

/**
 * Writes the packet log to its files, a batch at a time and before the next one is taken: what waits is bounded by the
 * batches that the media thread has. When a file can no longer be written, the rest is counted.
 */
export class PacketFiles {
  readonly logging: PacketLogging;
  private readonly log: OutputFile | null;
  private readonly captures: readonly [OutputFile, OutputFile] | null;
  private fates = 0;
  private datagrams = 0;

  /**
   * @param directions what the two directions of a path are called
   * @throws AppError FILE_UNWRITABLE
   */
  constructor(
    { packetLog, pcap }: PacketFilePaths,
    private readonly directions: readonly [string, string] = ['aToB', 'bToA'],
  ) {
    this.log = packetLog === undefined ? null : new OutputFile(packetLog);
    this.captures = pcap === undefined ? null : [new OutputFile(`${pcap}-a.pcap`), new OutputFile(`${pcap}-b.pcap`)];
    for (const capture of this.captures ?? []) capture.write(pcapHeader(), 0);
    this.logging = { fates: packetLog !== undefined, packets: pcap !== undefined };
  }

  /** Records that could not be written so far. */
  get unwritten(): number {
    return this.files().reduce((sum, file) => sum + file.unwritten, 0);
  }

  /** Takes a batch; `nameOf` tells the name of a call that is up. */
  take(batch: Uint8Array, nameOf: (call: number) => string | undefined): void {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
    const lines: string[] = [];
    const captured: [Captured, Captured] = [new Captured(), new Captured()];
    for (let at = 0; at < batch.length; ) {
      const head = view.getUint32(at, true);
      const call = view.getUint32(at + 4, true);
      if (head >>> 24 === LogKind.fate) lines.push(fateLine(view, at, nameOf(call) ?? String(call), this.directions));
      else captured[view.getUint8(at + LOG_BODY + 38)].add(batch, view, at);
      at += head & 0xffffff;
    }
    this.fates += lines.length;
    this.log?.write(Buffer.from(lines.join('')), lines.length);
    this.captures?.forEach((file, side) => {
      const { count } = captured[side];
      this.datagrams += count;
      if (count > 0) file.write(captured[side].bytes(), count);
    });
  }

  /** Closes the files. */
  close(): PacketFilesReport {
    const files = this.files();
    for (const file of files) file.close();
    const failure = files.find((file) => file.failure !== null)?.failure ?? null;
    return { fates: this.fates, datagrams: this.datagrams, unwritten: this.unwritten, failure };
  }

  private files(): OutputFile[] {
    return [...(this.log ? [this.log] : []), ...(this.captures ?? [])];
  }
}

/** Times as captures have them: seconds since 1970, to the microsecond. */
function fateLine(view: DataView, at: number, call: string, directions: readonly [string, string]): string {
  const body = at + LOG_BODY;
  const fate = FATE_NAMES[view.getUint8(body + 14)];
  const isOnItsWay = fate === 'delivered' || fate === 'duplicated';
  return `${JSON.stringify({
    time: Math.round(view.getFloat64(at + LOG_TIME, true) * 1000) / 1e6,
    call,
    direction: directions[view.getUint8(body + 13)],
    seq: view.getUint16(body + 8, true),
    ts: view.getUint32(body + 4, true),
    ssrc: view.getUint32(body, true),
    pt: view.getUint8(body + 12),
    marker: view.getUint8(body + 15) === 1,
    size: view.getUint16(body + 10, true),
    fate,
    delayMs: isOnItsWay ? view.getFloat64(body + 16, true) : undefined,
    delay2Ms: fate === 'duplicated' ? view.getFloat64(body + 24, true) : undefined,
  })}\n`;
}

/** Datagrams of one side of a batch. */
class Captured {
  count = 0;
  private readonly datagrams: Parameters<typeof writeRecord>[2][] = [];
  private size = 0;

  add(batch: Uint8Array, view: DataView, at: number): void {
    const body = at + LOG_BODY;
    const flags = view.getUint8(body + 39);
    const bytes = (flags & LogFlag.ipv6) !== 0 ? 16 : 4;
    const local = batch.subarray(body, body + bytes);
    const remote = batch.subarray(body + 16, body + 16 + bytes);
    const localPort = view.getUint16(body + 32, true);
    const remotePort = view.getUint16(body + 34, true);
    const start = at + LOG_DATAGRAM_BYTES;
    const payload = batch.subarray(start, start + view.getUint16(body + 36, true));
    const timeMs = view.getFloat64(at + LOG_TIME, true);
    const isOutgoing = (flags & LogFlag.outgoing) !== 0;
    const datagram = isOutgoing
      ? { timeMs, source: local, sourcePort: localPort, target: remote, targetPort: remotePort, payload }
      : { timeMs, source: remote, sourcePort: remotePort, target: local, targetPort: localPort, payload };
    this.datagrams.push(datagram);
    this.count++;
    this.size += recordBytes(datagram);
  }

  bytes(): Uint8Array {
    const into = new Uint8Array(this.size);
    let at = 0;
    for (const datagram of this.datagrams) at = writeRecord(into, at, datagram);
    return into;
  }
}

/** A file that is written until that fails. */
class OutputFile {
  unwritten = 0;
  failure: string | null = null;
  private readonly descriptor: number;

  constructor(private readonly path: string) {
    try {
      this.descriptor = openSync(path, 'w');
    } catch (cause) {
      throw new AppError('FILE_UNWRITABLE', `The packet log cannot be written: ${(cause as Error).message}`, {
        where: path,
        expected: 'a folder that is there and may be written to',
        cause,
      });
    }
  }

  write(bytes: Uint8Array, records: number): void {
    if (this.failure !== null) {
      this.unwritten += records;
      return;
    }
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
    } catch (error) {
      this.failure = `${this.path}: ${(error as Error).message}`;
      this.unwritten += records;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
