import { describe, expect, it } from 'vitest';
import { DtmfMetrics } from '../../src/metrics/direction-metrics.js';

describe('digits of all calls', () => {
  it('are lost as a share of those sent to a far end that tells what it heard', () => {
    const digits = new DtmfMetrics();
    digits.add('1234', '124');
    digits.add('1234', null);
    expect(digits.summary()).toMatchObject({ sent: 8, received: 3, lost: 1, lossRatio: 0.25, callsAffected: 1 });
  });

  it('have no share lost where nobody tells, and none where none were sent', () => {
    const silent = new DtmfMetrics();
    silent.add('1234', null);
    expect(silent.summary()).toMatchObject({ sent: 4, received: null, lost: null, lossRatio: null });
    const unsent = new DtmfMetrics();
    unsent.add('', '');
    expect(unsent.summary()).toMatchObject({ sent: 0, received: 0, lost: 0, lossRatio: null });
  });
});
