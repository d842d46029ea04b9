import { describe, expect, it } from 'vitest';
import { ExhaustionDetector, isRefusal, type TrunkVerdict } from '../../src/metrics/exhaustion.js';

function verdictOn(results: [startedMs: number, inProgress: number, answered: boolean][]): TrunkVerdict {
  const d = new ExhaustionDetector();
  for (const [startedMs, inProgress, answered] of results)
    d.add({
      startedMs,
      finalMs: startedMs + 5,
      inProgressAtInvite: inProgress,
      inProgressAtFinal: inProgress,
      answered,
      refused: !answered,
    });
  return d.verdict(Math.max(0, ...results.map(([, inProgress, answered]) => (answered ? inProgress + 1 : inProgress))));
}

describe('exhaustion', () => {
  it('is of channels when refusals come at the plateau of calls in progress', () => {
    const rows: [number, number, boolean][] = [];
    for (let i = 0; i < 100; i++) rows.push([i * 100, i, true]);
    for (let i = 0; i < 30; i++) rows.push([10_000 + i * 100, 100, false]);
    rows.push([13_000, 99, true], [13_100, 100, false]);
    expect(verdictOn(rows)).toMatchObject({
      exhausted: true,
      cause: 'channels',
      exhaustedAtInProgress: 100,
      exhaustedAtMs: 10_000,
      refusals: 31,
    });
  });

  it('is a rate limit when refusals come at all levels of use and a constant number is admitted each second', () => {
    const rows: [number, number, boolean][] = [];
    for (let second = 0; second < 10; second++)
      for (let i = 0; i < 20; i++) rows.push([second * 1000 + i * 50, second * 10 + Math.min(i, 10), i < 10]);
    expect(verdictOn(rows)).toMatchObject({
      exhausted: false,
      cause: 'cps',
      exhaustedAtInProgress: null,
      refusals: 100,
      evidence:
        'the first refusal, at 0.5 s, met 10 calls in progress; refusals at 10 to 100 calls in progress; 10.0 calls a second were admitted in the seconds with refusals',
    });
  });

  it('is a rate limit also when the rate and the length of calls make a plateau', () => {
    const rows: [number, number, boolean][] = [];
    for (let second = 0; second < 60; second++)
      for (let i = 0; i < 20; i++)
        rows.push([
          second * 1000 + i * 50,
          Math.min(30, second * 10 + Math.min(i, 10)) - (i < 10 && second > 2 ? 1 : 0),
          i < 10,
        ]);
    expect(verdictOn(rows)).toMatchObject({ exhausted: false, cause: 'cps' });
  });

  it('is neither when some calls fail at random', () => {
    const rows: [number, number, boolean][] = [];
    for (let i = 0; i < 300; i++) rows.push([i * 100, Math.min(i, 50), i % 37 !== 5]);
    expect(verdictOn(rows)).toMatchObject({ exhausted: false, cause: null });
  });

  it('is unknown before any result and denied without a refusal', () => {
    expect(verdictOn([]).exhausted).toBeNull();
    expect(verdictOn([[0, 0, true]])).toMatchObject({ exhausted: false, refusals: 0 });
  });
});

describe('a refusal', () => {
  it('is told by status, by Q.850 cause before it, or by silence', () => {
    expect(isRefusal(503, null, 'status')).toBe(true);
    expect(isRefusal(404, null, 'status')).toBe(false);
    expect(isRefusal(486, 17, 'status')).toBe(false);
    expect(isRefusal(500, 34, 'status')).toBe(true);
    expect(isRefusal(503, 38, 'status')).toBe(true);
    expect(isRefusal(404, 1, 'status')).toBe(false);
    expect(isRefusal(408, null, 'timeout')).toBe(true);
    expect(isRefusal(503, null, 'transport')).toBe(false);
    expect(isRefusal(486, null, 'status', new Set([503]))).toBe(false);
  });
});
