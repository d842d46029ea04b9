import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readFrames } from '../../src/audio/frames.js';
import { AudioLibrary } from '../../src/media/audio-library.js';
import { RTP_HEADER_BYTES } from '../../src/rtp/packet.js';

const folder = mkdtempSync(join(tmpdir(), 'trunkstorm-frames-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
