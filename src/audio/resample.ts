/** Zero crossings of the kernel on each side, and points of its table per crossing. */
const CROSSINGS = 24;
const TABLE_STEPS = 256;
/** Share of the narrower Nyquist band that is kept; the rest is the filter's slope. */
const PASSBAND = 0.94;

/** sinc(x) under a Blackman window for 0 ≤ x ≤ CROSSINGS. */
const kernel = ((): Float64Array => {
  const table = new Float64Array(CROSSINGS * TABLE_STEPS + 2);
  for (let i = 0; i <= CROSSINGS * TABLE_STEPS; i++) {
    const x = i / TABLE_STEPS;
    const sinc = i === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const w = x / CROSSINGS;
    table[i] = sinc * (0.42 + 0.5 * Math.cos(Math.PI * w) + 0.08 * Math.cos(2 * Math.PI * w));
  }
  return table;
})();

/** Changes the sample rate by interpolation with a windowed sinc, whose cut-off lies below both Nyquist frequencies. */
export function resample(samples: Float64Array, fromRate: number, toRate: number): Float64Array {
  if (fromRate === toRate) return samples;
  const cutoff = PASSBAND * Math.min(1, toRate / fromRate);
  const reach = CROSSINGS / cutoff;
  const result = new Float64Array(Math.floor((samples.length * toRate) / fromRate));
  for (let n = 0; n < result.length; n++) {
    const centre = (n * fromRate) / toRate;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(samples.length - 1, Math.floor(centre + reach));
    let sum = 0;
    for (let i = first; i <= last; i++) {
      const at = Math.abs(i - centre) * cutoff * TABLE_STEPS;
      const step = Math.floor(at);
      sum += samples[i] * (kernel[step] + (at - step) * (kernel[step + 1] - kernel[step]));
    }
    result[n] = sum * cutoff;
  }
  return result;
}
