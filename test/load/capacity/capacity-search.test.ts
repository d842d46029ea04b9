import { describe, expect, it } from 'vitest';
import { type CapacityOptions, CapacitySearch } from '../../../src/load/capacity/capacity-search.js';
import { evidenceOf } from '../../../src/load/capacity/evidence.js';
import { CRITERIA, confidenceOf, judgeStep } from '../../../src/load/capacity/judge.js';
import { StepTally } from '../../../src/load/capacity/step.js';
import { SEARCH } from '../../fixtures/capacity.js';
import { type HiddenCarrier, SimulatedCarrier, UNTOLD } from './simulated-carrier.js';
import { trial } from './trials.js';

/** All hundred take some seconds: CAPACITY_TRIALS=100. */
const TRIALS = Number(process.env.CAPACITY_TRIALS ?? 12);

const HIDDEN: HiddenCarrier = {
  channels: 120,
  cps: 1000,
  whenFull: 'refused',
  whenTooFast: 'refused',
  srdMs: 20,
  ringMs: 100,
  ailment: null,
  noise: { unheard: 0, digits: 0, dropped: 0 },
};
const OPTIONS: CapacityOptions = { ...SEARCH, maxCps: 20 };

/** @param strainFrom attempts a second from which the generator says that it is strained */
function searched(hidden: Partial<HiddenCarrier>, options: Partial<CapacityOptions> = {}, strainFrom = Infinity) {
  const search = new CapacitySearch({ ...OPTIONS, ...options });
  const carrier = new SimulatedCarrier({ ...HIDDEN, ...hidden }, 1);
  for (let plan = search.next; plan; plan = search.next) {
    const figures = carrier.run(plan, CRITERIA.leastMos);
    search.take(plan.cps >= strainFrom ? { ...figures, strain: ['event loop late'] } : figures);
  }
  return search;
}

