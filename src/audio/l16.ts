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

/** Sum of the squares of the samples in the bytes from `start` to `end`. */
export function energyOfL16(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i + 1 < end; i += 2) {
    const sample = ((bytes[i] << 24) >> 16) | bytes[i + 1];
    sum += sample * sample;
  }
  return sum;
}
