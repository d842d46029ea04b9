import { type AudioBlocks, BLOCK_MS, BLOCK_SAMPLES } from './audio-blocks.js';
import { linearToUlaw } from './g711.js';

/** L16 (RFC 3551, 4.5.11): linear samples of 16 bits, the high byte first. */
export function encodeL16(samples: Int16Array, bytes: Uint8Array, offset = 0): void {
  for (let i = 0; i < samples.length; i++) {
    bytes[offset + 2 * i] = samples[i] >> 8;
    bytes[offset + 2 * i + 1] = samples[i];
  }
}

/** Decodes `count` bytes from `offset` on into half as many samples; an odd last byte is left out. */
export function decodeL16(bytes: Uint8Array, offset: number, count: number, samples: Int16Array): void {
  for (let i = 0; i < count >> 1; i++) samples[i] = (bytes[offset + 2 * i] << 8) | bytes[offset + 2 * i + 1];
}

/** Measures the samples in the bytes from `start` to `end`, of that rate, in blocks. */
export function measureL16(
  bytes: Uint8Array,
  start: number,
  end: number,
  sampleRate: number,
  blocks: AudioBlocks,
): void {
  const perBlock = (sampleRate * BLOCK_MS) / 1000;
  const scale = BLOCK_SAMPLES / perBlock;
  blocks.clear();
  for (let from = start; from + 1 < end; from += 2 * perBlock) {
    const to = Math.min(from + 2 * perBlock, end);
    let squares = 0;
    let magnitudes = 0;
    let i = from;
    for (; i + 1 < to; i += 2) {
      const sample = ((bytes[i] << 24) >> 16) | bytes[i + 1];
      squares += sample * sample;
      magnitudes += sample < 0 ? -sample : sample;
    }
    blocks.add(squares * scale, magnitudes * scale, ((i - from) / 2) * scale);
  }
}

/** Encodes every `step`-th of the samples in the bytes from `start` to `end` by µ-law; returns how many. */
export function l16ToUlaw(bytes: Uint8Array, start: number, end: number, step: number, codes: Uint8Array): number {
  let count = 0;
  for (let i = start; i + 1 < end && count < codes.length; i += 2 * step) {
    codes[count++] = linearToUlaw((bytes[i] << 8) | bytes[i + 1]);
  }
  return count;
}