describe('a search for capacity', () => {
  it('finds hidden limits and names what sets them, in 95 of 100 carriers drawn at random', () => {
    const trials = Array.from({ length: TRIALS }, (_, seed) => trial(seed + 1));
    const wrong = trials.filter(({ mistakes }) => mistakes.length > 0);
    expect(wrong.length, JSON.stringify(wrong, null, 1)).toBeLessThanOrEqual(TRIALS * 0.05);
  }, 60_000);

  it('confirms the channels by a step that they carry and one call in twenty more', () => {
    const { result, steps } = searched({});
    expect(result.concurrency).toMatchObject({ value: 120, failedAt: 121, isAtLeast: false, isConfirmed: true });
    const levels = steps
      .filter(({ plan }) => plan.dimension === 'concurrency')
      .map(({ plan, finding }) => [plan.purpose, plan.level, finding.kind]);
    expect(levels).toEqual([
      ['baseline', 4, 'held'],
      ['climb', 8, 'held'],
      ['climb', 16, 'held'],
      ['climb', 32, 'held'],
      ['climb', 64, 'held'],
      ['climb', 128, 'failed'],
      ['below', 120, 'held'],
      ['above', 126, 'failed'],
    ]);
  });

  it('tries what is asked about, where it would lie between what held and what failed', () => {
    const ailing = { ailment: { kind: 'audio', by: 'concurrency', above: 70, share: 0.5 } as const };
    const levels = (asked: number[]) =>
      searched(ailing, { maxCps: 0, asked: { concurrency: asked, cps: [] } })
        .steps.filter(({ plan }) => !plan.isForRefusals)
        .map(({ plan, finding }) => [plan.level, finding.kind]);
    const known = levels([]).map(([level]) => level);
    const [open] = [69, 70, 71, 72].filter((level) => !known.includes(level));
    expect(levels([open])).toContainEqual([open, open <= 70 ? 'held' : 'failed']);
    const { result } = searched({ cps: 9 }, { asked: { concurrency: [], cps: [8.7] } });
    expect(result.cps!.value).toBeGreaterThanOrEqual(8.7);
    expect(result.cps!.failedAt).toBeGreaterThan(8.7);
  });

  it('says at least so many where no more may be tried', () => {
    const { result } = searched({}, { maxCalls: 100 });
    expect(result.concurrency).toMatchObject({ value: 100, isAtLeast: true, cause: 'max', failedAt: null });
    expect(result.cps).toMatchObject({ value: 20, isAtLeast: true, cause: 'max' });
  });

  it('says at least so many attempts a second where more of them would need more channels', () => {
    const { result } = searched({ channels: 6 }, { maxCps: 400 });
    expect(result.concurrency).toMatchObject({ value: 6, isAtLeast: false, cause: 'channels' });
    // 0.8 × 6 calls, of 0.2 s and the time to their answer.
    expect(result.cps).toMatchObject({ isAtLeast: true, cause: 'calls' });
    expect(result.cps!.value).toBeCloseTo(4.8 / 0.32, 0);
  });

  it('says at least so many calls where a cap on the rate never lets more gather', () => {
    const { result } = searched({ channels: 2000, cps: 2 }, { maxCalls: 3000, longestMs: 300_000 });
    expect(result.concurrency).toMatchObject({ isAtLeast: true, cause: 'pace', failedAt: null });
    expect(result.concurrency!.value).toBeGreaterThan(240);
    expect(result.concurrency!.value).toBeLessThanOrEqual(600);
  });

  it('claims nothing beyond what the generator itself carried', () => {
    const { result } = searched({}, {}, 4);
    expect(result.concurrency).toMatchObject({ isAtLeast: true, cause: 'generator', value: 16, failedAt: null });
  });

  it('makes the lowest load three times where it strains the generator, and then claims nothing', () => {
    const { result, steps } = searched({}, {}, 0);
    expect(result.concurrency).toMatchObject({ isAtLeast: true, cause: 'generator', value: 0 });
    expect(steps.map(({ plan }) => plan.purpose)).toEqual(['baseline', 'baseline', 'baseline']);
  });

  it('forgives the generator one hiccup at a level', () => {
    const search = new CapacitySearch({ ...OPTIONS, maxCps: 0 });
    const carrier = new SimulatedCarrier(HIDDEN, 1);
    for (let plan = search.next, n = 0; plan; plan = search.next, n++) {
      const figures = carrier.run(plan, CRITERIA.leastMos);
      search.take(n === 3 ? { ...figures, strain: ['event loop late'] } : figures);
    }
    expect(search.result.concurrency).toMatchObject({ value: 120, cause: 'channels', isConfirmed: true });
    expect(search.result.cps).toBeNull();
  });

  it('tells audio that fails before calls are refused, and where they are', () => {
    const { result } = searched({ ailment: { kind: 'audio', by: 'concurrency', above: 70, share: 0.5 } });
    expect(result.concurrency).toMatchObject({ cause: 'audio', isAtLeast: false, isConfirmed: true });
    expect(Math.abs(result.concurrency!.value - 70)).toBeLessThanOrEqual(2);
    expect(result.concurrency!.turnedAway).toMatchObject({ value: 120, cause: 'channels', isConfirmed: true });
  });

  it('takes a gate that does not hold for the limit, with the cause that it stands for, and seeks where calls are refused', () => {
    const search = new CapacitySearch({ ...OPTIONS, maxCps: 0 });
    const carrier = new SimulatedCarrier(HIDDEN, 1);
    const breach = { expression: 'voice.ttfwMs.p95 < 1s', observed: '1200 ms', ailment: 'gate' as const };
    for (let plan = search.next; plan; plan = search.next) {
      const figures = carrier.run(plan, CRITERIA.leastMos);
      search.take(plan.level > 50 && !plan.isForRefusals ? { ...figures, breaches: [breach] } : figures);
    }
    const { concurrency } = search.result;
    expect(concurrency).toMatchObject({ cause: 'gate', isAtLeast: false, isConfirmed: true });
    expect(Math.abs(concurrency!.value - 50)).toBeLessThanOrEqual(1);
    expect(concurrency!.turnedAway).toMatchObject({ value: 120, cause: 'channels', isConfirmed: true });
  });

  it('does not take what follows the rate for a limit of calls at once', () => {
    const { result } = searched(
      { channels: 500, ailment: { kind: 'slow-setup', by: 'cps', above: 9, share: 0.9 } },
      { maxCps: 40 },
    );
    expect(result.concurrency).toMatchObject({ value: 500, cause: 'channels' });
    expect(result.cps).toMatchObject({ cause: 'slow-setup' });
    expect(Math.abs(result.cps!.value - 9)).toBeLessThanOrEqual(0.5);
  });

  it('hears calls while attempts a second are sought, for as long as the channels leave time for it, and says up to which rate', () => {
    const sought = (ailment: HiddenCarrier['ailment']) => {
      const { result, steps } = searched({ ailment }, { maxCps: 100 });
      const heard = steps.filter(({ plan }) => plan.dimension === 'cps' && plan.isHeard).map(({ plan }) => plan);
      return { cps: result.cps!, heardUpTo: evidenceOf(result.cps!, 'cps', steps, false).heardUpTo, heard };
    };
    const lost = sought({ kind: 'dtmf', by: 'cps', above: 10, share: 0.5 });
    expect(lost.cps).toMatchObject({ isAtLeast: false, cause: 'dtmf' });
    expect(Math.abs(lost.cps.value / 10 - 1)).toBeLessThan(0.05);
    expect(lost.heardUpTo).toBeNull();
    const beyond = sought({ kind: 'audio', by: 'cps', above: 60, share: 0.5 });
    expect(beyond.cps.value).toBeGreaterThan(60);
    // Four fifths of 120 channels, and calls of some 3 s.
    expect(beyond.heardUpTo).toBe(Math.max(...beyond.heard.map(({ level }) => level)));
    expect(beyond.heardUpTo).toBeLessThan(96 / 3);
    expect(beyond.heard.every(({ length }) => length.ms === 3000)).toBe(true);
  });

  it('ends at once where calls go wrong at the lowest load already', () => {
    const { result, steps } = searched({ noise: { unheard: 0.4, digits: 0, dropped: 0 } });
    expect(result).toMatchObject({ baselineAilment: 'audio', concurrency: null, cps: null });
    expect(steps.map(({ plan }) => plan.purpose)).toEqual(['baseline', 'baseline']);
  });

  it('keeps a call up for as long as the level needs, however long it rings', () => {
    const search = searched({ ringMs: 4000 });
    for (const { plan } of search.steps.filter((row) => row.plan.length.since === 'invite')) {
      const lines = (plan.cps * plan.length.ms) / 1000;
      expect(Math.ceil(lines)).toBe(plan.level);
      expect(plan.length.ms).toBeGreaterThan(4000);
    }
    expect(search.result.concurrency).toMatchObject({ value: 120, cause: 'channels' });
  });

  it('knows what it found so far when it is ended', () => {
    const search = new CapacitySearch(OPTIONS);
    const carrier = new SimulatedCarrier(HIDDEN, 1);
    search.take(carrier.run(search.next!, CRITERIA.leastMos));
    expect(search.result.concurrency).toMatchObject({ value: 4, isAtLeast: true, cause: 'unfinished' });
    for (let n = 0; n < 3; n++) search.take(carrier.run(search.next!, CRITERIA.leastMos));
    expect(search.result.concurrency).toMatchObject({ value: 32, isAtLeast: true, cause: 'unfinished' });
    expect(search.result.cps).toBeNull();
  });
});

