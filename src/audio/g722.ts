import { type AudioBlocks, BLOCK_SAMPLES } from './audio-blocks.js';

/**
 * ITU-T G.722 at 64 kbit/s: 16 kHz audio in two bands, each an adaptive differential PCM with 6 bits (low) and 2 bits
 * (high). One byte stands for two samples; bits 7–6 are the high band's, 5–0 the low band's. Fixed point as the
 * Recommendation has it, so that two implementations agree bit by bit. Block names are those of its clause 6.
 *
 * RTP counts G.722 with a clock of 8000 for historical reasons (RFC 3551, 4.5.2).
 */

/** Quadrature mirror filter, one half of its symmetric coefficients interleaved (table 11). */
const QMF = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11] as const;
const QMF_TAPS = 24;

/** Decision levels of the 60-level quantizer of the low band (table 14), each for the unit scale factor. */
const LOW_LEVELS = new Int32Array([
  35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458,
  1612, 1765, 1980, 2195, 2557, 2919,
]);
/** Inverse quantizers of the low band with 4 and 6 bits (table 17), the latter's codes 0–3 being those never sent. */
const LOW_INVERSE_4 = new Int32Array([
  0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
]);
const LOW_INVERSE_6 = new Int32Array([
  -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
  -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728, 24808,
  21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008,
  3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
]);
/** Inverse quantizer of the high band (table 18) and its only decision level. */
const HIGH_INVERSE = new Int32Array([-7408, -1616, 7408, 1616]);
const HIGH_LEVEL = 564;

/** How each code moves the logarithm of the scale factor: the low band's by its 4 upper bits, the high band's by its 2. */
const LOW_STEP = new Int32Array([-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60]);
const HIGH_STEP = new Int32Array([798, -214, 798, -214]);
/** 2^(i/32) in units of 1/2048, to leave the logarithmic domain. */
const EXPONENTIAL = new Int32Array([
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
  3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
]);

const LOW_LOG_MAX = 18432;
const HIGH_LOG_MAX = 22528;

