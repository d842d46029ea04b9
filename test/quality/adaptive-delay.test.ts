import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { AdaptiveDelay, type DelayBounds } from '../../src/quality/adaptive-delay.js';
import { PlayoutBuffer } from '../../src/quality/playout.js';

const CLOCK_RATE = 8000;
/** Units of a packet of 20 ms. */
const PACKET = 160;

interface Packet {
  /** Number in the order of sending. */
  index: number;
  /** Ms later than the schedule of the first one. */
  behindMs: number;
  startsTalkspurt?: boolean;
}

interface Fate {
  playoutMs: number;
  isPlayed: boolean;
}

/** What the documented algorithm makes of packets, in order of arrival: everything is worked out anew for each of them. */
function byHand({ minMs, maxMs }: DelayBounds, packets: readonly Packet[]): Fate[] {
  const delays: number[] = [];
  let playoutMs = 0;
  let highest = 0;
  return packets.map(({ index, behindMs, startsTalkspurt }) => {
    const before = delays.slice(-500).sort((a, b) => a - b);
    if (before.length === 0) {
      playoutMs = behindMs + minMs;
      highest = index;
    } else if (index > highest) {
      const spokenMs = (index - highest) * 20;
      highest = index;
      const slowest = before[before.length - 1 - Math.floor(before.length * 0.03)];
      const aimedAt = before[0] + Math.max(minMs, Math.min(maxMs, slowest - before[0] + 20));
      if (startsTalkspurt) playoutMs = aimedAt;
      else if (aimedAt > playoutMs) playoutMs = Math.min(aimedAt, playoutMs + spokenMs / 2);
      else playoutMs = Math.max(aimedAt, playoutMs - spokenMs / 25);
    }
    delays.push(Math.ceil(behindMs));
    playoutMs = Math.min(playoutMs, Math.min(...delays.slice(-500)) + maxMs);
    return { playoutMs, isPlayed: behindMs <= playoutMs };
  });
}

function byDelay(bounds: DelayBounds, packets: readonly Packet[]): { fates: Fate[]; delay: AdaptiveDelay } {
  const delay = new AdaptiveDelay(bounds, CLOCK_RATE);
  const fates = packets.map(({ index, behindMs, startsTalkspurt }) => {
    const playoutMs = delay.take(behindMs, index * PACKET, startsTalkspurt ?? false);
    return { playoutMs, isPlayed: behindMs <= playoutMs };
  });
  return { fates, delay };
}

/** Packets in order of arrival, each as late as drawn. */
function arrivals(delays: readonly number[], isSpurt: (i: number) => boolean = () => false): Packet[] {
  return delays
    .map((behindMs, index): Packet => ({ index, behindMs: behindMs - delays[0], startsTalkspurt: isSpurt(index) }))
    .sort((a, b) => a.index * 20 + a.behindMs - (b.index * 20 + b.behindMs));
}

describe('an adaptive delay of 20 to 60 ms', () => {
  // Each row by hand: how late the packet is, where its playout is, and whether it is played.
  const TABLE: [behindMs: number, playoutMs: number, isPlayed: boolean, why: string][] = [
    [0, 20, true, 'the first one: the least delay'],
    [5, 20, true, 'aims at 0 + 20'],
    [30, 25, false, 'aims at 5 + 20'],
    [30, 35, true, 'aims at 30 + 20, may grow by 10 ms a packet'],
    [30, 45, true, 'grows on'],
    [10, 50, true, 'is there'],
    [70, 50, false, 'aims at 30 + 20 as before'],
    [55, 60, true, 'aims at 70 + 20, and the most is 60'],
    [-10, 50, true, 'the fastest: 60 ms from there on are the most'],
    [0, 50, true, 'aims at −10 + 60'],
  ];

  it('has the playout and the fate of each packet as worked out by hand', () => {
    const packets = TABLE.map(([behindMs], index) => ({ index, behindMs }));
    const bounds = { minMs: 20, maxMs: 60 };
    const expected = TABLE.map(([, playoutMs, isPlayed]) => ({ playoutMs, isPlayed }));
    const { fates, delay } = byDelay(bounds, packets);
    expect(fates).toEqual(expected);
    expect(byHand(bounds, packets)).toEqual(expected);
    // 20 + 15 − 5 + 5 + 15 + 40 − 20 + 5 + 60 + 50 ms of waiting; 60 ms at most, when the fastest was 0.
    expect([delay.waitSumMs, delay.waits, delay.maxMs]).toEqual([185, 10, 60]);
  });

  it('leaves out one packet in 34, shrinks by 0.8 ms a packet within speech and at once before a talk spurt', () => {
    const late = [0, 40, ...new Array<number>(98).fill(0)];
    const packets = late.map((behindMs, index) => ({ index, behindMs, startsTalkspurt: index === 99 }));
    const { fates } = byDelay({ minMs: 20, maxMs: 60 }, packets);
    const at = (i: number): number => fates[i].playoutMs;
    // Grows by 10 ms a packet to 40 + 20, and stays as long as the late one counts: 34 packets.
    expect([at(2), at(3), at(4), at(5), at(33)]).toEqual([30, 40, 50, 60, 60]);
    expect([at(34), at(44)]).toEqual([expect.closeTo(59.2, 9), expect.closeTo(60 - 11 * 0.8, 9)]);
    expect([at(83), at(84), at(98)]).toEqual([expect.closeTo(20, 9), 20, 20]);
    const spurt = packets.map((packet, i) => ({ ...packet, startsTalkspurt: i === 34 }));
    expect(byDelay({ minMs: 20, maxMs: 60 }, spurt).fates[34].playoutMs).toBe(20);
  });
});

