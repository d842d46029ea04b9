import { BrokenCapture, type CapturedPacket, MAX_BLOCK_BYTES, type PacketCutter } from './captured.js';

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
/** Obsolete, and still found in old files. */
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
/** Type and length before a block, length after it. */
const BLOCK_BYTES = 12;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
/** No time is further from 1970 (that of JavaScript, 275,000 years): what says so has none. */
const MOST_SECONDS = 8.64e12;

interface Interface {
  linkType: number;
  snapLength: number;
  /** Units of its times in a second, and what is added to them in seconds. */
  unitsASecond: bigint;
  offsetSeconds: number;
}

/** pcapng (draft-ietf-opsawg-pcapng): blocks of several kinds, in sections, with the interfaces they were captured on. */
export class PcapngBlocks implements PacketCutter {
  readonly format = 'pcapng';
  private littleEndian = true;
  private interfaces: Interface[] = [];
  private readonly packet: CapturedPacket = {
    seconds: null,
    nanoseconds: 0,
    linkType: 0,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    wireLength: 0,
  };

  /** `null` where the file is of another format. */
  static of(bytes: Uint8Array): PcapngBlocks | null {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return view.getUint32(0, false) === SECTION_HEADER && isByteOrder(view, 8) ? new PcapngBlocks() : null;
  }

  take(bytes: Uint8Array, onPacket: (packet: CapturedPacket) => void): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.packet.bytes = bytes;
    let at = 0;
    while (bytes.length - at >= BLOCK_BYTES) {
      // The type of a section header reads the same in either byte order, which the section then sets.
      const isSection = view.getUint32(at, false) === SECTION_HEADER;
      if (isSection) {
        if (!isByteOrder(view, at + 8)) throw new BrokenCapture('a section without byte-order magic', at);
        this.littleEndian = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      }
      const length = view.getUint32(at + 4, this.littleEndian);
      if (length < BLOCK_BYTES || length > MAX_BLOCK_BYTES || length % 4 !== 0)
        throw new BrokenCapture(`a block of ${length} bytes`, at);
      if (bytes.length - at < length) break;
      if (isSection) this.interfaces = [];
      else this.block(view, at, length, onPacket);
      at += length;
    }
    return at;
  }

  private block(view: DataView, at: number, length: number, onPacket: (packet: CapturedPacket) => void): void {
    const { littleEndian } = this;
    const body = at + 8;
    const end = at + length - 4;
    switch (view.getUint32(at, littleEndian)) {
      case INTERFACE_DESCRIPTION:
        this.interfaces.push(this.readInterface(view, body, end));
        break;
      case ENHANCED_PACKET:
        if (end - body < 20) throw new BrokenCapture('an enhanced packet block without its fields', at);
        this.give(view, at, body + 20, end, view.getUint32(body, littleEndian), body + 4, onPacket);
        break;
      case PACKET:
        if (end - body < 20) throw new BrokenCapture('a packet block without its fields', at);
        this.give(view, at, body + 20, end, view.getUint16(body, littleEndian), body + 4, onPacket);
        break;
      case SIMPLE_PACKET: {
        if (end - body < 4) throw new BrokenCapture('a simple packet block without its field', at);
        const { packet } = this;
        const { linkType, snapLength } = this.interfaceOf(0, at);
        packet.wireLength = view.getUint32(body, littleEndian);
        packet.seconds = null;
        packet.nanoseconds = 0;
        packet.linkType = linkType;
        packet.start = body + 4;
        const captured = snapLength > 0 ? Math.min(snapLength, packet.wireLength) : packet.wireLength;
        packet.end = Math.min(end, packet.start + captured);
        onPacket(packet);
        break;
      }
      // Names, statistics and what others may have added.
      default:
    }
  }

  /** A packet whose time and lengths stand at `times`: time (two words), captured length, length on the wire. */
  private give(
    view: DataView,
    at: number,
    start: number,
    end: number,
    index: number,
    times: number,
    onPacket: (packet: CapturedPacket) => void,
  ): void {
    const { packet, littleEndian } = this;
    const { linkType, unitsASecond, offsetSeconds } = this.interfaceOf(index, at);
    const captured = view.getUint32(times + 8, littleEndian);
    if (captured > end - start) throw new BrokenCapture('a packet longer than its block', at);
    const high = BigInt(view.getUint32(times, littleEndian));
    const units = (high << 32n) | BigInt(view.getUint32(times + 4, littleEndian));
    const seconds = Number(units / unitsASecond) + offsetSeconds;
    packet.seconds = Math.abs(seconds) <= MOST_SECONDS ? seconds : null;
    packet.nanoseconds = Number(((units % unitsASecond) * 1_000_000_000n) / unitsASecond);
    packet.linkType = linkType;
    packet.start = start;
    packet.end = start + captured;
    packet.wireLength = view.getUint32(times + 12, littleEndian);
    onPacket(packet);
  }

  private interfaceOf(index: number, at: number): Interface {
    const found = this.interfaces[index];
    if (!found) throw new BrokenCapture(`a packet of interface ${index}, which was not described`, at);
    return found;
  }

  private readInterface(view: DataView, body: number, end: number): Interface {
    const { littleEndian } = this;
    if (end - body < 8) throw new BrokenCapture('an interface without its fields', body - 8);
    const found: Interface = {
      linkType: view.getUint16(body, littleEndian),
      snapLength: view.getUint32(body + 4, littleEndian),
      unitsASecond: 1_000_000n,
      offsetSeconds: 0,
    };
    for (let at = body + 8; end - at >= 4; ) {
      const code = view.getUint16(at, littleEndian);
      const length = view.getUint16(at + 2, littleEndian);
      if (code === 0 || at + 4 + length > end) break;
      if (code === IF_TSRESOL && length === 1) found.unitsASecond = unitsASecond(view.getUint8(at + 4));
      if (code === IF_TSOFFSET && length === 8) found.offsetSeconds = Number(view.getBigInt64(at + 4, littleEndian));
      at += 4 + Math.ceil(length / 4) * 4;
    }
    return found;
  }
}

/** if_tsresol: a negative power of 10, or of 2 where the highest bit is set. */
function unitsASecond(resolution: number): bigint {
  const power = BigInt(resolution & 0x7f);
  return resolution & 0x80 ? 1n << power : 10n ** power;
}

function isByteOrder(view: DataView, at: number): boolean {
  return view.getUint32(at, true) === BYTE_ORDER_MAGIC || view.getUint32(at, false) === BYTE_ORDER_MAGIC;
}
