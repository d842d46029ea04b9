import { Rng } from '../core/rng.js';
import { bandLimit } from './telephone-band.js';

/** Active level that the speech is brought to: the nominal speech level of networks. */
const ACTIVE_DBOV = -26;

/** Formants in Hz of a few vowels. */
const VOWELS = [
  [730, 1090, 2440],
  [530, 1840, 2480],
  [390, 1990, 2550],
  [570, 840, 2410],
  [440, 1020, 2240],
  [660, 1720, 2410],
] as const;
const BANDWIDTHS = [90, 110, 170] as const;
const GAINS = [1, 0.6, 0.35] as const;

/** A two-pole resonance, moved from syllable to syllable. */
class Resonator {
  private b1 = 0;
  private b2 = 0;
  private gain = 0;
  private y1 = 0;
  private y2 = 0;

  tune(frequency: number, bandwidth: number, sampleRate: number): void {
    const radius = Math.exp((-Math.PI * bandwidth) / sampleRate);
    this.b1 = 2 * radius * Math.cos((2 * Math.PI * frequency) / sampleRate);
    this.b2 = -radius * radius;
    this.gain = 1 - radius;
  }

  next(x: number): number {
    const y = this.gain * x + this.b1 * this.y1 + this.b2 * this.y2;
    this.y2 = this.y1;
    this.y1 = y;
    return y;
  }
}

/** Writes voiced and unvoiced sounds one after another until there is no room left. */
class Voice {
  readonly signal: Float64Array;
  /** 1 where something is said, for the active level. */
  readonly active: Uint8Array;
  position = 0;
  private readonly formants = [new Resonator(), new Resonator(), new Resonator()];
  private readonly hiss = new Resonator();
  private phase = 0;

  constructor(
    samples: number,
    private readonly sampleRate: number,
    private readonly rng: Rng,
  ) {
    this.signal = new Float64Array(samples);
    this.active = new Uint8Array(samples);
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.rng.uniform();
  }

  get isFull(): boolean {
    return this.position >= this.signal.length;
  }

  /** A vowel: pulses at a gliding pitch through three formants, swelling and fading. */
  vowel(ms: number, fromHz: number, toHz: number): void {
    const vowel = VOWELS[Math.floor(this.rng.uniform() * VOWELS.length)];
    const shift = this.between(0.92, 1.08);
    for (let i = 0; i < 3; i++) this.formants[i].tune(vowel[i] * shift, BANDWIDTHS[i], this.sampleRate);
    const loudness = this.between(0.7, 1.2);
    this.write(ms, (share) => {
      // A pitch that is never steady: a glide with a slow wave on it, and a little irregularity from pulse to pulse.
      const pitch = fromHz + (toHz - fromHz) * share + 3 * Math.sin(share * 9);
      this.phase += pitch / this.sampleRate;
      let pulse = 0;
      if (this.phase >= 1) {
        this.phase -= 1 + 0.02 * (this.rng.uniform() - 0.5);
        pulse = 1;
      }
      const breath = 0.02 * (this.rng.uniform() - 0.5);
      let sum = 0;
      for (let i = 0; i < 3; i++) sum += GAINS[i] * this.formants[i].next(pulse + breath);
      return loudness * sum * Math.sin(Math.PI * Math.min(1, share * 0.94 + 0.03)) ** 0.7;
    });
  }

  /** An unvoiced consonant: a burst of noise in the upper half of the band. */
  consonant(ms: number): void {
    this.hiss.tune(this.between(1900, 2900), 900, this.sampleRate);
    const loudness = this.between(0.05, 0.12);
    this.write(ms, (share) => loudness * this.hiss.next(this.rng.uniform() - 0.5) * Math.sin(Math.PI * share) ** 0.5);
  }

  pause(ms: number): void {
    this.position += Math.round((ms * this.sampleRate) / 1000);
  }

  private write(ms: number, sound: (share: number) => number): void {
    const samples = Math.round((ms * this.sampleRate) / 1000);
    for (let i = 0; i < samples && this.position < this.signal.length; i++, this.position++) {
      this.signal[this.position] = sound(i / samples);
      this.active[this.position] = 1;
    }
  }
}

/**
 * Audio that behaves like speech on a telephone: syllables of gliding pitch and moving formants with bursts of noise
 * between them, words, and pauses shorter than half a second. The active level is −26 dBov, every full second lies well
 * above −50 dBov, and no steady tones occur that a DTMF receiver could take for a digit. The same seed gives the same
 * samples; the end can be followed by the beginning.
 */
export function speechLike(seed: number, seconds: number, sampleRate = 8000): Int16Array {
  const voice = new Voice(Math.round(seconds * sampleRate), sampleRate, new Rng(seed));
  while (!voice.isFull) {
    const syllables = Math.floor(voice.between(4, 10));
    const pitch = voice.between(105, 185);
    for (let i = 0; i < syllables && !voice.isFull; i++) {
      const lowered = pitch * (1 - (0.25 * i) / syllables);
      if (voice.between(0, 1) < 0.6) voice.consonant(voice.between(30, 80));
      voice.vowel(voice.between(90, 200), lowered * voice.between(0.94, 1.1), lowered * voice.between(0.86, 1));
      if (voice.between(0, 1) < 0.35) voice.pause(voice.between(20, 60));
    }
    voice.pause(voice.between(150, 400));
  }
  return scaled(bandLimit(voice.signal, sampleRate), voice.active, sampleRate);
}

/** Brings the active level to its target and takes the ends to zero. */
function scaled(signal: Float64Array, active: Uint8Array, sampleRate: number): Int16Array {
  let energy = 0;
  let count = 0;
  for (let i = 0; i < signal.length; i++) {
    if (!active[i]) continue;
    energy += signal[i] ** 2;
    count++;
  }
  const gain = count === 0 || energy === 0 ? 0 : (32768 * 10 ** (ACTIVE_DBOV / 20)) / Math.sqrt(energy / count);
  const fade = Math.min(signal.length / 2, sampleRate / 100);
  const samples = new Int16Array(signal.length);
  for (let i = 0; i < signal.length; i++) {
    const edge = Math.min(1, i / fade, (signal.length - 1 - i) / fade);
    samples[i] = Math.max(-32767, Math.min(32767, Math.round(signal[i] * gain * edge)));
  }
  return samples;
}
