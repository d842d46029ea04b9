import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A frame of a capture that a test writes. */
export interface Frame {
  /** Microseconds since 1970, or since what the test likes. */
  atUs: number;
  bytes: Uint8Array;
  /** Length on the wire, where the capture has less. */
  wireLength?: number;
}

/** A pcap file, by hand from the draft. */
export function pcapFile(
  frames: Frame[],
  { linkType = 101, bigEndian = false, nanoseconds = false }: Partial<PcapStyle> = {},
): Buffer {
  const u32 = (value: number): Buffer => {
    const out = Buffer.alloc(4);
    if (bigEndian) out.writeUInt32BE(value);
    else out.writeUInt32LE(value);
    return out;
  };
  const version = bigEndian ? Buffer.from([0, 2, 0, 4]) : Buffer.from([2, 0, 4, 0]);
  const parts: Uint8Array[] = [
    u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    version,
    u32(0),
    u32(0),
    u32(65_535),
    u32(linkType),
  ];
  for (const { atUs, bytes, wireLength } of frames) {
    const rest = (atUs % 1e6) * (nanoseconds ? 1000 : 1);
    parts.push(u32(Math.floor(atUs / 1e6)), u32(rest), u32(bytes.length), u32(wireLength ?? bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

export interface PcapStyle {
  linkType: number;
  bigEndian: boolean;
  nanoseconds: boolean;
}

/** A block of pcapng. */
export function block(type: number, body: Uint8Array, bigEndian = false): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const out = Buffer.alloc(12 + padded.length);
  const u32 = (value: number, at: number) => (bigEndian ? out.writeUInt32BE(value, at) : out.writeUInt32LE(value, at));
  u32(type, 0);
  u32(out.length, 4);
  out.set(padded, 8);
  u32(out.length, out.length - 4);
  return out;
}

/** Fields of a block: numbers of 2 or 4 bytes, or bytes. */
export function fields(list: ([2 | 4, number] | Uint8Array)[], bigEndian = false): Buffer {
  return Buffer.concat(
    list.map((field) => {
      if (field instanceof Uint8Array) return field;
      const out = Buffer.alloc(field[0]);
      if (bigEndian) out.writeUIntBE(field[1], 0, field[0]);
      else out.writeUIntLE(field[1], 0, field[0]);
      return out;
    }),
  );
}

/** A UDP datagram in IPv4. */
export function ipv4(from: [string, number], to: [string, number], payload: Uint8Array): Buffer {
  const out = Buffer.alloc(28 + payload.length);
  out.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0]);
  out.writeUInt16BE(out.length, 2);
  out.set(from[0].split('.').map(Number), 12);
  out.set(to[0].split('.').map(Number), 16);
  out.writeUInt16BE(from[1], 20);
  out.writeUInt16BE(to[1], 22);
  out.writeUInt16BE(8 + payload.length, 24);
  out.set(payload, 28);
  return out;
}

/** A folder of files for one test file. */
export class Files {
  private readonly folder = temporaryFolder();

  write(name: string, content: Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }
}
