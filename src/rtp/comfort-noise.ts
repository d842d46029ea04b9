/** Comfort noise (RFC 3389): a level, and for whoever wants it the shape of the spectrum, which we leave out. */

/** Level in dBov of a payload, −127 to 0; `null` for an empty one. The highest bit is reserved. */
export function comfortNoiseLevelAt(bytes: Uint8Array, start: number, end: number): number | null {
  return end > start ? 0 - (bytes[start] & 0x7f) : null;
}

/** Writes the one byte of a payload without spectrum. `levelDbov` beyond what it holds is cut off. */
export function writeComfortNoise(bytes: Uint8Array, offset: number, levelDbov: number): void {
  bytes[offset] = Math.max(0, Math.min(127, Math.round(-levelDbov)));
}
