import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arrival, MAX_MISORDER, RtpReceiver } from '../../src/quality/rtp-receiver.js';

fc.configureGlobal({ seed: 20_260_101 });

/** Gives the sequence numbers to a receiver as if sent every 20 ms by their position in `order`. */
function receive(order: number[], receiver = new RtpReceiver(8000)): RtpReceiver {
  order.forEach((extended, i) => {
    receiver.accept(extended & 0xffff, (extended * 160) >>> 0, i * 20);
  });
  return receiver;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('an RTP receiver', () => {
  it('counts what is missing between the first and the last', () => {
    const receiver = receive([10, 11, 13, 17]);
    expect([receiver.expected, receiver.lost, receiver.cumulativeLost, receiver.received]).toEqual([8, 4, 4, 4]);
    expect([receiver.first, receiver.last]).toEqual([10, 17]);
  });

  it('follows the sequence number over its wrap', () => {
    const receiver = receive(range(65_500, 65_536 * 2 + 100));
    expect([receiver.first, receiver.last]).toEqual([65_500, 131_172]);
    expect([receiver.lost, receiver.reordered, receiver.duplicates]).toEqual([0, 0, 0]);
  });

  it('lets duplicates make up for losses only in the figure of RFC 3550', () => {
    const receiver = receive([1, 2, 2, 4, 4, 4]);
    expect(receiver.duplicates).toBe(3);
    expect(receiver.lost).toBe(1);
    expect(receiver.cumulativeLost).toBe(4 - 6);
    expect(receiver.received).toBe(6);
  });

  it('takes a late packet as reordered, not as lost, and its second copy as a duplicate', () => {
    const receiver = receive([1, 2, 4, 5, 3, 3]);
    expect([receiver.lost, receiver.reordered, receiver.duplicates]).toEqual([0, 1, 1]);
  });

  it('extends the span downwards when packets before the first one arrive after it', () => {
    const receiver = receive([65_537, 65_535, 65_536, 65_538]);
    expect([receiver.first, receiver.last, receiver.expected, receiver.lost]).toEqual([-1, 2, 4, 0]);
    // The RFC's figure stays with the first packet that came: two more than expected.
    expect(receiver.cumulativeLost).toBe(-2);
  });

  it('counts every set of packets as a set does, in whatever order they come within the window', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 65_535 }),
        fc.array(
          fc.record({
            step: fc.integer({ min: 1, max: 8 }),
            late: fc.nat({ max: 30 }),
            copies: fc.constantFrom(1, 1, 2),
          }),
          {
            minLength: 1,
            maxLength: 400,
          },
        ),
        (base, packets) => {
          let extended = base;
          const arrivals: { extended: number; at: number }[] = [];
          packets.forEach(({ step, late, copies }, i) => {
            extended += step;
            for (let copy = 0; copy < copies; copy++) arrivals.push({ extended, at: i + late + copy });
          });
          arrivals.sort((a, b) => a.at - b.at);
          const receiver = receive(arrivals.map((a) => a.extended));
          const distinct = new Set(arrivals.map((a) => a.extended));
          const expected = Math.max(...distinct) - Math.min(...distinct) + 1;
          expect(receiver.expected).toBe(expected);
          expect(receiver.lost).toBe(expected - distinct.size);
          expect(receiver.duplicates).toBe(arrivals.length - distinct.size);
          let highest = Number.NEGATIVE_INFINITY;
          let reordered = 0;
          const seen = new Set<number>();
          for (const { extended: e } of arrivals) {
            if (e < highest && !seen.has(e)) reordered++;
            seen.add(e);
            highest = Math.max(highest, e);
          }
          expect(receiver.reordered).toBe(reordered);
        },
      ),
    );
  });

  it('does not count a single stray sequence number', () => {
    const receiver = new RtpReceiver(8000);
    receive(range(1, 100), receiver);
    expect(receiver.accept(40_000, 7, 2000)).toBe(Arrival.jumped);
    expect(receiver.accept(101, 101 * 160, 2020)).toBe(Arrival.inOrder);
    expect([receiver.received, receiver.expected, receiver.lost]).toEqual([101, 101, 0]);
  });

  it('takes two packets that follow each other elsewhere as a restart, and keeps the figures of both spans', () => {
    const receiver = new RtpReceiver(8000);
    receive([1, 2, 4], receiver);
    expect(receiver.accept(40_000, 500, 80)).toBe(Arrival.jumped);
    expect(receiver.accept(40_001, 660, 100)).toBe(Arrival.restarted);
    expect(receiver.accept(40_003, 980, 140)).toBe(Arrival.inOrder);
    expect([receiver.received, receiver.expected, receiver.lost, receiver.cumulativeLost]).toEqual([6, 8, 2, 2]);
    expect([receiver.first, receiver.last]).toEqual([40_000, 40_003]);
  });

  it('takes a long silence of the network as loss when time, timestamps and sequence numbers went on together', () => {
    const receiver = receive(range(0, 99));
    const resumed = 99 + 5000;
    expect(receiver.accept(resumed, resumed * 160, 99 * 20 + 5000 * 20 + 35)).toBe(Arrival.inOrder);
    expect([receiver.expected, receiver.lost]).toEqual([5100, 4999]);
    expect(receiver.accept(98, 98 * 160, 99 * 20 + 5000 * 20 + 36)).toBe(Arrival.jumped);
  });

  it.each([10, 30, 60])(
    'does so for packets of %d ms too, and takes a jump at another pace as a restart',
    (ptimeMs) => {
      const units = 8 * ptimeMs;
      const gap = 5000;
      const receiver = new RtpReceiver(8000);
      for (let i = 0; i < 10; i++) receiver.accept(i, i * units, i * ptimeMs);
      expect(receiver.accept(gap, gap * units, gap * ptimeMs)).toBe(Arrival.inOrder);
      expect([receiver.expected, receiver.lost]).toEqual([5001, 4990]);

      // A second later, with the timestamps of that second, but 5000 numbers on: no network loses those in a second.
      const restarted = new RtpReceiver(8000);
      for (let i = 0; i < 10; i++) restarted.accept(i, i * units, i * ptimeMs);
      const laterMs = 10 * ptimeMs + 1000;
      expect(restarted.accept(gap, laterMs * 8, laterMs)).toBe(Arrival.jumped);
    },
  );

  it('remembers what it received as far back as it accepts late packets', () => {
    const receiver = receive([0, ...range(2, MAX_MISORDER - 1)]);
    expect(receiver.accept(0, 0, 1e6)).toBe(Arrival.duplicate);
    expect(receiver.accept(1, 160, 1e6)).toBe(Arrival.reordered);
    expect(receiver.lost).toBe(0);
    // A gap that reuses the places of the window must not remember what was there 4096 numbers before.
    receive(range(MAX_MISORDER + 2500, MAX_MISORDER + 4096 + 10), receiver);
    expect(receiver.accept(MAX_MISORDER + 4096, 0, 2e6)).toBe(Arrival.duplicate);
    expect(receiver.accept(MAX_MISORDER + 4096 + 11 + 1, 0, 2e6)).toBe(Arrival.inOrder);
    expect(receiver.accept(MAX_MISORDER + 4096 + 11, 0, 2e6)).toBe(Arrival.reordered);
  });
});

