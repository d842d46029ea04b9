import { readFileSync } from 'node:fs';
import wavefile from 'wavefile';
import { AppError } from '../core/errors.js';
import { resample } from './resample.js';

export interface WavAudio {
  /** Mono, 16 bit. */
  samples: Int16Array;
  sampleRate: number;
}

/** Codes of the fmt chunk's format field. */
const PCM_FORMAT = 1;
const FLOAT_FORMAT = 3;
const ALAW_FORMAT = 6;
const ULAW_FORMAT = 7;
const EXTENSIBLE_FORMAT = 0xfffe;
const FORMATS: readonly number[] = [PCM_FORMAT, FLOAT_FORMAT, ALAW_FORMAT, ULAW_FORMAT, EXTENSIBLE_FORMAT];

/** Other sample rates in Hz are taken for a damaged header. */
const LOWEST_RATE = 1000;
const HIGHEST_RATE = 768_000;

const HINT = 'give a WAV file with PCM, float, A-law or µ-law audio, such as `sox in.mp3 -r 8000 -c 1 out.wav` writes';

/**
 * Reads a WAV file as mono audio of `sampleRate`: channels are averaged, other rates are resampled.
 *
 * @throws AppError FILE_UNREADABLE when the file cannot be opened, is no WAV file or holds no audio
 */
export function readWav(path: string, sampleRate = 8000): WavAudio {
  const { channels, rate } = decode(path);
  const mono = new Float64Array(channels[0].length);
  for (const channel of channels) for (let i = 0; i < mono.length; i++) mono[i] += channel[i] / channels.length;
  const resampled = resample(mono, rate, sampleRate);
  const samples = new Int16Array(resampled.length);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-32768, Math.min(32767, Math.round(resampled[i])));
  return { samples, sampleRate };
}

/** Whether `readWav` can read a file. @throws AppError as it does */
export function checkWav(path: string): void {
  decode(path);
}

/** The channels on the scale of 16 bits. */
function decode(path: string): { channels: Float64Array[]; rate: number } {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `the audio file ${path} cannot be opened`, {
      where: path,
      found: cause instanceof Error ? cause.message : String(cause),
      hint: HINT,
      cause,
    });
  }
  try {
    const wav = new wavefile.WaveFile(file);
    // The conversions below write the header anew.
    const { audioFormat, sampleRate } = wav.fmt as { audioFormat: number; sampleRate: number };
    if (!FORMATS.includes(audioFormat)) throw new Error(`audio of format ${audioFormat}`);
    if (audioFormat === ALAW_FORMAT) wav.fromALaw();
    else if (audioFormat === ULAW_FORMAT) wav.fromMuLaw();
    else if (wav.bitDepth !== '16') wav.toBitDepth('16');
    const decoded = wav.getSamples(false) as unknown as Float64Array | Float64Array[];
    const channels = Array.isArray(decoded) ? decoded : [decoded];
    if (!(sampleRate >= LOWEST_RATE && sampleRate <= HIGHEST_RATE))
      throw new Error(`a sample rate of ${sampleRate} Hz`);
    if (channels.length === 0 || channels[0].length === 0) throw new Error('no samples');
    return { channels, rate: sampleRate };
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `the audio file ${path} is no WAV file that can be read`, {
      where: path,
      expected: 'a RIFF/WAVE file with audio',
      found: cause instanceof Error ? cause.message : String(cause),
      hint: HINT,
      cause,
    });
  }
}
