import { BrokenCapture, type CapturedPacket, MAX_BLOCK_BYTES, type PacketCutter } from './captured.js';

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** pcap as libpcap has always written it (draft-ietf-opsawg-pcap): a file header, and a header before each packet. */
export class PcapBlocks implements PacketCutter {
  readonly format = 'pcap';
  private headerRead = false;
  private readonly packet: CapturedPacket = {
    seconds: 0,
    nanoseconds: 0,
    linkType: 0,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    wireLength: 0,
  };

  private constructor(
    private readonly littleEndian: boolean,
    private readonly nanosecondsAUnit: number,
  ) {}

  /** `null` where the file is of another format. */
  static of(bytes: Uint8Array): PcapBlocks | null {
    const view = viewOf(bytes);
    for (const littleEndian of [true, false]) {
      const magic = view.getUint32(0, littleEndian);
      if (magic === MICROSECONDS) return new PcapBlocks(littleEndian, 1000);
      if (magic === NANOSECONDS) return new PcapBlocks(littleEndian, 1);
    }
    return null;
  }

  take(bytes: Uint8Array, onPacket: (packet: CapturedPacket) => void): number {
    const { packet, littleEndian } = this;
    const view = viewOf(bytes);
    let at = 0;
    if (!this.headerRead) {
      if (bytes.length < FILE_HEADER_BYTES) return 0;
      // The upper bits tell of a frame check sequence at the end of each packet, which no length of ours reaches.
      packet.linkType = view.getUint32(20, littleEndian) & 0xffff;
      this.headerRead = true;
      at = FILE_HEADER_BYTES;
    }
    packet.bytes = bytes;
    while (bytes.length - at >= RECORD_HEADER_BYTES) {
      const captured = view.getUint32(at + 8, littleEndian);
      if (captured > MAX_BLOCK_BYTES) throw new BrokenCapture(`a packet of ${captured} bytes`, at);
      const start = at + RECORD_HEADER_BYTES;
      if (bytes.length - start < captured) break;
      packet.seconds = view.getUint32(at, littleEndian);
      packet.nanoseconds = view.getUint32(at + 4, littleEndian) * this.nanosecondsAUnit;
      packet.start = start;
      packet.end = start + captured;
      packet.wireLength = view.getUint32(at + 12, littleEndian);
      onPacket(packet);
      at = packet.end;
    }
    return at;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
