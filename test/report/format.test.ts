import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clock, count, decimal, milliseconds, percent, printable, sortedResponses } from '../../src/report/format.js';

describe('figures for people', () => {
  test('counts have thousands separators', () => {
    expect([0, 7, 999, 1000, 12_345, 1_234_567, -4321].map(count)).toEqual([
      '0',
      '7',
      '999',
      '1,000',
      '12,345',
      '1,234,567',
      '-4,321',
    ]);
  });

  test('a ratio that is not exactly 0 or 1 never reads as 0 % or 100 %', () => {
    expect([0, 0.00001, 0.0196, 0.09996, 0.2341, 0.9994, 0.99999, 1].map(percent)).toEqual([
      '0%',
      '<0.01%',
      '1.96%',
      '10.0%',
      '23.4%',
      '99.9%',
      '>99.9%',
      '100%',
    ]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true }), (ratio) => {
        expect(['0%', '0.00%', '100%', '100.0%']).not.toContain(percent(ratio));
      }),
    );
  });

  test('times keep about three digits and change to seconds when long', () => {
    expect([0, 0.084, 3.214, 43.24, 99.96, 1234, 12_345].map(milliseconds)).toEqual([
      '0 ms',
      '0.08 ms',
      '3.21 ms',
      '43.2 ms',
      '100 ms',
      '1,234 ms',
      '12.3 s',
    ]);
    expect([0, 21_900, 725_000, 3_723_000].map(clock)).toEqual(['00:00', '00:21', '12:05', '1:02:03']);
  });

  test('what was not measured is an en dash', () => {
    for (const format of [count, percent, milliseconds, clock, (v: number | null) => decimal(v, 2)]) {
      expect(format(null)).toBe('–');
      expect(format(Number.NaN)).toBe('–');
    }
  });

  test('text from outside stays on its line and commands no terminal', () => {
    expect(printable('a\u001b[2Jb\r\nc\td\u0000\u009b\u202ee\u200bf')).toBe('a·[2Jb c d··ef');
    expect(printable('Grüße 漢字 👍')).toBe('Grüße 漢字 👍');
  });

  test('responses are listed with successes first, then the most frequent', () => {
    expect(sortedResponses({ '503': 5, timeout: 9, '200': 1, '486': 5, '404': 0 })).toEqual([
      ['200', 1],
      ['timeout', 9],
      ['486', 5],
      ['503', 5],
    ]);
  });
});
