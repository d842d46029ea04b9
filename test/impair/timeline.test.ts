import { describe, expect, it } from 'vitest';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import type { Pipeline } from '../../src/impair/spec.js';
import { audioPacket, lossesOf, PTIME_MS, send, stages } from './harness.js';

const OUTAGE = stages({ kind: 'loss', ratio: 1 });

function timeline(repeat: boolean, ...phases: [string, number, Pipeline][]): Pipeline {
  return [
    {
      kind: 'timeline',
      phases: phases.map(([name, ms, list]) => ({ name, for: ms, stages: list as ReturnType<typeof stages> })),
      repeat,
    },
  ];
}

describe('a timeline', () => {
  const CLEAN_OUTAGE: [string, number, Pipeline][] = [
    ['clean', 2000, []],
    ['outage', 1000, OUTAGE],
  ];

  it('has each phase in force for its time since the first packet, then nothing', () => {
    const line = new ImpairmentPipeline(timeline(false, ...CLEAN_OUTAGE), 1);
    const { copies } = send(line, 300, 7777);
    expect([...copies]).toEqual([...new Array(100).fill(1), ...new Array(50).fill(0), ...new Array(150).fill(1)]);
    const startMs = 7777 * PTIME_MS;
    expect(line.truth.snapshot().periods).toEqual([
      { name: 'clean', fromMs: startMs, packets: 100, dropped: 0 },
      { name: 'outage', fromMs: startMs + 2000, packets: 50, dropped: 50 },
      { name: 'after the timeline', fromMs: startMs + 3000, packets: 150, dropped: 0 },
    ]);
  });

  it('begins again where it is said to repeat, and drops RTCP while it drops everything', () => {
    const line = new ImpairmentPipeline(timeline(true, ...CLEAN_OUTAGE), 1);
    const { copies } = send(line, 450);
    expect(lossesOf(copies).ratio).toBeCloseTo(1 / 3, 9);
    expect(line.truth.snapshot().periods.map(({ name }) => name)).toEqual([
      'clean',
      'outage',
      'clean',
      'outage',
      'clean',
      'outage',
    ]);
    expect([0, 1999, 2000, 2999, 3000, 5500].map((ms) => line.blocksRtcp(ms))).toEqual([
      false,
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('goes on where its phases last fractions of a ms, whatever their sums are rounded to', () => {
    // Five rounds of 263.4 ms are 1317 ms: a packet at the very end of one finds neither phase, as their sum is a little short.
    const line = new ImpairmentPipeline(timeline(true, ['clean', 37.6, []], ['outage', 225.8, OUTAGE]), 1);
    const packet = audioPacket(0);
    const lost: boolean[] = [];
    for (let startMs = 0; startMs < 100_000; startMs += 1317) {
      for (const atMs of [startMs, startMs + 18, startMs + 150]) {
        line.apply(packet, 0, packet.length, atMs);
        if (atMs !== startMs) lost.push(line.copies === 0);
      }
    }
    expect(lost).toEqual(lost.map((_, i) => i % 2 === 1));
  });

  it('skips phases in which no packet came', () => {
    const line = new ImpairmentPipeline(timeline(false, ['a', 100, []], ['b', 100, OUTAGE], ['c', 5000, []]), 1);
    send(line, 1);
    const late = send(line, 10, 20);
    expect(new Set(late.copies)).toEqual(new Set([1]));
    expect(line.truth.snapshot().periods.map(({ name }) => name)).toEqual(['a', 'c']);
  });

  it('counts the windows of a phase’s faults from where the phase began', () => {
    const fault = stages({ kind: 'one-way', after: 400, for: 200 });
    const line = new ImpairmentPipeline(timeline(false, ['clean', 1000, []], ['fault', 2000, fault]), 1);
    const { copies } = send(line, 200);
    expect([...copies.keys()].filter((i) => copies[i] === 0)).toEqual([70, 71, 72, 73, 74, 75, 76, 77, 78, 79]);
    expect(line.truth.snapshot().faults).toEqual({ 'one-way': 10 });
  });

  it('repeats itself bit for bit for the same seed', () => {
    const lossy = stages(
      { kind: 'loss', ratio: 0.2 },
      { kind: 'delay', jitter: { distribution: 'normal', spread: 20 } },
    );
    const of = (seed: number) =>
      send(new ImpairmentPipeline(timeline(true, ['x', 500, lossy], ['y', 300, lossy]), seed), 2000);
    expect(of(4)).toEqual(of(4));
    expect(of(5)).not.toEqual(of(4));
  });

  it('keeps a bound on the periods that it tells apart, and still counts every packet', () => {
    const line = new ImpairmentPipeline(timeline(true, ['a', 40, []], ['b', 40, OUTAGE]), 1);
    send(line, 2000);
    const { periods, dropped } = line.truth.snapshot();
    expect(periods).toHaveLength(100);
    expect(periods.reduce((sum, period) => sum + period.packets, 0)).toBe(2000);
    expect(periods.reduce((sum, period) => sum + period.dropped, 0)).toBe(dropped);
  });
});

describe('a change of the stages', () => {
  it('takes effect from the next packet on, and the truth goes on and says when', () => {
    const line = new ImpairmentPipeline(stages({ kind: 'loss', ratio: 0.5 }), 9);
    const before = lossesOf(send(line, 1000).copies).ratio;
    line.replace(OUTAGE, 'outage', 20_000);
    expect(lossesOf(send(line, 100, 1000).copies).ratio).toBe(1);
    line.replace([], 'clean', 22_000);
    expect(lossesOf(send(line, 50, 1100).copies).ratio).toBe(0);
    const dropped = Math.round(before * 1000);
    expect(line.truth.snapshot()).toMatchObject({
      packets: 1150,
      dropped: dropped + 100,
      // Something was delivered after the outage: a receiver sees it.
      droppedAfter: 0,
      periods: [
        { name: 'at first', fromMs: 0, packets: 1000, dropped },
        { name: 'outage', fromMs: 20_000, packets: 100, dropped: 100 },
        { name: 'clean', fromMs: 22_000, packets: 50, dropped: 0 },
      ],
    });
  });

  it('leaves all as it was where the new stages cannot be', () => {
    const line = new ImpairmentPipeline([], 1);
    expect(() => line.replace(stages({ kind: 'loss', ratio: 0.8, burst: 2 }), 'wrong', 0)).toThrow('at least 4');
    expect(line.transparent).toBe(true);
    expect(line.truth.snapshot().periods).toEqual([]);
  });

  it('draws anew with each change: the same stages again do not repeat their decisions', () => {
    const line = new ImpairmentPipeline(stages({ kind: 'loss', ratio: 0.5 }), 9);
    const first = send(line, 200).copies;
    line.replace(stages({ kind: 'loss', ratio: 0.5 }), 'again', 4000);
    expect(send(line, 200, 200).copies).not.toEqual(first);
  });
});
