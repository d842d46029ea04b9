import { describe, expect, test } from 'vitest';
import { LinearHistogram } from '../../src/core/linear-histogram.js';
import type { RelaySnapshot } from '../../src/media/link/relay-messages.js';
import { RelayLateness } from '../../src/run/relay-lateness.js';

/** A thread that goes on sending: a snapshot of all that it has sent so far, a second later each time. */
class Sending {
  private readonly histogram = new LinearHistogram(0.05, 2000);
  private second = 0;

  send(packets: number, lateMs: number): this {
    for (let i = 0; i < packets; i++) this.histogram.record(lateMs);
    return this;
  }

  snapshot(): RelaySnapshot {
    const { bucketWidth, counts, count, max } = this.histogram;
    const pacingErrorMs = { bucketWidth, counts: counts.slice(), count, max };
    return { atMs: 1000 * ++this.second, health: { pacingErrorMs } } as RelaySnapshot;
  }
}

describe('the lateness of a relay', () => {
  test('is that of the last second while it is up, and of all packets at the end', () => {
    const sending = new Sending();
    const lateness = new RelayLateness();
    lateness.add(sending.send(1000, 0.47).snapshot());
    expect(lateness.p99Ms).toBeCloseTo(0.47);
    expect(lateness.isLate).toBe(false);
    lateness.add(sending.send(980, 0.47).send(20, 30.02).snapshot());
    expect(lateness.p99Ms).toBeCloseTo(30.02);
    expect(lateness.isLate).toBe(true);
    lateness.add(sending.send(1000, 0.47).snapshot());
    expect(lateness.p99Ms).toBeCloseTo(0.5);
    expect(lateness.isLate).toBe(false);
    const { lateness: all, seconds, lateSeconds } = lateness.report();
    expect([seconds, lateSeconds]).toEqual([3, 1]);
    expect(all!.p50Ms).toBeCloseTo(0.5);
    expect(all!.p99Ms).toBeCloseTo(0.5);
    expect(all!.maxMs).toBeCloseTo(30.02);
  });

  test('is beyond 10 ms too much, and tells times longer than the histogram has buckets for', () => {
    const sending = new Sending();
    const lateness = new RelayLateness();
    lateness.add(sending.send(100, 9.97).snapshot());
    expect(lateness.isLate).toBe(false);
    lateness.add(sending.send(100, 160).snapshot());
    expect(lateness.isLate).toBe(true);
    expect(lateness.p99Ms).toBe(160);
  });

  test('is null where nothing was sent: such a second is no second of sending', () => {
    const sending = new Sending();
    const lateness = new RelayLateness();
    expect(lateness.report()).toEqual({ lateness: null, seconds: 0, lateSeconds: 0 });
    lateness.add(sending.snapshot());
    expect(lateness.p99Ms).toBeNull();
    expect(lateness.report()).toEqual({ lateness: null, seconds: 0, lateSeconds: 0 });
    lateness.add(sending.send(10, 50).snapshot());
    lateness.add(sending.snapshot());
    expect(lateness.isLate).toBe(false);
    expect(lateness.report()).toMatchObject({ seconds: 1, lateSeconds: 1 });
  });

  test('counts a snapshot that comes again once', () => {
    const lateness = new RelayLateness();
    const snapshot = new Sending().send(10, 50).snapshot();
    lateness.add(snapshot);
    lateness.add(snapshot);
    expect(lateness.p99Ms).toBeCloseTo(50);
    expect(lateness.report().seconds).toBe(1);
  });
});
