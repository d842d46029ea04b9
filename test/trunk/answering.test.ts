import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { drawDelay } from '../../src/trunk/delay.js';
import { delaySpec } from '../../src/trunk/delay-spec.js';
import { trunkSpec } from '../../src/trunk/spec.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('what becomes of a call', () => {
  it.each([
    ['busy', 2000, [486], 17],
    ['unallocated', 2000, [404], 1],
    ['reject', 5000, [180, 603], 21],
    ['noAnswer', 22_000, [180, 480], 19],
  ])('%s: after %i ms it has had %j', async (outcome, afterMs, statuses, cause) => {
    const hand = new HandTrunk({
      ringAfter: '2s',
      answerAfter: '3s',
      outcomes: { [outcome]: '100%', ringFor: '20s' },
    });
    const call = hand.call();
    await pass(afterMs - 1);
    expect(call.responses.map(({ status }) => status)).toEqual(statuses.slice(0, -1));
    expect(hand.trunk.counts.inUse).toBe(1);
    await pass(1);
    expect(call.responses.map(({ status }) => status)).toEqual(statuses);
    expect(call.responses.at(-1)?.headers).toEqual({ Reason: `Q.850;cause=${cause}` });
    expect(hand.trunk.counts).toMatchObject({ inUse: 0, outcomes: { [outcome]: 1, answered: 0 } });
    expect(hand.records).toMatchObject([{ outcome: 'failed', status: statuses.at(-1), q850: cause }]);
    expect(hand.population).toMatchObject({ inProgress: 0, established: 0 });
  });

  it('that nobody answers rings until it is cancelled, where nothing else is said', async () => {
    const hand = new HandTrunk({ outcomes: { noAnswer: 1 } });
    const call = hand.call();
    await pass(3_600_000);
    expect(call.responses.map(({ status }) => status)).toEqual([180]);
    call.cancel();
    await pass(0);
    expect(hand.trunk.counts.inUse).toBe(0);
    expect(hand.records).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('that is cancelled before it is turned away is not turned away any more', async () => {
    const hand = new HandTrunk({ ringAfter: '2s', outcomes: { busy: 1 } });
    const call = hand.call();
    await pass(1000);
    call.cancel();
    await pass(5000);
    expect(call.responses).toEqual([]);
    expect(hand.trunk.counts.inUse).toBe(0);
  });

  it('comes in the shares that were asked for, and faults in theirs of those that a person answers', async () => {
    const hand = new HandTrunk({
      channels: 1000,
      outcomes: { busy: '10%', noAnswer: '15%', reject: '5%', unallocated: '10%', machine: '20%' },
      faults: { noRtp: '25%' },
    });
    for (let i = 0; i < 200; i++) hand.call();
    await pass(0);
    expect(hand.trunk.counts.outcomes).toEqual({
      answered: 80,
      busy: 20,
      noAnswer: 30,
      reject: 10,
      unallocated: 20,
      machine: 40,
    });
    hand.trunk.stop();
    await pass(5000);
    expect(hand.records.filter(({ fault }) => fault === 'noRtp')).toHaveLength(20);
    expect(hand.records).toHaveLength(200);
  });
});

describe('an answering machine', () => {
  it('says its greeting after the answer and a beep after that, and nothing any more once the call is over', async () => {
    const hand = new HandTrunk({ outcomes: { machine: 1 }, machine: { after: '700ms', pause: '300ms' } });
    hand.call();
    const short = hand.call();
    await pass(699);
    expect(hand.asked.said).toEqual([]);
    short.hangUp();
    await pass(1);
    expect(hand.asked.said).toEqual([{ call: 0, sound: 'machine greeting' }]);
    await pass(300);
    expect(hand.asked.said).toEqual([
      { call: 0, sound: 'machine greeting' },
      { call: 0, sound: 'machine beep' },
    ]);
  });
});

describe('delays', () => {
  const draws = (text: unknown, n = 20_000): number[] => {
    const spec = delaySpec.parse(text);
    const rng = new Rng(5);
    return Array.from({ length: n }, () => drawDelay(spec, rng)).sort((a, b) => a - b);
  };
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;

  it('are one time, or evenly spread', () => {
    expect(new Set(draws('4s', 10))).toEqual(new Set([4000]));
    const even = draws({ min: '1s', max: '3s' });
    expect(even[0]).toBeGreaterThanOrEqual(1000);
    expect(even.at(-1)).toBeLessThan(3000);
    expect(mean(even)).toBeCloseTo(2000, -2);
  });

  it('of an exponential distribution have its mean and its median', () => {
    const values = draws({ kind: 'exponential', mean: '4s' });
    // Four standard errors: 4000 · 4 ÷ √20,000.
    expect(Math.abs(mean(values) - 4000)).toBeLessThan(114);
    expect(Math.abs(values[10_000] - 4000 * Math.LN2)).toBeLessThan(114);
  });

  it('of a log-normal distribution have its mean and its spread', () => {
    const values = draws({ kind: 'lognormal', mean: '4s', sigma: 0.5 });
    const logs = values.map(Math.log);
    // Four standard errors of a mean: σ · 4 ÷ √20,000.
    expect(Math.abs(mean(logs) - (Math.log(4000) - 0.125))).toBeLessThan(0.0142);
    const deviation = Math.sqrt(mean(logs.map((x) => (x - mean(logs)) ** 2)));
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.01);
  });

  it('never exceed their max', () => {
    const values = draws({ kind: 'exponential', mean: '4s', max: '10s' });
    expect(values.at(-1)).toBe(10_000);
    // e^−2.5 of them: 8.2 %.
    expect(values.filter((ms) => ms === 10_000).length / values.length).toBeCloseTo(0.082, 2);
  });
});

describe('answers that cannot be', () => {
  it.each([
    [{ outcomes: { busy: '60%', machine: '50%' } }, /100 % together/],
    [{ outcomes: { noAnswer: '60%', ringFor: 0 } }, /above 0/],
    [{ answerAfter: { kind: 'exponential', mean: 0 } }, /above 0/],
    [{ answerAfter: { kind: 'lognormal', mean: '4s', sigma: 1, max: '1s' } }, /below the mean/],
    [{ machine: { beep: 8000 } }, /3400/],
    [{ codecs: ['G729'], frames: {}, outcomes: { machine: '1%' } }, /machine says nothing/],
  ])('are refused: %j', (spec, message) => {
    expect(trunkSpec.safeParse(spec).error?.message).toMatch(message);
  });
});
