import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { SharedImpairments } from '../../src/impair/shared-impairments.js';
import { stage } from '../../src/impair/spec.js';
import { dropsAll } from '../../src/impair/stage-kinds.js';
import { audioPacket, lossesOf, MILLION, meanOf, PTIME_MS, pipelineOf, send, stages } from './harness.js';

/** 172 bytes of RTP with G.711 and 28 of IPv4 and UDP, every 20 ms: 80 kbit/s. */
const CALL_BPS = 80_000;
const PACKET_BYTES = 200;
const packet = audioPacket(0);

function queue(rate: number | string, buffer: string, group?: string): object {
  return { kind: 'queue', rate, buffer, group };
}

/** Sends packets with exponentially distributed distances (a Poisson process) and notes what became of each. */
function sendPoisson(
  line: ImpairmentPipeline,
  count: number,
  meanMs: number,
): { copies: Uint8Array; delays: Float64Array } {
  const rng = new Rng(5);
  const copies = new Uint8Array(count);
  const delays = new Float64Array(count);
  let atMs = 0;
  for (let i = 0; i < count; i++) {
    atMs -= meanMs * Math.log(1 - rng.uniform());
    line.apply(packet, 0, packet.length, atMs);
    copies[i] = line.copies;
    delays[i] = line.delayMs;
  }
  return { copies, delays };
}

describe('a queue', () => {
  it('that is never full delays each packet by the time that sending it takes', () => {
    const { copies, delays } = send(pipelineOf(1, queue('1Mbit/s', '64kB')), 1000);
    expect(lossesOf(copies).ratio).toBe(0);
    for (const delay of delays) expect(delay).toBeCloseTo((PACKET_BYTES * 8) / 1000, 9);
  });

  it('has the waits of M/D/1: mean ρ·s/(2·(1 − ρ)), none for 1 − ρ of the packets', () => {
    const serviceMs = 10;
    const line = (): ImpairmentPipeline => pipelineOf(1, queue((PACKET_BYTES * 8000) / serviceMs, '1MB'));
    for (const [rho, bound] of [
      [0.5, 0.01],
      [0.8, 0.03],
    ] as const) {
      const { copies, delays } = sendPoisson(line(), MILLION, serviceMs / rho);
      expect(lossesOf(copies).ratio).toBe(0);
      const wait = meanOf(delays) - serviceMs;
      expect(Math.abs(wait / ((rho * serviceMs) / (2 * (1 - rho))) - 1)).toBeLessThan(bound);
      const atOnce = delays.filter((d) => d < serviceMs + 1e-6).length / MILLION;
      expect(Math.abs(atOnce - (1 - rho))).toBeLessThan(0.005);
    }
  });

  it('that is offered twice what it carries drops half, and lets the others wait as long as the buffer is', () => {
    for (const buffer of ['2kB', '400ms']) {
      const { copies, delays } = send(pipelineOf(1, queue(CALL_BPS / 2, buffer)), 200_000);
      expect(lossesOf(copies).ratio).toBeCloseTo(0.5, 4);
      const delivered = delays.subarray(1000).filter((_, i) => copies[1000 + i] > 0);
      const [least, most] = delivered.reduce(([low, high], d) => [Math.min(low, d), Math.max(high, d)], [1e9, 0]);
      // 2,000 bytes at 40 kbit/s are 400 ms; a packet takes 40 ms of its own.
      expect(least).toBeGreaterThan(400 - 3 * 40);
      expect(most).toBeLessThanOrEqual(400 + 1e-6);
    }
  });

  it('keeps the order of what it carries, and takes any packet when it is idle', () => {
    const line = pipelineOf(1, queue(100_000, '100B'));
    const { copies } = send(line, 1000);
    expect(lossesOf(copies).ratio).toBe(0);
    const poisson = pipelineOf(1, queue(100_000, '5kB'));
    sendPoisson(poisson, 100_000, 12);
    expect(poisson.truth.snapshot().reordered).toBe(0);
  });

  it('counts in the truth what it dropped, apart from other losses', () => {
    const line = pipelineOf(1, { kind: 'periodic-loss', every: 4 }, queue(CALL_BPS / 2, '2kB'));
    const { copies } = send(line, 4000);
    const { dropped, faults } = line.truth.snapshot();
    expect(dropped).toBe(copies.filter((c) => c === 0).length);
    expect(faults.queue).toBe(dropped - 1000);
    expect(faults.queue).toBeGreaterThan(900);
  });

  it('carries each copy of a packet', () => {
    const { delays, delays2 } = send(pipelineOf(1, { kind: 'duplicate', ratio: 1 }, queue('1Mbit/s', '64kB')), 10);
    for (const delay of delays) expect(delay).toBeCloseTo(1.6, 9);
    for (const delay of delays2) expect(delay).toBeCloseTo(3.2, 9);
  });
});

