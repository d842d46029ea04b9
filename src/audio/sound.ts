import type { OpaqueCodec } from '../core/codecs.js';
import { deriveSeed, Rng } from '../core/rng.js';
import { renderMarker } from '../probe/marker.js';
import { type DtmfTones, dtmfTones } from './dtmf-tones.js';
import { type FrameFile, readFrames } from './frames.js';
import { makeNoise, NOISE_COLOURS, type NoiseColour } from './noise.js';
import { speechLike } from './speech.js';
import { checkWav, readWav } from './wav.js';

/** What a side of a call plays, over and over. */
export interface Sound {
  /** `speech`, `silence`, `tone:F` with up to four frequencies in Hz joined by `+`, or the path of a WAV file. */
  audio: string;
  /** How long `speech` is, 30 s without it, or a tone, which is 3 s. */
  seconds?: number;
  /** Noise under it: white, pink, brown or the path of a WAV file; `snr` in dB to the audio, or `level` in dBov. */
  noise?: { kind: string; snr?: number; level?: number };
  /** In place of the audio: the marker of this identity (`probe/marker.ts`), as it is. */
  marker?: number;
  /** Added to audio and noise together, in dB. */
  gain?: number;
  /** Level in dBov at which the result is cut off; full scale otherwise. */
  clip?: number;
  /** It is said once and not looped: it ends in silence up to a whole packet, and nothing comes before it. */
  once?: boolean;
  /** Digits as tones in place of `audio`. */
  dtmf?: DtmfTones;
  /** What is sent in place of all that with codecs that we do not encode. */
  frames?: Partial<Record<OpaqueCodec, FrameFile>>;
}

const SPEECH_SECONDS = 30;
/** A whole number of packets of any interval, and of cycles of any whole frequency. */
const TONE_SECONDS = 3;
const SILENCE_SECONDS = 1;
/** Audio shorter than this is repeated before noise comes on top, so that the noise is not heard to repeat. */
const NOISE_SECONDS = 12;
/** RMS of a tone, or of two or more together: the nominal level of speech. */
const TONE_DBOV = -26;
/** Blocks quieter than this are left out of the level that an SNR refers to. */
const ACTIVE_DBOV = -50;
const ACTIVE_BLOCK_MS = 20;

const TONE = /^tone:(\d{1,5}(?:\+\d{1,5}){0,3})$/;

/** The frequencies in Hz of `tone:…`; `null` for audio of another kind. */
export function toneFrequencies(audio: string): number[] | null {
  const match = TONE.exec(audio);
  return match ? match[1].split('+').map(Number) : null;
}

/**
 * The samples of a sound at a codec's sample rate. The same sound, rate and seed give the same samples.
 *
 * @throws AppError FILE_UNREADABLE for a WAV file that cannot be read
 */
export function render(sound: Sound, sampleRate: number, seed: number): Int16Array {
  if (sound.marker !== undefined) return renderMarker(sound.marker, sampleRate);
  let signal = sound.dtmf ? dtmfTones(sound.dtmf, sampleRate) : clean(sound, sampleRate, seed);
  if (sound.noise) {
    if (!sound.once) signal = repeated(signal, NOISE_SECONDS * sampleRate);
    addNoise(signal, sound.noise, sampleRate, seed);
  }
  const gain = 10 ** ((sound.gain ?? 0) / 20);
  const most = 32767 * 10 ** ((sound.clip ?? 0) / 20);
  const samples = new Int16Array(signal.length);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(Math.max(-most, Math.min(most, signal[i] * gain)));
  }
  return samples;
}

/**
 * Makes sure that the files of a sound can be read.
 * @throws AppError FILE_UNREADABLE
 */
export function checkSound({ audio, noise, frames, marker, dtmf }: Sound): void {
  if (marker === undefined && !dtmf && !isMade(audio)) checkWav(audio);
  if (noise && !isColour(noise.kind)) checkWav(noise.kind);
  for (const file of Object.values(frames ?? {})) readFrames(file);
}

function isMade(audio: string): boolean {
  return audio === 'speech' || audio === 'silence' || toneFrequencies(audio) !== null;
}

function isColour(kind: string): kind is NoiseColour {
  return (NOISE_COLOURS as readonly string[]).includes(kind);
}

function clean({ audio, seconds }: Sound, sampleRate: number, seed: number): Float64Array {
  if (audio === 'speech') return Float64Array.from(speechLike(seed, seconds ?? SPEECH_SECONDS, sampleRate));
  if (audio === 'silence') return new Float64Array(SILENCE_SECONDS * sampleRate);
  const frequencies = toneFrequencies(audio);
  if (frequencies) return tones(frequencies, sampleRate, seconds ?? TONE_SECONDS);
  return Float64Array.from(readWav(audio, sampleRate).samples);
}

function tones(frequencies: readonly number[], sampleRate: number, seconds: number): Float64Array {
  const amplitude = (rmsOf(TONE_DBOV) * Math.SQRT2) / Math.sqrt(frequencies.length);
  const signal = new Float64Array(Math.round(seconds * sampleRate));
  for (const frequency of frequencies) {
    const step = (2 * Math.PI * frequency) / sampleRate;
    for (let i = 0; i < signal.length; i++) signal[i] += amplitude * Math.sin(step * i);
  }
  return signal;
}

function repeated(signal: Float64Array, least: number): Float64Array {
  const times = Math.ceil(least / signal.length);
  if (times === 1) return signal;
  const result = new Float64Array(signal.length * times);
  for (let i = 0; i < times; i++) result.set(signal, i * signal.length);
  return result;
}

/** `snr` refers to the level of the audio where it is active, over the codec's whole band. */
function addNoise(signal: Float64Array, spec: NonNullable<Sound['noise']>, sampleRate: number, seed: number): void {
  const noise = isColour(spec.kind)
    ? makeNoise(spec.kind, signal.length, sampleRate, new Rng(deriveSeed(seed, 'noise')))
    : Float64Array.from(readWav(spec.kind, sampleRate).samples);
  const wanted =
    spec.level !== undefined ? rmsOf(spec.level) : activeRms(signal, sampleRate) * 10 ** (-(spec.snr ?? 0) / 20);
  const found = Math.sqrt(meanSquare(noise, 0, noise.length));
  const gain = found === 0 ? 0 : wanted / found;
  for (let i = 0; i < signal.length; i++) signal[i] += gain * noise[i % noise.length];
}

function rmsOf(dbov: number): number {
  return 32768 * 10 ** (dbov / 20);
}

function meanSquare(signal: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += signal[i] ** 2;
  return to > from ? sum / (to - from) : 0;
}

/** RMS of the blocks that are louder than −50 dBov; 0 where none is. */
function activeRms(signal: Float64Array, sampleRate: number): number {
  const block = (sampleRate / 1000) * ACTIVE_BLOCK_MS;
  const least = rmsOf(ACTIVE_DBOV) ** 2;
  let sum = 0;
  let blocks = 0;
  for (let at = 0; at + block <= signal.length; at += block) {
    const square = meanSquare(signal, at, at + block);
    if (square <= least) continue;
    sum += square;
    blocks++;
  }
  return blocks === 0 ? 0 : Math.sqrt(sum / blocks);
}