describe('an adaptive delay on a network', () => {
  const rng = new Rng(5);
  const networks: [string, number[]][] = [
    ['with even jitter', Array.from({ length: 1500 }, () => rng.uniform() * 50)],
    ['that reorders', Array.from({ length: 1500 }, () => 120 * rng.uniform() ** 3)],
    [
      'with spikes',
      Array.from({ length: 1500 }, (_, i) => rng.uniform() * 4 + (i % 220 < 6 ? 160 - (i % 220) * 20 : 0)),
    ],
    ['that becomes slower, then faster', Array.from({ length: 1800 }, (_, i) => (i > 500 && i < 1200 ? 310 : 10))],
  ];

  it.each(networks)('%s is that of the algorithm, packet by packet', (_, delays) => {
    for (const bounds of [
      { minMs: 20, maxMs: 200 },
      { minMs: 40, maxMs: 80 },
    ]) {
      const packets = arrivals(delays, (i) => i % 90 === 7);
      const { fates, delay } = byDelay(bounds, packets);
      const expected = byHand(bounds, packets);
      for (const [i, fate] of fates.entries()) {
        expect(fate.isPlayed).toBe(expected[i].isPlayed);
        expect(fate.playoutMs).toBeCloseTo(expected[i].playoutMs, 6);
      }
      const waits = expected.map(({ playoutMs }, i) => playoutMs - packets[i].behindMs);
      expect(delay.waitSumMs / delay.waits).toBeCloseTo(waits.reduce((a, b) => a + b, 0) / waits.length, 6);
      expect(delay.maxMs).toBeLessThanOrEqual(bounds.maxMs);
    }
  });
});

describe('an adaptive playout buffer', () => {
  const lateOf = (buffer: PlayoutBuffer, delays: readonly number[]): number => {
    for (const { index, behindMs } of arrivals(delays)) buffer.accept(index * PACKET, 1000 + index * 20 + behindMs);
    return buffer.late;
  };
  const adaptive = (): PlayoutBuffer => new PlayoutBuffer({ kind: 'adaptive', minMs: 20, maxMs: 200 }, CLOCK_RATE);
  const fixed = (): PlayoutBuffer => new PlayoutBuffer({ kind: 'fixed', delayMs: 60 }, CLOCK_RATE);

  it('follows a network that becomes slower, where a fixed one loses everything from there on', () => {
    const delays = Array.from({ length: 1000 }, (_, i) => (i < 500 ? 0 : 100));
    expect(lateOf(fixed(), delays)).toBe(500);
    // 15 packets until they are more than 3 %, 9 more while it grows from 20 ms to 100.
    expect(lateOf(adaptive(), delays)).toBe(15 + 8);
  });

  it('waits less than a fixed one where there is no jitter', () => {
    const buffer = adaptive();
    expect(lateOf(buffer, new Array<number>(1000).fill(7))).toBe(0);
    expect(buffer.adaptive!.waitSumMs / buffer.adaptive!.waits).toBe(20);
  });

  it('begins anew with a sender that set its timestamps anew', () => {
    const buffer = adaptive();
    for (let i = 0; i < 200; i++) buffer.accept(i * PACKET, i * 20);
    for (let i = 200; i < 400; i++) buffer.accept((i * PACKET + 4_000_000) >>> 0, i * 20);
    expect(buffer.late).toBe(0);
    for (let i = 400; i < 600; i++) buffer.accept(i * PACKET, i * 20);
    expect(buffer.late).toBe(49);
    expect(buffer.accept(600 * PACKET, 600 * 20 + 20)).toBe(true);
  });
});
