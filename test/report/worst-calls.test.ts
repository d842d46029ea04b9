import { expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { WorstCallsCollector } from '../../src/report/worst-calls.js';
import { demoCall } from '../fixtures/run.js';

/** A call heard on one scale, without intervals. */
function rated(id: number, scale: 'CQEN' | 'CQEW', r: number, lq: number): CallRecord {
  const record = structuredClone(demoCall(1));
  record.id = id;
  for (const direction of [record.uplink, record.downlink]) {
    const heard = direction!.heard!;
    heard.worstInterval = null;
    heard.mos = { ...heard.mos!, scale, r, lq };
  }
  return record;
}

it('the worst calls are those with the lowest R, as MOS of different bandwidths cannot be compared', () => {
  const collector = new WorstCallsCollector(3);
  // By MOS the wideband calls would be worse than the narrowband ones.
  for (const call of [
    rated(1, 'CQEW', 105, 4.05),
    rated(2, 'CQEN', 85, 4.2),
    rated(3, 'CQEW', 100, 3.9),
    rated(4, 'CQEN', 70, 3.6),
    rated(5, 'CQEN', 93, 4.41),
  ])
    collector.add(call);
  expect(collector.result().audio.map(({ id }) => id)).toEqual([4, 2, 5]);
});