describe('a queue that is shared', () => {
  /** `calls` calls over one link, phases apart, 20 s each; the loss and the mean delay of all. */
  function fill(calls: number, groupOf: (call: number) => string): { loss: number; delayMs: number; delays: number[] } {
    const shared = new SharedImpairments();
    const spec = (call: number) => stages(queue('512kbit/s', '300ms', groupOf(call)));
    const lines = Array.from({ length: calls }, (_, call) => new ImpairmentPipeline(spec(call), call, shared));
    let lost = 0;
    const delays: number[] = [];
    for (let i = 0; i < 1000; i++) {
      for (const [call, line] of lines.entries()) {
        line.apply(packet, 0, packet.length, (i + call / calls) * PTIME_MS);
        if (line.copies === 0) lost++;
        else delays.push(line.delayMs);
      }
    }
    return { loss: lost / (1000 * calls), delayMs: meanOf(delays), delays };
  }

  it('fills as calls are added: 512 kbit/s carry six calls of 80, the seventh fills the buffer', () => {
    const six = fill(6, () => 'uplink');
    expect(six.loss).toBe(0);
    expect(six.delayMs).toBeLessThan(4);
    for (const calls of [7, 8, 12]) {
      const { loss, delays } = fill(calls, () => 'uplink');
      // What is offered beyond the rate is lost, but for the buffer's content, which is carried after the end.
      const carried = (512_000 * (1000 * PTIME_MS + 300)) / (1000 * PTIME_MS);
      expect(loss).toBeCloseTo(1 - carried / (calls * CALL_BPS), 2);
      expect(Math.max(...delays)).toBeGreaterThan(290);
      expect(Math.max(...delays)).toBeLessThanOrEqual(300 + 1e-6);
    }
  });

  it('counts as the first of the path: jitter before it changes no wait, and no packet overtakes', () => {
    const calls = 24;
    const jitter = { kind: 'delay', base: 30, jitter: { distribution: 'pareto', spread: 15 }, keepOrder: true };
    const link = queue((calls * CALL_BPS) / 0.9, '50ms', 'a');
    const linesOf = (...list: object[]): ImpairmentPipeline[] => {
      const shared = new SharedImpairments();
      return Array.from({ length: calls }, (_, call) => new ImpairmentPipeline(stages(...list), call, shared));
    };
    const [both, jitterOnly, linkOnly] = [linesOf(jitter, link), linesOf(jitter), linesOf({ kind: 'delay' }, link)];
    // Calls in three bunches fill the link for a while each.
    for (let i = 0; i < 2000; i++)
      for (let call = 0; call < calls; call++) {
        const atMs = i * PTIME_MS + 5 * (call % 3);
        for (const lines of [both, jitterOnly, linkOnly]) lines[call].apply(packet, 0, packet.length, atMs);
        const sumMs = jitterOnly[call].delayMs + linkOnly[call].delayMs;
        if (both[call].delayMs < sumMs - 1e-6) expect.fail(`${both[call].delayMs} ms of ${sumMs}`);
        if (both[call].delayMs > sumMs + 15) expect.fail(`${both[call].delayMs} ms in place of ${sumMs}`);
      }
    for (const line of both) expect(line.truth.snapshot()).toMatchObject({ reordered: 0, dropped: 0 });
  });

  it('loses of each of its calls alike, although all of them keep time exactly', () => {
    const shared = new SharedImpairments();
    const spec = stages(queue('500kbit/s', '200ms', 'a'));
    const lines = Array.from({ length: 7 }, (_, call) => new ImpairmentPipeline(spec, call, shared));
    for (let i = 0; i < 5000; i++)
      for (const [call, line] of lines.entries())
        line.apply(packet, 0, packet.length, (i + call / lines.length) * PTIME_MS);
    // 60 of 560 kbit/s.
    for (const line of lines) {
      const { dropped, packets, reordered } = line.truth.snapshot();
      expect(Math.abs(dropped / packets - 60 / 560)).toBeLessThan(0.03);
      expect(reordered).toBe(0);
    }
  });

  it('carries those of its group only', () => {
    const apart = fill(12, (call) => `office ${call % 2}`);
    expect(apart.loss).toBe(0);
    const own = pipelineOf(1, queue('512kbit/s', '300ms'));
    expect(send(own, 100).delays[99]).toBeCloseTo(PACKET_BYTES / 64, 9);
  });

  it('repeats itself for the same arrivals', () => {
    expect(fill(9, () => 'a')).toEqual(fill(9, () => 'a'));
  });
});

describe('the fields of a queue', () => {
  it('are read with their units', () => {
    expect(stage.parse(queue('1.5Mbit/s', '64kB'))).toMatchObject({ rate: 1_500_000, buffer: { bytes: 64_000 } });
    expect(stage.parse(queue('512kbit', '1s'))).toMatchObject({ rate: 512_000, buffer: { ms: 1000 } });
    expect(dropsAll(stages(queue(1000, '0B')))).toBe(false);
  });

  it('are refused with what was expected', () => {
    const refusal = (rate: unknown, buffer: unknown): string =>
      stage
        .safeParse({ kind: 'queue', rate, buffer })
        .error?.issues.map((i) => JSON.stringify(i))
        .join() ?? '';
    expect(refusal('fast', '64kB')).toContain('512kbit/s');
    expect(refusal('10bit/s', '64kB')).toContain('1 kbit/s or more');
    expect(refusal('1Mbit/s', '64')).toContain('64kB or a time such as 500ms');
    expect(refusal('1Mbit/s', 'big')).toContain('64kB or a time such as 500ms');
    expect(refusal('1Mbit/s', '64kB')).toBe('');
  });
});
