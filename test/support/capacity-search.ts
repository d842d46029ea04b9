import type { CapacityOptions } from '../../src/load/capacity/capacity-search.js';
import { CRITERIA } from '../../src/load/capacity/judge.js';
import { parseProfile } from '../../src/profile/read.js';
import { type CapacityOutcome, CapacityRun } from '../../src/run/capacity-run.js';

/** Calls at once alone, by steps of a second or two; what a busy machine adds to setup is no limit of the trunk. */
export const SHORT: CapacityOptions = {
  maxCalls: 12,
  maxCps: 0,
  stepCalls: 6,
  stepMs: 300,
  criteria: { ...CRITERIA, srdMs: 5000 },
  paceCps: 100,
  shortestMs: 600,
  longestMs: 60_000,
};

/** Attempts a second as well, some minutes long. */
export const LONG: CapacityOptions = { ...SHORT, maxCps: 60, stepCalls: 60, stepMs: 5000, shortestMs: 2000 };

/**
 * Searches with a profile given as YAML through the same engine as the command line, threads and sockets included. What the
 * generator was too strained to tell, on a machine that has other work, is sought again, twice at most.
 */
export async function searchCapacity(yaml: string, search: CapacityOptions): Promise<CapacityOutcome> {
  for (let again = 2; ; again--) {
    const outcome = await searchOnce(yaml, search);
    const { concurrency, cps } = outcome.result;
    const isStrained = concurrency?.cause === 'generator' || cps?.cause === 'generator';
    if (!isStrained || again === 0) return outcome;
  }
}

function searchOnce(yaml: string, search: CapacityOptions): Promise<CapacityOutcome> {
  return new CapacityRun({
    profile: parseProfile(yaml, 'test.yaml'),
    plan: { attempts: 0, lastMs: 0, endMs: 0, peakCalls: search.maxCalls, burst: 50, peakCps: 100 },
    rows: [],
    id: 'test',
    version: '0.0.0',
    shards: 1,
    startedAt: new Date(),
    onTimeline: () => {},
    onRecord: () => {},
    onProgress: () => {},
    onStep: () => {},
    search,
    stepGates: [],
  }).execute();
}
