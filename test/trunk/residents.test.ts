import { describe, expect, it } from 'vitest';
import { Residents } from '../../src/trunk/residents.js';

describe('accounts as callees', () => {
  it('take calls while they are registered; others are turned away, and all are counted', () => {
    const users = { '1': 'registered', '2': 'unregistered' } as const;
    const residents = new Residents((user) => (user === '1' || user === '2' ? users[user] : 'unknown'));
    expect(['1', '2', '3', '1'].map((user) => residents.refusal(user))).toEqual([null, 480, 404, null]);
    expect(residents.counts).toEqual({ registered: 2, unregistered: 1, unknown: 1 });
  });
});
