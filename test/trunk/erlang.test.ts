import { describe, expect, it } from 'vitest';
import { arrivals } from '../../src/load/arrivals.js';
import { EndTimes } from '../../src/load/end-times.js';
import { meanHoldMs } from '../../src/load/hold.js';
import type { HoldSpec } from '../../src/load/hold-spec.js';
import { Admission } from '../../src/trunk/admission.js';

/** Calls of each trial; more by TRUNKSTORM_ERLANG_CALLS. */
const CALLS = Number(process.env.TRUNKSTORM_ERLANG_CALLS ?? 100_000);

/** Erlang B by its recursion: the share of calls that find no channel. */
function erlangB(erlang: number, channels: number): number {
  let blocking = 1;
  for (let n = 1; n <= channels; n++) blocking = (erlang * blocking) / (n + erlang * blocking);
  return blocking;
}

/** So many calls are 50 mean hold times at 100 E: what one batch sees tells next to nothing of the next. */
const BATCH = 5000;

/**
 * The share of a Poisson process of attempts that a trunk refuses, in simulated time, without repetition, and its
 * standard error. Calls that follow each other meet the same full trunk, so that the binomial error of so many independent
 * calls would be four times too small: it is taken from batches, which hardly depend on each other.
 */
function blocked(erlang: number, channels: number, hold: HoldSpec, seed: number): { ratio: number; error: number } {
  const admission = new Admission({ channels, cps: undefined });
  const cps = (erlang * 1000) / meanHoldMs(hold);
  const ends = new EndTimes();
  const batches = new Array<number>(CALLS / BATCH).fill(0);
  const stage = { shape: 'constant', cps, arrivals: 'poisson', for: Number.MAX_SAFE_INTEGER } as const;
  let attempt = -BATCH;
  for (const { atMs, holdMs } of arrivals([stage], hold, seed)) {
    for (; ends.first <= atMs; ends.removeFirst()) admission.release();
    const refusal = admission.admit(atMs);
    if (refusal === null) ends.add(atMs + holdMs);
    else if (attempt >= 0) batches[Math.floor(attempt / BATCH)] += 1 / BATCH;
    if (++attempt === CALLS) break;
  }
  const ratio = batches.reduce((a, b) => a + b) / batches.length;
  const variance = batches.reduce((sum, share) => sum + (share - ratio) ** 2, 0) / (batches.length - 1);
  return { ratio, error: Math.sqrt(variance / batches.length) };
}

describe('Poisson arrivals on a trunk without repeated attempts', () => {
  it('have the published blocking of Erlang B as their yardstick', () => {
    expect(erlangB(100, 100)).toBeCloseTo(0.0757, 4);
    expect(erlangB(10, 10)).toBeCloseTo(0.2146, 4);
  });

  // Erlang B does not depend on how hold times are distributed, only on their mean.
  it.each<[string, HoldSpec]>([
    ['exponential', { kind: 'exponential', mean: 100_000 }],
    ['log-normal', { kind: 'lognormal', mean: 100_000, sigma: 1 }],
    ['fixed', 100_000],
  ])('of 100 E on 100 channels are blocked by 7.57 % with %s hold times', (_name, hold) => {
    const { ratio, error } = blocked(100, 100, hold, 1);
    expect(error).toBeLessThan(1.5 / Math.sqrt(CALLS));
    expect(Math.abs(ratio - erlangB(100, 100))).toBeLessThan(3 * error);
  });
});