describe('the judgement of a step', () => {
  it("takes Wilson's interval for a share's confidence", () => {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (const [bad, of, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ]) {
      const interval = confidenceOf({ of, bad });
      expect(interval.low).toBeCloseTo(low, 4);
      expect(interval.high).toBeCloseTo(high, 4);
    }
  });

  it('lets chance pass and fails what is above its limit with confidence', () => {
    const [{ figures }] = searched({}).steps;
    const refusedOf200 = (refused: number) =>
      judgeStep({ ...figures, attempts: 200, answered: 200 - refused, refused }, CRITERIA, null).kind;
    expect([refusedOf200(2), refusedOf200(4), refusedOf200(6), refusedOf200(20)]).toEqual([
      'held',
      'held',
      'failed',
      'failed',
    ]);
  });

  it('does not blame the trunk for refusals that its own late attempts may have caused', () => {
    const [{ figures }] = searched({}).steps;
    const refused = (late: number, ailment: 'refused' | 'failed' = 'refused') =>
      judgeStep({ ...figures, attempts: 200, answered: 192, [ailment]: 8, late }, CRITERIA, null);
    expect(refused(1)).toMatchObject({ kind: 'failed', ailment: 'refused', share: { of: 200, bad: 8 } });
    expect(refused(6)).toEqual({
      kind: 'strained',
      reasons: [expect.stringMatching(/^6 attempts left over 20 ms late/)],
    });
    expect(refused(6, 'failed')).toMatchObject({ kind: 'failed', ailment: 'failed' });
  });

  it('counts attempts as late that left over 20 ms after their time', () => {
    const plan = { ...searched({}).steps[0].plan, cps: 10, attempts: 3 };
    const tally = new StepTally(plan);
    for (const [index, startedMs] of [0, 121, 219].entries())
      tally.add({ ...UNTOLD, index, startedMs, result: 'refused', response: index === 0 ? '486' : '503' });
    expect(tally.figures(CRITERIA.leastMos, 0, [])).toMatchObject({
      attempts: 3,
      refused: 3,
      late: 1,
      responses: { 486: 1, 503: 2 },
    });
  });
});
