import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callerCount, levelsOf, requireNumbers } from '../../src/cli/capacity-levels.js';
import { parseProfile } from '../../src/profile/read.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('the levels of a search for capacity', () => {
  const flags = { headroom: 0.2, expect: 200, expectCps: 7 };

  it('go up to twice the expected peak, and headroom asks about three of them', () => {
    expect(levelsOf('concurrency', flags)).toEqual({ max: 400, asked: [200, 240, 400] });
    expect(levelsOf('cps', flags)).toEqual({ max: 14, asked: [7, 8.4, 14] });
    expect(levelsOf('concurrency', { ...flags, headroom: 1.5 })).toEqual({ max: 500, asked: [200, 400, 500] });
  });

  it('are by default where nothing is expected', () => {
    expect(levelsOf('concurrency', { headroom: 0.2 })).toEqual({ max: 1000, asked: [] });
    expect(levelsOf('cps', { headroom: 0.2, maxCps: 0 })).toEqual({ max: 0, asked: [] });
  });

  it('are refused where no more may be tried than is asked about', () => {
    expect(levelsOf('concurrency', { ...flags, max: 240 }).max).toBe(240);
    expect(() => levelsOf('concurrency', { ...flags, max: 239 })).toThrow('--max is less than what --expect');
    expect(() => levelsOf('cps', { ...flags, maxCps: 8 })).toThrow('--max-cps is less than what --expect-cps');
  });
});

describe('the numbers that calls at once come from', () => {
  const profile = (from: string) =>
    parseProfile(
      `name: x\nload: [{ shape: constant, cps: 1, for: 1s }]\ncalls: { from: "${from}", numbers: n.csv }`,
      'x.yaml',
    );

  it('are those of the pattern and of the file of numbers, each once', () => {
    const rows = [{ who: '1' }, { who: '2' }, { who: '2' }];
    expect(callerCount(profile('+49[00-49]'), [], [], 40)).toBe(40);
    expect(callerCount(profile('+49[00-49]'), [], [], 400)).toBe(50);
    expect(callerCount(profile('+4930'), [], [], 400)).toBe(1);
    expect(callerCount(profile('{who}'), rows, [], 400)).toBe(2);
  });

  it('are none of recorded calls', () => {
    const path = join(temporaryFolder(), 'cdr.csv');
    writeFileSync(path, 'start,duration,who\n1768385700,1,4711\n');
    const replayed = (calls: string) =>
      parseProfile(
        `name: x\nload: [{ shape: replay, file: ${path}, columns: { from: who } }]\ncalls: ${calls}`,
        'x.yaml',
      );
    expect(() => requireNumbers(replayed('{ from: "99{from}" }'))).toThrow('makes no recorded calls');
    expect(() => requireNumbers(replayed('{ headers: { X-From: "{from}" } }'))).toThrow('makes no recorded calls');
    for (const calls of ['{}', '{ from: "99{from}", numbers: n.csv }'])
      expect(() => requireNumbers(replayed(calls))).not.toThrow();
  });

  it('are the accounts where those call', () => {
    const account = { user: 'a', password: 'x' } as Parameters<typeof callerCount>[2][number];
    expect(callerCount(profile('+4930'), [], [account, account], 400)).toBe(2);
  });
});
