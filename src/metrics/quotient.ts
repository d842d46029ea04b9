import { round } from './distribution.js';

/** Part and whole of a ratio, or the sum of a mean and of how many it is. */
export type Quotient = [part: number, whole: number];

/** What figures of a summary are quotients of, while that is still known: not of a summary that was read from a file. */
const QUOTIENTS = new WeakMap<object, Readonly<Record<string, Quotient>>>();

/** To six decimals; `null` over nothing. */
export function divided([part, whole]: Quotient): number | null {
  return whole > 0 ? round(part / whole) : null;
}

/** Adds quotients to figures, and remembers their parts: those of a part of the run come from there. */
export function withQuotients<T extends object, K extends string>(
  figures: T,
  quotients: Readonly<Record<K, Quotient>>,
): T & Record<K, number | null> {
  QUOTIENTS.set(figures, { ...QUOTIENTS.get(figures), ...quotients });
  const values = Object.entries<Quotient>(quotients).map(([name, quotient]) => [name, divided(quotient)]);
  return Object.assign(figures, Object.fromEntries(values) as Record<K, number | null>);
}

/** `null` where a figure is none, or its parts are not known. */
export function quotientAt(figures: object, name: string): Quotient | null {
  return QUOTIENTS.get(figures)?.[name] ?? null;
}
