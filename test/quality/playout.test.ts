import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { burstRatio, LossRuns } from '../../src/quality/loss-runs.js';
import { PlayoutBuffer } from '../../src/quality/playout.js';
import { lossesOf, pipelineOf, send } from '../impair/harness.js';

fc.configureGlobal({ seed: 20_260_101 });

describe('a playout buffer', () => {
  it('plays what comes up to its length behind the first packet, and discards what comes later', () => {
    const buffer = new PlayoutBuffer({ kind: 'fixed', delayMs: 60 }, 8000);
    const played = [0, 10, 60, 60.1, 200, -15].map((late, i) => buffer.accept(i * 160, 500 + i * 20 + late));
    expect(played).toEqual([true, true, true, false, false, true]);
    expect(buffer.late).toBe(2);
  });

  it('schedules over the wrap of the timestamp', () => {
    const buffer = new PlayoutBuffer({ kind: 'fixed', delayMs: 40 }, 8000);
    for (let i = 0; i < 100; i++) expect(buffer.accept((2 ** 32 - 1600 + i * 160) >>> 0, i * 20)).toBe(true);
  });

  it('starts a new schedule when the timestamps have left the old one for a second, not for a single packet', () => {
    const buffer = new PlayoutBuffer({ kind: 'fixed', delayMs: 60 }, 8000);
    for (let i = 0; i < 100; i++) buffer.accept(i * 160, i * 20);
    buffer.accept(100 * 160, 100 * 20 + 3000);
    expect(buffer.accept(101 * 160, 101 * 20)).toBe(true);
    expect(buffer.late).toBe(1);
    // The sender sets its timestamps back by a minute.
    for (let i = 102; i < 250; i++) buffer.accept((i * 160 - 60 * 8000) >>> 0, i * 20);
    expect(buffer.late).toBe(1 + 49);
    expect(buffer.accept((250 * 160 - 60 * 8000) >>> 0, 250 * 20)).toBe(true);
  });
});

describe('a playout buffer of a long call', () => {
  it('follows a clock that is 100 ppm slow or fast for an hour', () => {
    for (const ppm of [-100, 100]) {
      const buffer = new PlayoutBuffer({ kind: 'fixed', delayMs: 40 }, 8000);
      for (let i = 0; i < 180_000; i++) buffer.accept((i * 160) >>> 0, i * 20 * (1 + ppm / 1e6));
      expect(buffer.late).toBe(0);
    }
  });

  it('does not forgive a network that becomes slower at once', () => {
    const buffer = new PlayoutBuffer({ kind: 'fixed', delayMs: 40 }, 8000);
    for (let i = 0; i < 3000; i++) buffer.accept(i * 160, i * 20);
    for (let i = 3000; i < 6000; i++) buffer.accept(i * 160, i * 20 + 80);
    expect(buffer.late).toBe(3000);
  });
});

/** Runs by going through the span once more. */
function runsByHand(played: Map<number, boolean>): { packets: number; missing: number; runs: number } {
  const first = Math.min(...played.keys());
  const last = Math.max(...played.keys());
  let missing = 0;
  let runs = 0;
  for (let i = first; i <= last; i++) {
    if (played.get(i)) continue;
    missing++;
    if (i === first || played.get(i - 1)) runs++;
  }
  return { packets: last - first + 1, missing, runs };
}

describe('runs of missing packets', () => {
  it('join lost and late packets in the order of the sequence numbers', () => {
    const runs = new LossRuns();
    for (const [extended, played] of [
      [1, true],
      [2, false],
      [4, true],
      [6, true],
      [5, true],
    ] as const) {
      runs.add(extended, played);
    }
    expect(runs.totals()).toEqual({ packets: 6, missing: 2, runs: 1 });
  });

  it('are those of the whole span for any loss and reordering, also long after the window has passed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ step: fc.constantFrom(1, 1, 1, 1, 2, 3, 40), late: fc.nat({ max: 20 }), played: fc.boolean() }),
          {
            minLength: 1,
            maxLength: 3000,
          },
        ),
        (packets) => {
          let extended = 65_000;
          const arrivals = packets.map(({ step, late, played }, i) => {
            extended += step;
            return { extended, at: i + late, played };
          });
          arrivals.sort((a, b) => a.at - b.at);
          const runs = new LossRuns();
          const played = new Map<number, boolean>();
          for (const arrival of arrivals) {
            runs.add(arrival.extended, arrival.played);
            played.set(arrival.extended, arrival.played);
          }
          const byHand = runsByHand(played);
          expect(runs.totals()).toEqual(byHand);
          runs.restart();
          expect(runs.totals()).toEqual(byHand);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keep the spans before and after a restart apart', () => {
    const runs = new LossRuns();
    for (const extended of [1, 2, 4]) runs.add(extended, true);
    runs.restart();
    for (const extended of [40_000, 40_003]) runs.add(extended, true);
    expect(runs.totals()).toEqual({ packets: 8, missing: 3, runs: 2 });
  });
});

describe('the burst ratio', () => {
  it('is 1 without loss, for lone losses, and where all is missing', () => {
    expect(burstRatio({ packets: 100, missing: 0, runs: 0 })).toBe(1);
    expect(burstRatio({ packets: 100, missing: 3, runs: 3 })).toBe(1);
    expect(burstRatio({ packets: 100, missing: 100, runs: 1 })).toBe(1);
  });

  it('is that of the channel: 1 for independent loss, 1/(p + r) for a Gilbert process', () => {
    for (const [ratio, burst, expected] of [
      [0.05, 1, 1],
      [0.02, 2, 1.96],
      [0.05, 4, 3.8],
    ] as const) {
      const { copies } = send(pipelineOf(21, { kind: 'loss', ratio, burst }), 400_000);
      const runs = new LossRuns();
      for (let i = 0; i < copies.length; i++) if (copies[i] > 0) runs.add(i, true);
      const totals = runs.totals();
      expect(totals.missing / totals.packets).toBeCloseTo(lossesOf(copies).ratio, 4);
      expect(Math.abs(burstRatio(totals) / expected - 1)).toBeLessThan(0.03);
    }
  });
});
