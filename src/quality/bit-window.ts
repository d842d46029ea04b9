/** Sequence numbers that a window holds: more than `MAX_DROPOUT` + `MAX_MISORDER`, and a power of two. */
export const WINDOW = 4096;
/** Numbers of 64 bits that two windows side by side take. */
export const WINDOW_PAIR_NUMBERS = (2 * WINDOW) / 64;

/*
 * A bit for each of the last `WINDOW` extended sequence numbers. Two windows lie word by word beside each other, so that
 * the bits of one packet in both are on one line of the cache: `first` is the index of a window's first word, and its
 * others are every second one from there.
 */

function indexOf(first: number, extended: number): number {
  return first + 2 * ((extended & (WINDOW - 1)) >> 5);
}

export function hasBit(words: Int32Array, first: number, extended: number): boolean {
  return (words[indexOf(first, extended)] & (1 << (extended & 31))) !== 0;
}

/** The first number from `from` to `to` whose bit is not set; `to` + 1 when all are. A word of set bits costs one look. */
export function nextClear(words: Int32Array, first: number, from: number, to: number): number {
  let extended = from;
  while (extended <= to) {
    const rest = ~words[indexOf(first, extended)] >>> (extended & 31);
    if (rest !== 0) return Math.min(to + 1, extended + 31 - Math.clz32(rest & -rest));
    extended += 32 - (extended & 31);
  }
  return to + 1;
}

export function setBit(words: Int32Array, first: number, extended: number): void {
  words[indexOf(first, extended)] |= 1 << (extended & 31);
}

export function clearBit(words: Int32Array, first: number, extended: number): void {
  words[indexOf(first, extended)] &= ~(1 << (extended & 31));
}

export function clearBits(words: Int32Array, first: number): void {
  for (let i = 0; i < WINDOW / 32; i++) words[first + 2 * i] = 0;
}
