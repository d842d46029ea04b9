/** Length of a block. */
export const BLOCK_MS = 5;
/** Samples of a block at 8000 Hz. */
export const BLOCK_SAMPLES = BLOCK_MS * 8;
/** Those of the largest datagram, at a sample a byte. */
const MOST_BLOCKS = Math.ceil(65_536 / BLOCK_SAMPLES);

/**
 * How loud one packet is, in blocks of 5 ms. Values are those of 16-bit samples; they are counted in samples of 8000 Hz
 * whatever the rate of the codec, so that blocks of all codecs mean the same. One such object serves a whole thread.
 */
export class AudioBlocks {
  /** Of each block the sum of the squares of its samples, and that of their magnitudes. */
  readonly squares = new Float64Array(MOST_BLOCKS);
  readonly magnitudes = new Float64Array(MOST_BLOCKS);
  count = 0;
  /** Samples of all blocks: the last one may be shorter than the others. */
  samples = 0;

  /** Takes the next block. */
  add(squares: number, magnitudes: number, samples: number): void {
    this.squares[this.count] = squares;
    this.magnitudes[this.count++] = magnitudes;
    this.samples += samples;
  }

  /** Nothing of it is heard. */
  mute(): void {
    this.squares.fill(0, 0, this.count);
    this.magnitudes.fill(0, 0, this.count);
  }

  clear(): void {
    this.count = 0;
    this.samples = 0;
  }

  /** Sum of the squares of all samples. */
  get energy(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.squares[i];
    return sum;
  }
}
