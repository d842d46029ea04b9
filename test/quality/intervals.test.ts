import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { mosOfR, rFactor } from '../../src/quality/e-model.js';
import type { HeardSpec } from '../../src/quality/heard-spec.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { KEPT_INTERVALS } from '../../src/quality/intervals.js';
import type { HeardReport, IntervalReport } from '../../src/quality/reports.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';

const SPEC: HeardSpec = {
  acceptPayloadTypes: { 0: 'PCMU' },
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 5000,
  bpl: 25.1,
  expectAudio: true,
  hearDigits: true,
  clockRate: 8000,
  ownSsrc: 1,
};
const ANSWERED_MS = 5000;
const FIRST_SEQUENCE = 65_000;
const bytes = new Uint8Array(RTP_HEADER_BYTES + 160).fill(0x20);

/** A packet that was sent `index` × 20 ms after the answer, and arrives `lateMs` after that; `null` for a lost one. */
type Fate = number | null;

interface Arrived {
  index: number;
  atMs: number;
}

function inOrder(fates: readonly Fate[]): Arrived[] {
  return fates
    .flatMap((lateMs, index) => (lateMs === null ? [] : [{ index, atMs: index * 20 + lateMs }]))
    .sort((a, b) => a.atMs - b.atMs);
}

function hear(packets: readonly Arrived[], change: Partial<HeardSpec> = {}): HeardStream {
  const stream = new HeardStream({ ...SPEC, ...change });
  stream.onAnswer(ANSWERED_MS);
  for (const packet of packets) feed(stream, packet);
  return stream;
}

function feed(stream: HeardStream, { index, atMs }: Arrived): void {
  writeRtpHeader(bytes, 0, false, 0, (FIRST_SEQUENCE + index) & 0xffff, (index * 160) >>> 0, 7);
  stream.onRtp(bytes, 0, bytes.length, ANSWERED_MS + atMs);
}

function report(fates: readonly Fate[], endMs = fates.length * 20, change: Partial<HeardSpec> = {}): HeardReport {
  return hear(inOrder(fates), change).report(ANSWERED_MS + endMs);
}

const countsOf = (list: readonly IntervalReport[]) =>
  list.map(({ packetsExpected, packetsLost, lateDiscarded }) => [packetsExpected, packetsLost, lateDiscarded]);

const sumOf = (list: readonly IntervalReport[]) =>
  countsOf(list).reduce((sum, counts) => sum.map((n, i) => n + counts[i]), [0, 0, 0]);

