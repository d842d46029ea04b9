import type { Rng } from '../core/rng.js';

/**
 * Arranges what has the same priority by weighted choice (RFC 2782, "Weight"): each place goes to one of those left,
 * with a probability in proportion to its weight; a weight of 0 has a very small chance beside others.
 */
export function orderByWeight<T extends { readonly weight: number }>(entries: readonly T[], rng: Rng): T[] {
  if (entries.length < 2) return [...entries];
  const left = [...entries.filter((entry) => entry.weight === 0), ...entries.filter((entry) => entry.weight > 0)];
  const ordered: T[] = [];
  while (left.length > 0) {
    const sum = left.reduce((total, entry) => total + entry.weight, 0);
    const drawn = Math.floor(rng.uniform() * (sum + 1));
    let running = 0;
    const chosen = left.findIndex((entry) => {
      running += entry.weight;
      return running >= drawn;
    });
    ordered.push(...left.splice(chosen, 1));
  }
  return ordered;
}
