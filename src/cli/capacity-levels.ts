import { AppError } from '../core/errors.js';
import { neededLevel } from '../load/capacity/headroom.js';
import type { Dimension } from '../load/capacity/step.js';
import type { Profile } from '../profile/schema.js';
import type { Account } from '../swarm/account-file.js';
import { NumberPattern } from '../swarm/number-pattern.js';

/** Calls at once, and attempts a second, that are tried where nothing else is said. */
export const MAX_CALLS = 1000;
export const MAX_CPS = 100;

/** What the command line says of levels; `headroom` is a share. */
export interface LevelFlags {
  expect?: number;
  expectCps?: number;
  headroom: number;
  max?: number;
  maxCps?: number;
}

/** The highest level that may be tried, and the levels that headroom asks about. */
export function levelsOf(dimension: Dimension, flags: LevelFlags): { max: number; asked: number[] } {
  const isCps = dimension === 'cps';
  const [expected, max, usual] = isCps
    ? [flags.expectCps, flags.maxCps, MAX_CPS]
    : [flags.expect, flags.max, MAX_CALLS];
  if (expected === undefined) return { max: max ?? usual, asked: [] };
  const needed = neededLevel(dimension, expected, flags.headroom);
  const [flag, peak] = isCps ? ['--max-cps', '--expect-cps'] : ['--max', '--expect'];
  if (max !== undefined && max < needed)
    throw new AppError('ARGUMENT_INVALID', `${flag} is less than what ${peak} and --headroom ask for`, {
      where: flag,
      expected: `${needed} or more`,
      found: String(max),
    });
  const twice = neededLevel(dimension, expected, 1);
  return { max: max ?? Math.max(needed, twice), asked: [expected, needed, twice].sort((a, b) => a - b) };
}

/** How many different numbers so many calls that are up at once come from. */
export function callerCount(
  { calls }: Profile,
  rows: readonly Record<string, string>[],
  accounts: readonly Account[],
  most: number,
): number {
  if (accounts.length > 0) return Math.min(accounts.length, most);
  const pattern = new NumberPattern(calls.from);
  const numbers = new Set<string>();
  for (let n = 0; n < most; n++) numbers.add(pattern.at(n, rows[n % rows.length] ?? {}));
  return numbers.size;
}

/**
 * Refuses patterns that take numbers of recorded calls: a search makes other calls than those.
 * @throws AppError ARGUMENT_INVALID
 */
export function requireNumbers({ calls }: Profile): void {
  if (calls.numbers !== undefined) return;
  const patterns = { from: calls.from, to: calls.to ?? '', ...calls.headers };
  for (const [name, pattern] of Object.entries(patterns)) {
    const [variable] = new NumberPattern(pattern).variables;
    if (variable === undefined) continue;
    throw new AppError(
      'ARGUMENT_INVALID',
      'A search for capacity makes no recorded calls, and has no numbers of them',
      {
        where: name in calls.headers ? `calls.headers.${name}` : `calls.${name}`,
        found: `{${variable}}`,
        hint: 'Give a file of numbers (--numbers FILE), or take a profile whose patterns have none of recorded calls.',
      },
    );
  }
}
