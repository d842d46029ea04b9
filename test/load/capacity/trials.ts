import type { CapacityResult, Limit } from '../../../src/load/capacity/capacity-result.js';
import { CapacitySearch } from '../../../src/load/capacity/capacity-search.js';
import { evidenceOf } from '../../../src/load/capacity/evidence.js';
import { CRITERIA } from '../../../src/load/capacity/judge.js';
import { drawCarrier, type HiddenCarrier, SimulatedCarrier } from './simulated-carrier.js';

export interface Trial {
  seed: number;
  hidden: HiddenCarrier;
  result: CapacityResult;
  steps: number;
  /** What is wrong with the result; empty where it is right. */
  mistakes: string[];
}

const MAX = { calls: 4000, cps: 800 };

/** Lets a search find what a carrier with limits drawn at random hides. */
export function trial(seed: number): Trial {
  const hidden = drawCarrier(seed);
  const carrier = new SimulatedCarrier(hidden, seed);
  const search = new CapacitySearch({
    maxCalls: MAX.calls,
    maxCps: MAX.cps,
    stepCalls: 200,
    stepMs: 30_000,
    criteria: CRITERIA,
    paceCps: 100,
    shortestMs: 5000,
    longestMs: 1_800_000,
  });
  for (let plan = search.next; plan; plan = search.next) search.take(carrier.run(plan, CRITERIA.leastMos));
  const { result, steps } = search;
  const heardUpTo = result.cps && evidenceOf(result.cps, 'cps', steps, false).heardUpTo;
  return { seed, hidden, result, steps: steps.length, mistakes: mistakesOf(hidden, result, heardUpTo) };
}

/** @param heardUpTo the rate up to which more than setup was judged; `null` where that is all */
function mistakesOf(hidden: HiddenCarrier, { concurrency, cps }: CapacityResult, heardUpTo: number | null): string[] {
  if (!concurrency || !cps) return ['a dimension was not searched'];
  const { ailment, channels } = hidden;
  const mistakes: string[] = [];
  const check = (isRight: boolean, mistake: string): void => {
    if (!isRight) mistakes.push(mistake);
  };
  const causeOfFull = hidden.whenFull === 'silent' ? 'silent-drops' : 'channels';
  const checkChannels = (limit: Limit | null): void => {
    check(limit?.value === channels && !limit.isAtLeast, `channels ${limit?.value}, not ${channels}`);
    check(limit?.cause === causeOfFull, `${limit?.cause}, not ${causeOfFull}`);
  };
  if (ailment?.by === 'concurrency') {
    check(isNear(concurrency.value, ailment.above), `calls ${concurrency.value}, not ${ailment.above}`);
    check(concurrency.cause === ailment.kind, `calls: ${concurrency.cause}, not ${ailment.kind}`);
    checkChannels(concurrency.turnedAway);
  } else checkChannels(concurrency);

  const checkCps = (limit: Limit | null): void => {
    if (limit?.isAtLeast && limit.cause === 'calls') {
      check(limit.value <= hidden.cps * 1.01, `at least ${limit.value} cps, but there are ${hidden.cps}`);
      return;
    }
    const cause = hidden.whenTooFast === 'silent' ? 'silent-drops' : 'cps';
    check(
      limit !== null && !limit.isAtLeast && isNear(limit.value, hidden.cps),
      `cps ${limit?.value}, not ${hidden.cps}`,
    );
    check(limit?.cause === cause, `cps: ${limit?.cause}, not ${cause}`);
  };
  const isOutOfReach = cps.isAtLeast && cps.cause === 'calls';
  const isHearing = ailment?.kind === 'audio' || ailment?.kind === 'dtmf';
  const isPastHearing = isHearing && heardUpTo !== null && heardUpTo <= ailment.above * 1.05;
  if (ailment?.by === 'cps' && !isPastHearing && !(isOutOfReach && cps.value <= ailment.above * 1.05)) {
    check(isNear(cps.value, ailment.above), `cps ${cps.value}, not ${ailment.above}`);
    check(cps.cause === ailment.kind, `cps: ${cps.cause}, not ${ailment.kind}`);
    checkCps(cps.turnedAway);
  } else checkCps(cps);
  return mistakes;
}

/** Within 5 %. */
function isNear(value: number, truth: number): boolean {
  return Math.abs(value - truth) <= truth * 0.05;
}
