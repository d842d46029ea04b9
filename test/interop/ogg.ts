/** Opus in Ogg (RFC 7845, RFC 3533), as far as files of one stream need it. */

const crcTable = Uint32Array.from({ length: 256 }, (_, i) => {
  let r = i << 24;
  for (let k = 0; k < 8; k++) r = r & 0x80000000 ? (r << 1) ^ 0x04c11db7 : r << 1;
  return r >>> 0;
});

function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ crcTable[(crc >>> 24) ^ byte]) >>> 0;
  return crc;
}

/** One page that holds one packet. */
function page(packet: Buffer, sequence: number, granule: number, flags: number): Buffer {
  const segments = Math.floor(packet.length / 255) + 1;
  const header = Buffer.alloc(27 + segments);
  header.write('OggS', 0, 'latin1');
  header[5] = flags;
  header.writeBigInt64LE(BigInt(granule), 6);
  header.writeUInt32LE(1, 14);
  header.writeUInt32LE(sequence, 18);
  header[26] = segments;
  header.fill(255, 27);
  header[26 + segments] = packet.length % 255;
  const whole = Buffer.concat([header, packet]);
  whole.writeUInt32LE(crcOf(whole), 22);
  return whole;
}

/** A file of mono packets of `samples` at 48 kHz each. */
export function writeOgg(packets: readonly Uint8Array[], samples: number): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 0, 'latin1');
  head[8] = 1;
  head[9] = 1;
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.concat([Buffer.from('OpusTags'), Buffer.alloc(8)]);
  const pages = [page(head, 0, 0, 2), page(tags, 1, 0, 0)];
  packets.forEach((packet, i) => {
    pages.push(page(Buffer.from(packet), i + 2, (i + 1) * samples, i === packets.length - 1 ? 4 : 0));
  });
  return Buffer.concat(pages);
}

/** The audio packets of a file, its two header packets left out. */
export function readOgg(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let begun: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const segments = file[at + 26];
    let from = at + 27 + segments;
    for (let i = 0; i < segments; i++) {
      const length = file[at + 27 + i];
      begun.push(file.subarray(from, from + length));
      from += length;
      if (length === 255) continue;
      packets.push(Buffer.concat(begun));
      begun = [];
    }
    at = from;
  }
  return packets.slice(2);
}
