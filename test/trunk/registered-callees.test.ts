import { describe, expect, it } from 'vitest';
import { RegisteredCallees } from '../../src/trunk/registered-callees.js';

describe('accounts as callees', () => {
  it('take calls while they are registered; others are turned away, and all are counted', () => {
    const users = { '1': 'registered', '2': 'unregistered' } as const;
    const callees = new RegisteredCallees((user) => (user === '1' || user === '2' ? users[user] : 'unknown'));
    expect(['1', '2', '3', '1'].map((user) => callees.refusal(user))).toEqual([null, 480, 404, null]);
    expect(callees.counts).toEqual({ registered: 2, unregistered: 1, unknown: 1 });
  });
});
