const BLOCK_NUMBERS = 8192;
/** Whole cache lines of 64 bytes. */
const LINE_NUMBERS = 8;

/** A stretch of zeroed numbers: `numbers[at]` is the first; `words[2 * at]` are the same bytes as 32-bit words. */
export interface NumberRange {
  readonly numbers: Float64Array;
  readonly words: Int32Array;
  readonly at: number;
}

let numbers = new Float64Array(0);
let words = new Int32Array(0);
let taken = 0;

/**
 * Takes `count` numbers from a block that many takers share. What is touched for every packet then lies side by side: as
 * fields of objects each fractional number is an allocation of its own, and over thousands of streams each costs a miss of
 * the processor's cache. Nothing is given back; a block goes with the last of its takers.
 */
export function takeNumbers(count: number): NumberRange {
  const size = Math.ceil(count / LINE_NUMBERS) * LINE_NUMBERS;
  if (taken + size > numbers.length) {
    numbers = new Float64Array(Math.max(BLOCK_NUMBERS, size));
    words = new Int32Array(numbers.buffer);
    taken = 0;
  }
  const at = taken;
  taken += size;
  return { numbers, words, at };
}

const touched = new Float64Array(1);

/**
 * Asks for 32 numbers before they are needed. Where thousands of streams take turns each stretch has left the processor's cache when
 * its next packet comes: lines that are asked for at once come at once, and not one after the other as the work gets to them.
 * @param places sum of the places that objects hold which are needed, too: to have been read is all that they are for
 */
export function touch(numbers: Float64Array, at: number, places: number): void {
  touched[0] =
    places + numbers[at] + numbers[at + LINE_NUMBERS] + numbers[at + 2 * LINE_NUMBERS] + numbers[at + 3 * LINE_NUMBERS];
}
