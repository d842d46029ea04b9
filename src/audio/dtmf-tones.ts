/** The frequencies of rows and columns of the keypad in Hz (ITU-T Q.23). */
export const DTMF_ROWS = [697, 770, 852, 941] as const;
export const DTMF_COLUMNS = [1209, 1336, 1477, 1633] as const;

/** The keys, row by row. */
export const DTMF_KEYS = '123A456B789C*0#D';

/** Digits as tones within audio. */
export interface DtmfTones {
  /** 0–9, *, #, A–D. */
  digits: string;
  toneMs: number;
  gapMs: number;
  /** Level of the two tones on average, each, in dBm0. */
  levelDbm0: number;
  /** Column over row, in dB. */
  twistDb: number;
}

/** A sine of full scale has this level (G.711: 3.14 for A-law, 3.17 for µ-law). */
export const FULL_SCALE_DBM0 = 3.14;

const FULL_SCALE = 32_768;

/** Amplitude of a sine of `dbm0`, in 16-bit units. */
export function amplitudeOf(dbm0: number): number {
  return FULL_SCALE * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20);
}

/** Level in dBm0 of a sine of an amplitude in 16-bit units. */
export function levelOf(amplitude: number): number {
  return 20 * Math.log10(amplitude / FULL_SCALE) + FULL_SCALE_DBM0;
}

/** The tones of the digits one after the other, each followed by its gap. Starts with the first tone. */
export function dtmfTones({ digits, toneMs, gapMs, levelDbm0, twistDb }: DtmfTones, sampleRate: number): Float64Array {
  const spanMs = toneMs + gapMs;
  const signal = new Float64Array(Math.round((digits.length * spanMs * sampleRate) / 1000));
  const toneSamples = Math.round((toneMs * sampleRate) / 1000);
  [...digits].forEach((digit, at) => {
    const key = DTMF_KEYS.indexOf(digit.toUpperCase());
    if (key < 0) return;
    const start = Math.round((at * spanMs * sampleRate) / 1000);
    addTone(signal, start, toneSamples, DTMF_ROWS[key >> 2] / sampleRate, amplitudeOf(levelDbm0 - twistDb / 2));
    addTone(signal, start, toneSamples, DTMF_COLUMNS[key & 3] / sampleRate, amplitudeOf(levelDbm0 + twistDb / 2));
  });
  return signal;
}

/** @param frequency in cycles a sample */
function addTone(signal: Float64Array, start: number, samples: number, frequency: number, amplitude: number): void {
  const end = Math.min(start + samples, signal.length);
  for (let i = start; i < end; i++) signal[i] += amplitude * Math.sin(2 * Math.PI * frequency * (i - start));
}