function saturate(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

/** Adds what moves it to the logarithm of a scale factor that leaks by 1/128 (LOGSCL, LOGSCH). */
function moved(log: number, step: number, most: number): number {
  const next = ((log * 127) >> 7) + step;
  return next < 0 ? 0 : next > most ? most : next;
}

/** The scale factor of a logarithm (SCALEL, SCALEH): `exponent` is 8 for the low band, 10 for the high one. */
function scaleOf(log: number, exponent: number): number {
  const shift = exponent - (log >> 11);
  const mantissa = EXPONENTIAL[(log >> 6) & 31];
  return (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
}

/** The predictor of one band: two poles, six zeros, adapted by signs. Encoder and decoder run the same one. */
class Predictor {
  /** What the next sample is expected to be. */
  estimate = 0;
  private zeroEstimate = 0;
  private a1 = 0;
  private a2 = 0;
  /** Reconstructed samples and partly reconstructed ones, one and two steps ago. */
  private r1 = 0;
  private p1 = 0;
  private p2 = 0;
  private readonly b = new Int32Array(6);
  /** Quantized differences, one to six steps ago. */
  private readonly d = new Int32Array(6);

  /** Takes the quantized difference of a sample and predicts the next one (RECONS to PREDIC). */
  adapt(difference: number): void {
    const reconstructed = saturate(this.estimate + difference);
    const partial = saturate(this.zeroEstimate + difference);

    // UPPOL2 and UPPOL1: the sign of the partly reconstructed sample against those before it.
    const agrees1 = (partial ^ this.p1) >= 0;
    const agrees2 = (partial ^ this.p2) >= 0;
    const a1Times4 = saturate(this.a1 << 2);
    let a2 = ((agrees1 ? Math.min(32767, -a1Times4) : a1Times4) >> 7) + (agrees2 ? 128 : -128);
    a2 += (this.a2 * 32512) >> 15;
    a2 = a2 > 12288 ? 12288 : a2 < -12288 ? -12288 : a2;
    const bound = saturate(15360 - a2);
    let a1 = saturate((agrees1 ? 192 : -192) + ((this.a1 * 32640) >> 15));
    a1 = a1 > bound ? bound : a1 < -bound ? -bound : a1;
    this.a1 = a1;
    this.a2 = a2;

    // UPZERO, DELAYA and FILTEZ in one pass, from the oldest difference on.
    const { b, d } = this;
    const step = difference === 0 ? 0 : 128;
    let zeros = 0;
    for (let i = 5; i >= 0; i--) {
      const old = d[i];
      const coefficient = saturate(((old ^ difference) >= 0 ? step : -step) + ((b[i] * 32640) >> 15));
      b[i] = coefficient;
      const delayed = i === 0 ? difference : d[i - 1];
      d[i] = delayed;
      zeros += (coefficient * saturate(delayed + delayed)) >> 15;
    }
    this.zeroEstimate = saturate(zeros);

    // FILTEP and PREDIC.
    const poles = ((a1 * saturate(reconstructed + reconstructed)) >> 15) + ((a2 * saturate(this.r1 + this.r1)) >> 15);
    this.r1 = reconstructed;
    this.p2 = this.p1;
    this.p1 = partial;
    this.estimate = saturate(saturate(poles) + this.zeroEstimate);
  }
}

/** State of one band: its predictor and the scale factor of its quantizer. */
class Band {
  readonly predictor = new Predictor();
  scale: number;
  private log = 0;

  constructor(
    private readonly steps: Int32Array,
    private readonly most: number,
    private readonly exponent: number,
  ) {
    this.scale = exponent === 8 ? 32 : 8;
  }

  /** Takes a code (of 4 or 2 bits) and the difference that it stands for. */
  take(code: number, difference: number): void {
    this.log = moved(this.log, this.steps[code], this.most);
    this.scale = scaleOf(this.log, this.exponent);
    this.predictor.adapt(difference);
  }
}

function lowBand(): Band {
  return new Band(LOW_STEP, LOW_LOG_MAX, 8);
}

function highBand(): Band {
  return new Band(HIGH_STEP, HIGH_LOG_MAX, 10);
}

/** Code of a prediction error in the low band (QUANTL): 6 bits, of which 0–3 and 62–63 have a meaning of their own. */
function quantizeLow(error: number, scale: number): number {
  const magnitude = error >= 0 ? error : -(error + 1);
  let level = 0;
  while (level < LOW_LEVELS.length && magnitude >= (LOW_LEVELS[level] * scale) >> 12) level++;
  // Positive codes run from 61 down to 32; negative ones have 63 and 62 first and then 31 down to 4.
  if (error >= 0) return 61 - level;
  return level < 2 ? 63 - level : 33 - level;
}

/** One direction of G.722: audio in, bytes out. */
export class G722Encoder {
  private readonly low = lowBand();
  private readonly high = highBand();
  private readonly history = new Int32Array(QMF_TAPS);

  /** Encodes 16 kHz samples, two a byte. `samples` has an even length. */
  encode(samples: Int16Array, bytes: Uint8Array, offset = 0): void {
    const { low, high, history } = this;
    for (let i = 0; i + 1 < samples.length; i += 2) {
      history.copyWithin(0, 2);
      history[QMF_TAPS - 2] = samples[i];
      history[QMF_TAPS - 1] = samples[i + 1];
      let even = 0;
      let odd = 0;
      for (let tap = 0; tap < 12; tap++) {
        odd += history[2 * tap] * QMF[tap];
        even += history[2 * tap + 1] * QMF[11 - tap];
      }
      const lowError = saturate(((even + odd) >> 14) - low.predictor.estimate);
      const lowCode = quantizeLow(lowError, low.scale);
      low.take(lowCode >> 2, (low.scale * LOW_INVERSE_4[lowCode >> 2]) >> 15);

      const highError = saturate(((even - odd) >> 14) - high.predictor.estimate);
      const magnitude = highError >= 0 ? highError : -(highError + 1);
      const isLarge = magnitude >= (HIGH_LEVEL * high.scale) >> 12;
      const highCode = (highError >= 0 ? 2 : 0) | (isLarge ? 0 : 1);
      high.take(highCode, (high.scale * HIGH_INVERSE[highCode]) >> 15);

      bytes[offset + (i >> 1)] = (highCode << 6) | lowCode;
    }
  }
}

/** LIMIT: the reconstructed signal of a band has 15 bits. */
function limit(value: number): number {
  return value > 16383 ? 16383 : value < -16384 ? -16384 : value;
}

/** The other direction: bytes in, audio out. */
export class G722Decoder {
  private readonly low = lowBand();
  private readonly high = highBand();
  private readonly history = new Int32Array(QMF_TAPS);

  /** Decodes `count` bytes from `offset` on into twice as many 16 kHz samples. */
  decode(bytes: Uint8Array, offset: number, count: number, samples: Int16Array): void {
    const { history } = this;
    for (let i = 0; i < count; i++) {
      const code = bytes[offset + i];
      const low = this.nextLow(code & 0x3f);
      const high = this.nextHigh(code >> 6);
      history.copyWithin(0, 2);
      history[QMF_TAPS - 2] = low + high;
      history[QMF_TAPS - 1] = low - high;
      let first = 0;
      let second = 0;
      for (let tap = 0; tap < 12; tap++) {
        second += history[2 * tap] * QMF[tap];
        first += history[2 * tap + 1] * QMF[11 - tap];
      }
      samples[2 * i] = saturate(first >> 11);
      samples[2 * i + 1] = saturate(second >> 11);
    }
  }

  /**
   * Measures the samples that `count` bytes stand for by the two bands: the mirror filters keep the energy, so the samples
   * themselves need not be made. Magnitudes are those of the low band, raised by what the high one adds.
   */
  measure(bytes: Uint8Array, offset: number, count: number, blocks: AudioBlocks): void {
    const end = offset + count;
    blocks.clear();
    for (let from = offset; from < end; from += BLOCK_SAMPLES) {
      const to = Math.min(from + BLOCK_SAMPLES, end);
      let lowSquares = 0;
      let highSquares = 0;
      let magnitudes = 0;
      for (let i = from; i < to; i++) {
        const code = bytes[i];
        const low = this.nextLow(code & 0x3f);
        const high = this.nextHigh(code >> 6);
        lowSquares += low * low;
        highSquares += high * high;
        magnitudes += low < 0 ? -low : low;
      }
      const raised =
        lowSquares === 0 ? Math.sqrt(highSquares * (to - from)) : magnitudes * Math.sqrt(1 + highSquares / lowSquares);
      // Bands have 15 bits where samples have 16: twice the value, of which one stands for a sample of 8 kHz.
      blocks.add((lowSquares + highSquares) * 4, raised * 2, to - from);
    }
  }

  private nextLow(code: number): number {
    const { low } = this;
    const value = limit(low.predictor.estimate + ((low.scale * LOW_INVERSE_6[code]) >> 15));
    low.take(code >> 2, (low.scale * LOW_INVERSE_4[code >> 2]) >> 15);
    return value;
  }

  private nextHigh(code: number): number {
    const { high } = this;
    const difference = (high.scale * HIGH_INVERSE[code]) >> 15;
    const value = limit(high.predictor.estimate + difference);
    high.take(code, difference);
    return value;
  }
}
