/** Taps per step of the rate on each side of the centre. */
const REACH = 8;
/** Share of the Nyquist band at the lower rate that is kept. */
const PASSBAND = 0.92;

/** A low pass for every n-th sample: sinc under a Blackman window, of gain 1. */
function taps(factor: number): Float64Array {
  const half = REACH * factor;
  const kernel = new Float64Array(2 * half + 1);
  let sum = 0;
  for (let i = -half; i <= half; i++) {
    const x = (PASSBAND * i) / factor;
    const sinc = i === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const w = i / (half + 1);
    kernel[i + half] = sinc * (0.42 + 0.5 * Math.cos(Math.PI * w) + 0.08 * Math.cos(2 * Math.PI * w));
    sum += kernel[i + half];
  }
  return kernel.map((tap) => tap / sum);
}

/** Samples that are taken in at a time. */
const CHUNK = 960;

/** Brings a stream of samples to a rate that is a whole number of times lower. Keeps state from block to block. */
export class Decimator {
  /** How much later what goes in comes out, in samples of the lower rate. */
  readonly delaySamples = REACH;
  private readonly kernel: Float64Array;
  /** The samples that the next output needs, and those that followed them. */
  private readonly line: Float64Array;
  private held: number;

  constructor(private readonly factor: number) {
    this.kernel = taps(factor);
    this.line = new Float64Array(this.kernel.length + CHUNK);
    this.held = this.kernel.length - 1;
  }

  /** Takes `count` samples and writes those of the lower rate; returns how many. */
  take(samples: Int16Array, count: number, result: Int16Array): number {
    const { kernel, line, factor } = this;
    let made = 0;
    for (let taken = 0; taken < count; taken += CHUNK) {
      const chunk = Math.min(CHUNK, count - taken);
      for (let i = 0; i < chunk; i++) line[this.held + i] = samples[taken + i];
      const end = this.held + chunk;
      let from = 0;
      for (; from + kernel.length <= end; from += factor) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += kernel[k] * line[from + k];
        result[made++] = Math.max(-32768, Math.min(32767, Math.round(sum)));
      }
      line.copyWithin(0, from, end);
      this.held = end - from;
    }
    return made;
  }
}
