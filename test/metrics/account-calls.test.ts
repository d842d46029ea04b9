import { describe, expect, it } from 'vitest';
import { AccountCallMetrics } from '../../src/metrics/account-calls.js';
import { answeredRecord, failedRecord } from '../support/records.js';

describe('calls to accounts', () => {
  it('are counted by whether they came to the account that was called, to another one, to somebody else, or to none', () => {
    const metrics = new AccountCallMetrics();
    metrics.add(answeredRecord({ to: '1', reached: '1' }));
    metrics.add(failedRecord(486, 'status', { to: '2', reached: '2' }));
    metrics.add(answeredRecord({ to: '3', reached: '4' }));
    metrics.add(failedRecord(404, 'status', { to: '5', reached: null }));
    metrics.add(failedRecord(408, 'timeout', { to: '6', reached: null }));
    metrics.add(failedRecord(408, 'status', { to: '7', reached: null }));
    metrics.add(answeredRecord({ to: '8', reached: null }));
    expect(metrics.snapshot()).toEqual({ offered: 7, reached: 2 });
    expect(metrics.summary({ registered: 3, unregistered: 4, unknown: 5 })).toEqual({
      offered: 7,
      reached: 2,
      wrongAccount: 1,
      unmatched: 1,
      notReached: 3,
      responses: { '404': 1, timeout: 1, '408': 1 },
      unregistered: 4,
      unknown: 5,
    });
  });

  it('have no count of INVITEs where the accounts told none', () => {
    expect(new AccountCallMetrics().summary(null)).toMatchObject({ offered: 0, unregistered: null, unknown: null });
  });
});
