import { describe, expect, it } from 'vitest';
import { calledAccount } from '../../src/swarm/account-pairs.js';

describe('the account that an attempt calls', () => {
  it.each([2, 3, 7])('is each one once a round, of %i accounts that call each other, and never itself', (count) => {
    const pairs = new Set<string>();
    for (let round = 0; round < count - 1; round++) {
      const called = new Set<number>();
      for (let n = 0; n < count; n++) {
        const to = calledAccount(round * count + n, count, true);
        expect(to).not.toBe(n);
        called.add(to);
        pairs.add(`${n} ${to}`);
      }
      expect(called.size).toBe(count);
    }
    // After so many rounds everybody has called everybody.
    expect(pairs.size).toBe(count * (count - 1));
  });

  it('is each in turn where numbers call', () => {
    expect([0, 1, 2, 3].map((n) => calledAccount(n, 3, false))).toEqual([0, 1, 2, 0]);
  });
});
