import { describe, expect, it } from 'vitest';
import type { DtmfReport } from '../../src/media/link/messages.js';
import { DtmfMetrics } from '../../src/metrics/dtmf-metrics.js';
import { dtmfRecord } from '../../src/metrics/dtmf-record.js';
import { heardDigit, heardDigits, sentDigits } from '../support/digits.js';

function report(change: Partial<DtmfReport> = {}): DtmfReport {
  return { sent: [], heard: [], unnegotiated: '', lateMs: 500, ...change };
}

const sender = (keys: string): DtmfReport => report({ sent: sentDigits(keys) });

describe('digits of all calls', () => {
  it('are lost as a share of those sent to a far end that tells what it heard', () => {
    const digits = new DtmfMetrics();
    digits.add(dtmfRecord(sender('1234'), report({ heard: heardDigits('124', 610) })));
    digits.add(dtmfRecord(sender('1234'), null));
    expect(digits.summary()).toMatchObject({ sent: 8, received: 3, lost: 1, lossRatio: 0.25, callsAffected: 1 });
  });

  it('have no share lost where nobody tells, and none where none were sent', () => {
    const silent = new DtmfMetrics();
    silent.add(dtmfRecord(sender('1234'), null));
    expect(silent.summary()).toMatchObject({ sent: 4, received: null, lost: null, lossRatio: null, delayMs: null });
    const unsent = new DtmfMetrics();
    unsent.add(dtmfRecord(report(), report()));
    expect(unsent.summary()).toMatchObject({ sent: 0, received: 0, lost: 0, lossRatio: null, lateRatio: null });
  });

  it('are late, merged, duplicated, wrong, short and without an end as often as they are in the calls', () => {
    const digits = new DtmfMetrics();
    const heard = [
      heardDigit('1', 600),
      heardDigit('2', 620, { durationMs: 310, hasEnd: false }),
      heardDigit('4', 830, { durationMs: 40 }),
      heardDigit('4', 900),
      heardDigit('9', 1020),
    ];
    digits.add(dtmfRecord(sender('12245'), report({ heard, unnegotiated: '77' })));
    expect(digits.summary()).toEqual({
      sent: 5,
      received: 3,
      lost: 2,
      merged: 1,
      duplicated: 1,
      wrong: 1,
      late: 1,
      short: 1,
      unended: 1,
      unnegotiated: 2,
      lossRatio: 0.4,
      mergedRatio: 0.2,
      duplicatedRatio: 0.2,
      wrongRatio: 0.2,
      lateRatio: 0.2,
      delayMs: { p50: 230.015, p95: 600, p99: 600, max: 600 },
      callsAffected: 1,
    });
  });
});