describe('intervals of a call', () => {
  it('name the 10 s in which it was bad, where the call as a whole says little', () => {
    // 30 s, and of the middle third every tenth packet is lost.
    const heard = report(Array.from({ length: 1500 }, (_, i) => (i >= 500 && i < 1000 && i % 10 === 5 ? null : 0)));
    expect(countsOf(heard.intervals)).toEqual([
      [500, 0, 0],
      [500, 50, 0],
      [500, 0, 0],
    ]);
    expect(heard.intervals.map(({ startMs, durationMs }) => [startMs, durationMs])).toEqual([
      [0, 10_000],
      [10_000, 10_000],
      [20_000, 10_000],
    ]);
    const r = rFactor({ bpl: 25.1, pplPercent: 10, burstR: 1 });
    expect(heard.worstInterval).toMatchObject({ startMs: 10_000, burstR: 1 });
    expect(heard.worstInterval!.r).toBeCloseTo(r, 9);
    expect(heard.worstInterval!.mosLq).toBeCloseTo(mosOfR(r), 9);
    expect(heard.mos!.lq).toBeCloseTo(mosOfR(rFactor({ bpl: 25.1, pplPercent: 10 / 3, burstR: 1 })), 9);
    expect(heard.intervals[0].mosLq).toBeCloseTo(4.41, 2);
  });

  it('sum up to the figures of the call, and have each packet where its turn was', () => {
    const rng = new Rng(11);
    // 97 s with loss, packets up to 40 ms late, some much later, some by more than a second, duplicates.
    const fates = Array.from({ length: 4850 }, (): Fate => {
      const draw = rng.uniform();
      if (draw < 0.03) return null;
      if (draw < 0.04) return 1500;
      return draw < 0.1 ? 100 + rng.uniform() * 300 : rng.uniform() * 40;
    });
    fates[0] = 0;
    const packets = inOrder(fates).flatMap((packet, i) => (i % 37 === 0 ? [packet, packet] : [packet]));
    const heard = hear(packets).report(ANSWERED_MS + 97_000);

    // By the definition: a packet is of the interval at whose end no higher one had come; of those between the last packet
    // before an end and the first one after it as many as the time between them says.
    let first = 0;
    const expected: number[][] = [];
    for (let endMs = 10_000; endMs < 107_000; endMs += 10_000) {
      const before = packets.filter(({ atMs }) => atMs < endMs);
      const silentSinceMs = before[before.length - 1].atMs;
      let last = Math.max(...before.map(({ index }) => index));
      const next = packets[before.length];
      if (next && next.index > last)
        last += Math.floor(((next.index - last - 1) * (endMs - silentSinceMs)) / (next.atMs - silentSinceMs));
      const own = fates.slice(first, last + 1);
      expected.push([own.length, own.filter((f) => f === null).length, own.filter((f) => f !== null && f > 60).length]);
      first = last + 1;
    }
    expect(countsOf(heard.intervals)).toEqual(expected);
    expect(sumOf(heard.intervals)).toEqual([heard.packetsExpected, heard.packetsLost, heard.lateDiscarded]);
    const weighted = heard.intervals.reduce((sum, i) => sum + i.jitterMs! * (i.packetsExpected - i.packetsLost), 0);
    expect(Math.abs(weighted / (heard.packetsExpected - heard.packetsLost) / heard.jitterMs! - 1)).toBeLessThan(0.02);
  });

  it('have each a share of an outage that went on beyond their ends', () => {
    // Nothing arrives from 6 s to 24 s.
    const heard = report(Array.from({ length: 1500 }, (_, i) => (i >= 300 && i < 1200 ? null : 0)));
    expect(countsOf(heard.intervals)).toEqual(
      [
        [500, 200, 0],
        [500, 500, 0],
        [500, 200, 0],
      ].map(([n, lost, late]) => [n, expect.closeTo(lost, -0.5), late]),
    );
    expect(sumOf(heard.intervals)).toEqual([1500, 900, 0]);
    expect(heard.worstInterval).toMatchObject({ startMs: 10_000, mosLq: 1 });
  });

  it('are not rated where nothing came any more, or less than a second of audio', () => {
    const heard = report(new Array<Fate>(520).fill(0), 32_000);
    expect(heard.intervals.map(({ durationMs, packetsExpected, r }) => [durationMs, packetsExpected, r])).toEqual([
      [10_000, 500, expect.closeTo(93.2, 1)],
      [10_000, 20, null],
      [10_000, 0, null],
      [2000, 0, null],
    ]);
    expect(heard.worstInterval!.startMs).toBe(0);
    expect(report(new Array<Fate>(40).fill(0)).worstInterval).toBeNull();
    expect(new HeardStream(SPEC).report(0)).toMatchObject({ intervals: [], worstInterval: null });
  });

  it('are the last sixty of a long call, and the worst of all', () => {
    const fates = Array.from({ length: 35_000 }, (_, i): Fate => (i > 1500 && i < 2000 && i % 4 === 0 ? null : 0));
    const heard = report(fates);
    expect(heard.intervals).toHaveLength(KEPT_INTERVALS);
    expect(heard.intervals[0].startMs).toBe(100_000);
    expect(heard.worstInterval).toMatchObject({ startMs: 30_000, packetsLost: 124 });
    expect(heard.packetsLost).toBe(124);
  });

  it('go over a silence of years, of which the last sixty have their share, as where the clock of a capture was set', () => {
    const years = 56 * 365 * 86_400_000;
    const stream = hear([
      { index: 0, atMs: 0 },
      { index: 1, atMs: 20 },
      { index: 2002, atMs: years },
    ]);
    const { intervals, packetsLost } = stream.report(ANSWERED_MS + 2 * years);
    expect(packetsLost).toBe(2000);
    expect(intervals).toHaveLength(KEPT_INTERVALS);
    expect(intervals.at(-1)).toMatchObject({ packetsExpected: 0, packetsLost: 0 });
    const silent = hear([{ index: 0, atMs: 0 }]);
    // Two hours of silence, then the rest of what was lost: sixty of its 720 intervals.
    feed(silent, { index: 2881, atMs: 7_200_000 });
    const told = silent.report(ANSWERED_MS + 7_200_000).intervals;
    expect(told.map(({ packetsLost: lost }) => lost)).toEqual([...new Array<number>(KEPT_INTERVALS - 1).fill(4), 0]);
  });

  it('are the same whether or not they were asked for meanwhile', () => {
    const fates = Array.from({ length: 1500 }, (_, i): Fate => (i % 50 === 7 ? null : (i * 13) % 80));
    const packets = inOrder(fates);
    const asked = hear([]);
    for (const [i, packet] of packets.entries()) {
      feed(asked, packet);
      if (i % 100 === 0) asked.report(ANSWERED_MS + packet.atMs);
    }
    expect(asked.report(ANSWERED_MS + 30_000)).toEqual(hear(packets).report(ANSWERED_MS + 30_000));
  });

  it('go on over another SSRC', () => {
    const stream = hear(inOrder(new Array<Fate>(400).fill(0)));
    for (let i = 400; i < 900; i++) {
      if (i % 5 === 3) continue;
      writeRtpHeader(bytes, 0, false, 0, i, i * 160, 8);
      stream.onRtp(bytes, 0, bytes.length, ANSWERED_MS + i * 20);
    }
    const heard = stream.report(ANSWERED_MS + 18_000);
    expect(heard.ssrcChanges).toBe(1);
    expect(countsOf(heard.intervals)).toEqual([
      [500, 20, 0],
      [400, 80, 0],
    ]);
  });

  it('have the delay of an adaptive buffer, and a conversational quality where the network’s is known', () => {
    // From 10 s on packets are up to 150 ms late.
    const fates = Array.from({ length: 1000 }, (_, i): Fate => (i < 500 ? 0 : (i * 37) % 150));
    const jitterBuffer = { kind: 'adaptive', minMs: 20, maxMs: 200 } as const;
    const stream = hear(inOrder(fates), { jitterBuffer });
    const heard = stream.report(ANSWERED_MS + 20_000, { oneWayDelayMs: 100, source: 'probe' });
    const [calm, rough] = heard.intervals;
    expect(calm.playoutDelayMs).toBe(20);
    // Up to 165 ms for the fastest, once the calm has been forgotten; the average packet is 75 ms later than that.
    expect(rough.playoutDelayMs).toBeGreaterThan(65);
    expect(rough.playoutDelayMs).toBeLessThan(95);
    expect(heard.playout).toEqual({
      kind: 'adaptive',
      meanMs: heard.mos!.jitterBufferMs,
      maxMs: 165,
      limitMs: 200,
    });
    expect((calm.playoutDelayMs! + rough.playoutDelayMs!) / 2).toBeCloseTo(heard.playout!.meanMs, 0);
    // Ta = 100 + 20 + 20 ms: below the 100 ms that cost nothing only just beyond.
    expect(calm.mosLq! - calm.mosCq!).toBeLessThan(0.05);
    expect(rough.mosCq).toBeLessThan(calm.mosCq!);
    expect(stream.report(ANSWERED_MS + 20_000).intervals[1].mosCq).toBeNull();
  });
});
