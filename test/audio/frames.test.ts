import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFrames } from '../../src/audio/frames.js';
import { AudioLibrary } from '../../src/media/audio-library.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';
import { ipv4, pcapFile } from '../pcap/files.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();

function write(name: string, bytes: number): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    Uint8Array.from({ length: bytes }, (_, i) => i % 251),
  );
  return file;
}

describe('a file of frames', () => {
  it('is sent packet by packet as it is', () => {
    const file = write('three.bin', 60);
    const library = new AudioLibrary({ mine: { audio: 'speech', frames: { G729: { file, bytes: 20 } } } }, 1);
    library.prepare([{ codec: 'G729', ptimeMs: 20 }]);
    const { memory, frames, frameBytes, strideBytes } = library.get('mine', 'G729', 20);
    expect([frames, frameBytes]).toEqual([3, 20]);
    for (let i = 0; i < 3; i++) {
      const at = i * strideBytes + RTP_HEADER_BYTES;
      expect([...memory.bytes.subarray(at, at + 20)]).toEqual(Array.from({ length: 20 }, (_, k) => 20 * i + k));
    }
  });

  it('may be a capture: the payloads of one stream in order, each once, whatever overtook or came twice', () => {
    const packet = (sequence: number, fill: number, type = 18, ssrc = 1, bytes = 20) => {
      const rtp = new Uint8Array(12 + bytes).fill(fill);
      writeRtpHeader(rtp, 0, false, type, sequence & 0xffff, 160 * sequence, ssrc);
      return { atUs: 0, bytes: ipv4(['192.0.2.1', 4000], ['192.0.2.2', 5000], rtp) };
    };
    const file = join(folder, 'g729.pcap');
    writeFileSync(
      file,
      pcapFile([
        packet(65_534, 1),
        packet(65_536, 3),
        packet(65_535, 2),
        packet(65_535, 2),
        packet(65_537, 9, 0),
        packet(65_538, 9, 18, 1, 10),
        packet(65_539, 4),
        packet(7, 8, 18, 2),
      ]),
    );
    const frames = readFrames({ file, bytes: 20, payloadType: 18 });
    expect([0, 20, 40, 60].map((at) => frames[at])).toEqual([1, 2, 3, 4]);
    expect(frames.length).toBe(80);
    expect(() => readFrames({ file, bytes: 20, payloadType: 96 })).toThrow('holds no frames of that kind');
    expect(() => readFrames({ file: write('three.bin', 60), bytes: 20, payloadType: 18 })).toThrow('cannot be read');
  });

  it('that is missing, empty or ends within a frame is refused with its name', () => {
    const missing = join(folder, 'missing.bin');
    expect(() => readFrames({ file: missing, bytes: 20 })).toThrow(missing);
    for (const [name, bytes] of [
      ['empty.bin', 0],
      ['short.bin', 19],
      ['rest.bin', 41],
    ] as const) {
      const file = write(name, bytes);
      expect(() => readFrames({ file, bytes: 20 }), name).toThrow('does not hold whole frames');
    }
  });
});
