import { describe, expect, it } from 'vitest';
import { takeNumbers } from '../../src/core/number-block.js';

describe('numbers taken from a block', () => {
  it('are zero and nobody else’s, however many are taken', () => {
    const taken = Array.from({ length: 500 }, (_, i) => ({ range: takeNumbers(1 + (i % 90)), count: 1 + (i % 90) }));
    for (const [i, { range, count }] of taken.entries()) {
      const own = range.numbers.subarray(range.at, range.at + count);
      expect(own.every((number) => number === 0)).toBe(true);
      own.fill(i + 1);
    }
    for (const [i, { range, count }] of taken.entries()) {
      expect(range.numbers.subarray(range.at, range.at + count).every((number) => number === i + 1)).toBe(true);
    }
  });

  it('are the same bytes as words', () => {
    const { numbers, words, at } = takeNumbers(2);
    words[2 * at + 1] = 0x3ff00000;
    expect(numbers[at]).toBe(1);
  });

  it('may be more than a block holds', () => {
    const { numbers, at } = takeNumbers(100_000);
    expect(numbers.length - at).toBeGreaterThanOrEqual(100_000);
  });
});
