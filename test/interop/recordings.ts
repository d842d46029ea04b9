import { expect } from 'vitest';
import { audioOf, type RecordedAudio, type Recording } from '../../src/audio/recording.js';
import { amplitudeAt, loudestFrequency } from '../audio/goertzel.js';
import { type FinishedRun, runProfile } from '../support/run-profile.js';

/** The amplitude that a tone of ours leaves with: −26 dBov, a sine wave's being √2 times its level. */
export const TONE_AMPLITUDE = 32_768 * 10 ** (-26 / 20) * Math.SQRT2;

/** As `runProfile`, with what its calls recorded, by their numbers. */
export async function runRecorded(yaml: string): Promise<FinishedRun & { recorded: Map<number, RecordedAudio> }> {
  const recordings = new Map<number, Recording>();
  const run = await runProfile(yaml, { onRecording: (call, recording) => recordings.set(call, recording) });
  const recorded = new Map<number, RecordedAudio>();
  for (const [call, recording] of recordings) {
    const audio = audioOf(recording, 60);
    if (audio !== null) recorded.set(call, audio);
  }
  return { ...run, recorded };
}

/**
 * The middle of what was recorded is a tone and nothing else: its first and last 400 ms are left out, where a codec settles
 * and a player starts.
 */
export function expectTone(
  { samples, sampleRate }: RecordedAudio,
  frequency: number,
  { amplitude = TONE_AMPLITUDE, seconds = 0.8 } = {},
): void {
  const edge = Math.round(0.4 * sampleRate);
  const middle = samples.subarray(edge, samples.length - edge);
  expect(middle.length / sampleRate, 'seconds of it').toBeGreaterThan(seconds);
  expect(loudestFrequency(middle, sampleRate)).toBe(frequency);
  // Where the machine is busy, slots are left out and packets lost: each tenth that is missing takes 0.9 dB.
  const offDb = 20 * Math.log10(amplitudeAt(middle, frequency, sampleRate) / amplitude);
  expect(Math.abs(offDb), `${frequency} Hz at ${sampleRate} Hz`).toBeLessThan(1.5);
}
