/** Samples that are looked at: 50 ms at 8 kHz, which tells the harmonics of a voice apart. */
export const WINDOW_SAMPLES = 400;

const SIZE = 512;
const BIN_HZ = 8000 / SIZE;
/** Bins on each side of a peak that a steady tone fills under this window. */
const LOBE_BINS = 3;
/** The telephone band, in bins. */
const FIRST_BIN = Math.round(150 / BIN_HZ);
const LAST_BIN = Math.round(3700 / BIN_HZ);
/** Pitch periods in samples: 75 to 400 Hz. */
const SHORTEST_PERIOD = 20;
const LONGEST_PERIOD = 107;

/** Positions of bit-reversed order, and the roots of unity, of the transform. */
const order = new Uint16Array(SIZE);
const cosines = new Float64Array(SIZE / 2);
const sines = new Float64Array(SIZE / 2);
for (let i = 0, reversed = 0; i < SIZE; i++) {
  order[i] = reversed;
  let bit = SIZE >> 1;
  for (; reversed & bit; bit >>= 1) reversed ^= bit;
  reversed |= bit;
}
for (let i = 0; i < SIZE / 2; i++) {
  cosines[i] = Math.cos((2 * Math.PI * i) / SIZE);
  sines[i] = -Math.sin((2 * Math.PI * i) / SIZE);
}
const hann = Float64Array.from(
  { length: WINDOW_SAMPLES },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / WINDOW_SAMPLES),
);

// One set for all calls of a thread: nothing is kept from one look to the next.
const re = new Float64Array(SIZE);
const im = new Float64Array(SIZE);
const power = new Float64Array(SIZE / 2);

/** The discrete Fourier transform of `re` and `im`, in place (radix 2, decimation in time; the input in bit-reversed order). */
function transform(): void {
  for (let half = 1; half < SIZE; half <<= 1) {
    const stride = SIZE / (2 * half);
    for (let start = 0; start < SIZE; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const c = cosines[k * stride];
        const s = sines[k * stride];
        const a = start + k;
        const b = a + half;
        const x = re[b] * c - im[b] * s;
        const y = re[b] * s + im[b] * c;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

/** The autocorrelation of the window itself, by which that of a signal under it is divided. */
const windowCorrelation = ((): Float64Array => {
  const result = new Float64Array(LONGEST_PERIOD + 1);
  for (let lag = 0; lag <= LONGEST_PERIOD; lag++)
    for (let i = 0; i + lag < WINDOW_SAMPLES; i++) result[lag] += hann[i] * hann[i + lag];
  return result;
})();

/** What a look at 50 ms tells. */
export interface Look {
  /** Share of the power that lies in the two strongest peaks: near 1 for one or two tones, less for a voice and noise. */
  purity: number;
  /** Frequencies of those peaks in Hz; the second is 0 where it has less than a tenth of the power. */
  firstHz: number;
  secondHz: number;
  /** The highest autocorrelation at a pitch period, 0–1: high for a voice and for tones, low for noise. */
  periodicity: number;
}

/**
 * Looks at the latest 50 ms of a ring of samples at 8 kHz.
 * @param ring its length is a power of two, no less than 512
 * @param end position behind the latest sample, counted up without end
 * @param look where the result goes
 */
export function lookAt(ring: Float32Array, end: number, look: Look): void {
  const mask = ring.length - 1;
  im.fill(0);
  for (let i = 0; i < SIZE; i++)
    re[order[i]] = i < WINDOW_SAMPLES ? ring[(end - WINDOW_SAMPLES + i) & mask] * hann[i] : 0;
  transform();
  let total = 0;
  for (let k = 0; k < SIZE / 2; k++) {
    power[k] = re[k] * re[k] + im[k] * im[k];
    if (k >= FIRST_BIN && k <= LAST_BIN) total += power[k];
  }
  look.periodicity = periodicity();
  look.firstHz = 0;
  look.secondHz = 0;
  look.purity = 0;
  if (total === 0) return;
  const first = strongest(-1);
  const inFirst = lobe(first, -1);
  const second = strongest(first);
  const inSecond = lobe(second, first);
  look.purity = Math.min(1, (inFirst + inSecond) / total);
  look.firstHz = frequencyOf(first);
  if (inSecond > 0.1 * total) look.secondHz = frequencyOf(second);
}

/** The strongest bin outside of another peak's lobe. */
function strongest(other: number): number {
  let found = FIRST_BIN;
  let most = -1;
  for (let k = FIRST_BIN; k <= LAST_BIN; k++) {
    if (power[k] <= most || (other >= 0 && Math.abs(k - other) <= LOBE_BINS)) continue;
    most = power[k];
    found = k;
  }
  return found;
}

function lobe(peak: number, other: number): number {
  let sum = 0;
  for (let k = Math.max(FIRST_BIN, peak - LOBE_BINS); k <= Math.min(LAST_BIN, peak + LOBE_BINS); k++)
    if (other < 0 || Math.abs(k - other) > LOBE_BINS) sum += power[k];
  return sum;
}

/** By a parabola through the logarithms of the bin and its neighbours. */
function frequencyOf(bin: number): number {
  const below = Math.log(power[bin - 1] + 1e-9);
  const at = Math.log(power[bin] + 1e-9);
  const above = Math.log(power[bin + 1] + 1e-9);
  const bend = below - 2 * at + above;
  const shift = bend === 0 ? 0 : (0.5 * (below - above)) / bend;
  return (bin + Math.max(-0.5, Math.min(0.5, shift))) * BIN_HZ;
}

/** By the transform of the power; the window is so much shorter than the transform that no lag wraps around. */
function periodicity(): number {
  im.fill(0);
  for (let i = 0; i < SIZE; i++) {
    const k = i <= SIZE / 2 ? i : SIZE - i;
    re[order[i]] = k >= FIRST_BIN && k <= LAST_BIN ? power[k] : 0;
  }
  transform();
  const whole = re[0] / windowCorrelation[0];
  if (whole <= 0) return 0;
  let highest = 0;
  for (let lag = SHORTEST_PERIOD; lag <= LONGEST_PERIOD; lag++) {
    const value = re[lag] / windowCorrelation[lag];
    // A peak, not the slope that the lags next to none make.
    if (value > highest && re[lag] >= re[lag - 1] && re[lag] >= re[lag + 1]) highest = value;
  }
  return highest / whole;
}
