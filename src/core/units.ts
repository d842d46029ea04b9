import { z } from 'zod';

const MS_PER_UNIT: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `20s`, `2m`, `1h`, `1m30s` or a plain number of ms → ms; `null` for anything else. */
export function parseDuration(text: string): number | null {
  let rest = text.trim();
  if (rest === '') return null;
  if (/^\d+(\.\d+)?$/.test(rest)) return Number(rest);
  let total = 0;
  while (rest !== '') {
    const part = /^(\d+(?:\.\d+)?)(ms|s|m|h)/.exec(rest);
    if (!part) return null;
    total += Number(part[1]) * MS_PER_UNIT[part[2]];
    rest = rest.slice(part[0].length);
  }
  return total;
}

/** `2%` or `0.02` → 0.02; `null` when it is no ratio between 0 and 1. */
export function parseRatio(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text);
  if (!match) return null;
  const value = match[2] === '%' ? Number(match[1]) / 100 : Number(match[1]);
  return value <= 1 ? value : null;
}

const BITS_PER_UNIT: Record<string, number> = { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 };
const BYTES_PER_UNIT: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6 };

/** `512kbit/s`, `2Mbit` or a plain number of bit/s → bit/s; `null` for anything else. */
export function parseBitRate(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kMG]?bit)(?:\/s)?)?\s*$/.exec(text);
  return match ? Number(match[1]) * BITS_PER_UNIT[match[2] ?? 'bit'] : null;
}

/** `1500B`, `64kB` or `1MB`, of 1,000 each → bytes; `null` for anything else. */
export function parseByteSize(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(k?B|MB)\s*$/.exec(text);
  return match ? Number(match[1]) * BYTES_PER_UNIT[match[2]] : null;
}

/** A duration in a profile; the value is in ms. */
export const duration = z.union([
  z.number().min(0, 'expected a duration of 0 or more, such as 500ms, 20s or 2m'),
  z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === null) {
      context.addIssue({ code: 'custom', message: 'expected a duration such as 500ms, 20s or 2m' });
      return z.NEVER;
    }
    return ms;
  }),
]);

const SHARE = 'expected a share such as 2% or 0.02';

/** A share in a profile; the value is 0–1. */
export const ratio = z.union([
  z.number().min(0, SHARE).max(1, SHARE),
  z.string().transform((text, context) => {
    const value = parseRatio(text);
    if (value === null) {
      context.addIssue({ code: 'custom', message: SHARE });
      return z.NEVER;
    }
    return value;
  }),
]);

const BIT_RATE = 'expected a rate of 1 kbit/s or more, such as 512kbit/s or 2Mbit/s';

/** A bit rate in a profile; the value is in bit/s, 1 kbit/s or more. */
export const bitRate = z.union([
  z.number().min(1000, BIT_RATE),
  z.string().transform((text, context) => {
    const rateBps = parseBitRate(text);
    if (rateBps === null || rateBps < 1000) {
      context.addIssue({ code: 'custom', message: BIT_RATE });
      return z.NEVER;
    }
    return rateBps;
  }),
]);