describe('interarrival jitter', () => {
  it('follows RFC 3550 step by step: every odd packet 5 ms late', () => {
    const receiver = new RtpReceiver(8000);
    const unitsAfter = new Map([
      [1, 2.5],
      [2, 4.8438],
      [10, 19.0216],
      [50, 38.4128],
    ]);
    for (let i = 0; i <= 400; i++) {
      receiver.updateJitter(i * 160, i * 20 + (i % 2 ? 5 : 0));
      const units = unitsAfter.get(i);
      if (units !== undefined) expect(receiver.jitterMs * 8).toBeCloseTo(units, 4);
    }
    expect(receiver.jitterMs).toBeCloseTo(5, 6);
    expect(receiver.jitterMaxMs).toBeCloseTo(5, 6);
    expect(receiver.jitterPackets).toBe(400);
    expect(receiver.jitterSumMs / receiver.jitterPackets).toBeLessThan(5);
  });

  it('is zero for a stream that keeps its timestamps, over gaps and the wrap of the timestamp', () => {
    const receiver = new RtpReceiver(8000);
    for (const i of [0, 1, 2, 10, 11, 500]) receiver.updateJitter((2 ** 32 - 800 + i * 160) >>> 0, 1000 + i * 20);
    expect(receiver.jitterMaxMs).toBe(0);
  });
});
