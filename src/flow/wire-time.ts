import { msOfDay } from '../drachtio/time-of-day.js';

const DAY_MS = 86_400_000;
/** More digits than that mean nothing. */
const LONGEST = 'HH:MM:SS.'.length + 12;
const ZERO = 0x30;
const COLON = 0x3a;
const POINT = 0x2e;

/** `HH:MM:SS.uuuuuu` → ms since midnight; `null` for anything else. Read by position: six are read for each call. */
export function wireTimeMs(text: string | undefined): number | null {
  if (text === undefined || text.length < 8 || text.length > LONGEST) return null;
  if (text.charCodeAt(2) !== COLON || text.charCodeAt(5) !== COLON) return null;
  const seconds = (twoDigits(text, 0) * 60 + twoDigits(text, 3)) * 60 + twoDigits(text, 6);
  if (Number.isNaN(seconds)) return null;
  if (text.length === 8) return seconds * 1000;
  if (text.charCodeAt(8) !== POINT || text.length === 9) return null;
  let fraction = 0;
  let scale = 1;
  for (let i = 9; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return null;
    fraction = fraction * 10 + digit;
    scale *= 10;
  }
  return seconds * 1000 + (fraction * 1000) / scale;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const units = text.charCodeAt(at + 1) - ZERO;
  return tens < 0 || tens > 9 || units < 0 || units > 9 ? Number.NaN : tens * 10 + units;
}

/**
 * Ms from one message to a later one by the times that the SIP server took at its socket, across midnight too;
 * `null` when a server gives none.
 */
export function wireDelayMs(from: string | undefined, to: string | undefined): number | null {
  const a = wireTimeMs(from);
  const b = wireTimeMs(to);
  return a === null || b === null ? null : passedMs(a, b);
}

/** Ms since a message, by the time that its server took; right where that server's clock is ours, as the embedded one's is. `null` as above. */
export function wireAgeMs(stamp: string | undefined, nowMs: number): number | null {
  const sentMs = wireTimeMs(stamp);
  return sentMs === null ? null : passedMs(sentMs, msOfDay(nowMs));
}

function passedMs(fromOfDay: number, toOfDay: number): number {
  const delay = toOfDay - fromOfDay;
  return delay < -DAY_MS / 2 ? delay + DAY_MS : Math.max(0, delay);
}
