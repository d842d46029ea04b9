import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Carried, type Fate, newFate } from '../../src/impair/fate.js';
import { TruthCounter } from '../../src/impair/truth-counter.js';
import { RtpReceiver } from '../../src/quality/rtp-receiver.js';
import { PTIME_MS, pipelineOf, SAMPLES, send } from './harness.js';

fc.configureGlobal({ seed: 20_260_101 });

function fate(copies: number, arrivalMs: number, delayMs = 0, delayMs2 = 0): Fate {
  return { ...newFate(), arrivalMs, carried: Carried.pcmu, copies, delayMs, delayMs2 };
}

function truthOf(fates: Fate[]): ReturnType<TruthCounter['snapshot']> {
  const truth = new TruthCounter();
  for (const f of fates) truth.record(f);
  return truth.snapshot();
}

describe('the ground truth of a path', () => {
  it('is empty with null delays before any packet', () => {
    expect(truthOf([])).toMatchObject({ packets: 0, delivered: 0, dropped: 0, delayMeanMs: null, delayMaxMs: null });
  });

  it('splits the drops into those before, within and after what was delivered', () => {
    const copies = [0, 0, 1, 0, 2, 1, 0, 0, 0, 1, 0];
    expect(truthOf(copies.map((c, i) => fate(c, i * 20)))).toMatchObject({
      packets: 11,
      delivered: 4,
      dropped: 7,
      droppedBefore: 2,
      droppedWithin: 4,
      droppedAfter: 1,
      duplicated: 1,
    });
  });

  it('counts all as dropped before when nothing was delivered', () => {
    expect(truthOf([fate(0, 0), fate(0, 20)])).toMatchObject({ dropped: 2, droppedBefore: 2, droppedAfter: 0 });
  });

  // Some so long that a hundred packets are under way at a time.
  const delay = fc.oneof(fc.nat({ max: 150 }), fc.nat({ max: 3000 }));

  it('counts each packet once that arrives after a later one, as an observer of the arrivals would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ copies: fc.constantFrom(0, 1, 1, 1, 2), a: delay, b: delay }), {
          maxLength: 200,
        }),
        (packets) => {
          const truth = truthOf(packets.map((p, i) => fate(p.copies, i * PTIME_MS, p.a, p.b)));
          const dues = packets
            .map((p, i) => ({
              i,
              due: i * PTIME_MS + (p.copies === 2 ? Math.min(p.a, p.b) : p.a),
              gone: p.copies === 0,
            }))
            .filter((p) => !p.gone);
          const reordered = dues.filter((p) => dues.some((q) => q.i > p.i && q.due < p.due)).length;
          expect(truth.reordered).toBe(reordered);
          expect(truth.delivered).toBe(dues.length);
        },
      ),
    );
  });

  it('means and maximises the delay of what was delivered', () => {
    expect(truthOf([fate(1, 0, 10), fate(0, 20, 900), fate(1, 40, 30)])).toMatchObject({
      delayMeanMs: 20,
      delayMaxMs: 30,
    });
  });

  it('is what a receiver counts: lost = dropped within, duplicates and reordering alike', () => {
    for (let seed = 0; seed < 20; seed++) {
      const line = pipelineOf(
        seed,
        { kind: 'duplicate', ratio: 0.03 },
        { kind: 'loss', ratio: 0.08, burst: 2 },
        { kind: 'delay', base: 80, jitter: { distribution: 'normal', spread: 20 } },
      );
      const { copies, delays, delays2 } = send(line, 3000);
      const arrivals: { index: number; at: number }[] = [];
      for (let i = 0; i < copies.length; i++) {
        if (copies[i] > 0) arrivals.push({ index: i, at: i * PTIME_MS + delays[i] });
        if (copies[i] > 1) arrivals.push({ index: i, at: i * PTIME_MS + delays2[i] });
      }
      arrivals.sort((a, b) => a.at - b.at);
      const receiver = new RtpReceiver(8000);
      for (const { index, at } of arrivals) receiver.accept((index + 64_000) & 0xffff, index * SAMPLES, at);
      const truth = line.truth.snapshot();
      expect(receiver.lost).toBe(truth.droppedWithin);
      expect(receiver.expected).toBe(truth.delivered + truth.droppedWithin);
      expect(receiver.duplicates).toBe(truth.duplicated);
      expect(receiver.reordered).toBe(truth.reordered);
    }
  });
});
