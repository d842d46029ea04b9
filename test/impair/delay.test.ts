import { describe, expect, it } from 'vitest';
import { RtpReceiver } from '../../src/quality/rtp-receiver.js';
import { MILLION, meanOf, PTIME_MS, pipelineOf, SAMPLES, send } from './harness.js';

const COUNT = 300_000;

function delaysOf(seed: number, stage: object): Float64Array {
  return send(pipelineOf(seed, { kind: 'delay', ...stage }), COUNT).delays;
}

function deviationOf(values: Float64Array): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((v) => (v - mean) ** 2)));
}

/** Mean of J over packets sent every 20 ms, taken in the order of sequence or of arrival. */
function jitterOf(delays: Float64Array, order: 'sequence' | 'arrival'): number {
  const packets = [...delays].map((delay, index) => ({ index, at: index * PTIME_MS + delay }));
  if (order === 'arrival') packets.sort((a, b) => a.at - b.at);
  const receiver = new RtpReceiver(8000);
  for (const { index, at } of packets) receiver.updateJitter((index * SAMPLES) >>> 0, at);
  return receiver.jitterSumMs / receiver.jitterPackets;
}

describe('delay', () => {
  it('is constant without a jitter', () => {
    expect(new Set(delaysOf(1, { base: '40ms' }))).toEqual(new Set([40]));
  });

  it('is uniform in base ± spread', () => {
    const delays = delaysOf(1, { base: 100, jitter: { distribution: 'uniform', spread: 30 } });
    expect(Math.min(...delays.subarray(0, 100_000))).toBeGreaterThanOrEqual(70);
    expect(Math.max(...delays.subarray(0, 100_000))).toBeLessThan(130);
    expect(meanOf(delays)).toBeCloseTo(100, 0);
    expect(Math.abs(deviationOf(delays) - 30 / Math.sqrt(3))).toBeLessThan(0.1);
  });

  it('is normal with σ = spread', () => {
    const delays = delaysOf(2, { base: 200, jitter: { distribution: 'normal', spread: 30 } });
    expect(Math.abs(meanOf(delays) - 200)).toBeLessThan(0.2);
    expect(Math.abs(deviationOf(delays) - 30)).toBeLessThan(0.2);
    const within = delays.filter((d) => Math.abs(d - 200) < 30).length / COUNT;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.003);
  });

  it('has a pareto tail above the base whose mean is the spread, and which ends at 20 times it', () => {
    const delays = delaysOf(3, { base: 50, jitter: { distribution: 'pareto', spread: 10 } });
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    for (const delay of delays) {
      lowest = Math.min(lowest, delay);
      highest = Math.max(highest, delay);
    }
    expect(lowest).toBeGreaterThanOrEqual(50);
    expect(highest).toBe(250);
    expect(Math.abs(meanOf(delays) - 60)).toBeLessThan(0.15);
    // P(X > 3 × mean) of a Lomax tail with shape 3 is near 6 %; an exponential tail would have 5 %, and 0.2 % at 6 ×.
    const far = delays.filter((d) => d > 50 + 60).length / COUNT;
    expect(far).toBeGreaterThan(0.012);
    expect(far).toBeLessThan(0.02);
  });

  it('gives a normal spread of 30 ms an RFC 3550 jitter of 33.9 ms in sequence, 36.0 as the packets arrive', () => {
    const delays = delaysOf(4, { base: 200, jitter: { distribution: 'normal', spread: 30 } });
    expect(Math.abs(jitterOf(delays, 'sequence') - 33.85)).toBeLessThan(0.2);
    expect(Math.abs(jitterOf(delays, 'arrival') - 36)).toBeLessThan(0.3);
  });

  it('gives a uniform spread of ± 30 ms an RFC 3550 jitter of 20.0 ms in sequence, 21.7 as the packets arrive', () => {
    const delays = delaysOf(5, { base: 100, jitter: { distribution: 'uniform', spread: 30 } });
    expect(Math.abs(jitterOf(delays, 'sequence') - 20)).toBeLessThan(0.1);
    expect(Math.abs(jitterOf(delays, 'arrival') - 21.7)).toBeLessThan(0.2);
  });

  it('is never negative', () => {
    const delays = delaysOf(6, { base: 5, jitter: { distribution: 'normal', spread: 30 } });
    expect(delays.filter((d) => d < 0)).toHaveLength(0);
    expect(delays.filter((d) => d === 0).length).toBeGreaterThan(COUNT / 3);
  });

  it('lets packets overtake by default, and none with keepOrder', () => {
    const stage = { kind: 'delay', base: 100, jitter: { distribution: 'normal', spread: 30 } };
    const free = pipelineOf(7, stage);
    send(free, 20_000);
    expect(free.truth.snapshot().reordered).toBeGreaterThan(5000);

    const fifo = pipelineOf(7, { ...stage, keepOrder: true });
    const { delays } = send(fifo, 20_000);
    let overtakes = 0;
    for (let i = 1; i < delays.length; i++) {
      if (i * PTIME_MS + delays[i] < (i - 1) * PTIME_MS + delays[i - 1]) overtakes++;
    }
    expect(overtakes).toBe(0);
    expect(fifo.truth.snapshot().reordered).toBe(0);
  });

  it('keeps the order also at clock readings of months, where rounding is coarse', () => {
    const line = pipelineOf(12, {
      kind: 'delay',
      base: 100,
      jitter: { distribution: 'normal', spread: 30 },
      keepOrder: true,
    });
    send(line, 20_000, 5e8);
    expect(line.truth.snapshot().reordered).toBe(0);
  });

  it('adds up over the stages', () => {
    const { delays } = send(pipelineOf(1, { kind: 'delay', base: 30 }, { kind: 'delay', base: 12.5 }), 10);
    expect(new Set(delays)).toEqual(new Set([42.5]));
  });
});

