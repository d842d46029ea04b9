import type { HeardDigit, SentDigit } from '../../src/quality/digits.js';

/** Digits of 100 ms each, one every 200 ms from `fromMs` on. */
export function sentDigits(keys: string, fromMs = 0, change: Partial<SentDigit> = {}): SentDigit[] {
  return [...keys].map((digit, i) => ({
    digit,
    method: 'rfc4733',
    startMs: fromMs + 200 * i,
    durationMs: 100,
    status: null,
    ...change,
  }));
}

/** A digit as a telephone-event of which all packets came. */
export function heardDigit(digit: string, startMs: number, change: Partial<HeardDigit> = {}): HeardDigit {
  return {
    digit,
    method: 'rfc4733',
    startMs,
    durationMs: 100,
    volumeDbm0: -10,
    twistDb: null,
    packets: 7,
    hasStart: true,
    hasEnd: true,
    isResumed: false,
    ...change,
  };
}

/** Digits that are heard one every 200 ms from `fromMs` on. */
export function heardDigits(keys: string, fromMs = 20, change: Partial<HeardDigit> = {}): HeardDigit[] {
  return [...keys].map((digit, i) => heardDigit(digit, fromMs + 200 * i, change));
}