describe('reordering', () => {
  it('holds its share of the packets back, and the truth counts those overtaken', () => {
    const line = pipelineOf(8, { kind: 'reorder', ratio: 0.05, by: 30 });
    const { delays } = send(line, MILLION);
    const held = delays.filter((d) => d === 30).length;
    expect(Math.abs(held / MILLION - 0.05)).toBeLessThan(3 * Math.sqrt((0.05 * 0.95) / MILLION));
    // Held back by 30 ms, a packet is overtaken by the next one unless that is held back too.
    let overtaken = 0;
    for (let i = 0; i + 1 < delays.length; i++) if (delays[i] > 0 && delays[i + 1] === 0) overtaken++;
    expect(line.truth.snapshot().reordered).toBe(overtaken);
  });
});

describe('duplication', () => {
  it('sends its share of the packets twice, at once', () => {
    const line = pipelineOf(9, { kind: 'delay', base: 10 }, { kind: 'duplicate', ratio: 0.01 });
    const { copies, delays2 } = send(line, MILLION);
    const twice = copies.filter((c) => c === 2).length;
    expect(Math.abs(twice / MILLION - 0.01)).toBeLessThan(3 * Math.sqrt((0.01 * 0.99) / MILLION));
    expect(line.truth.snapshot().duplicated).toBe(twice);
    for (let i = 0; i < MILLION; i++) if (copies[i] === 2) expect(delays2[i]).toBe(10);
  });

  it('gives each copy a delay and a loss of its own when those come later', () => {
    const line = pipelineOf(
      10,
      { kind: 'duplicate', ratio: 1 },
      { kind: 'loss', ratio: 0.5 },
      { kind: 'delay', base: 50, jitter: { distribution: 'uniform', spread: 20 } },
    );
    const { copies, delays, delays2 } = send(line, 100_000);
    const shares = [0, 1, 2].map((n) => copies.filter((c) => c === n).length / 100_000);
    for (const [i, share] of [0.25, 0.5, 0.25].entries()) expect(Math.abs(shares[i] - share)).toBeLessThan(0.005);
    let equal = 0;
    for (let i = 0; i < copies.length; i++) if (copies[i] === 2 && delays[i] === delays2[i]) equal++;
    expect(equal).toBe(0);
  });
});
