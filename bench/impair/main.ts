/**
 * What an impairment pipeline alone costs: packets a second on one core by CPU time, no sockets, no queue of held packets. Every
 * model by itself and as they are used together; all of them run in one process, so that no call site knows just one model.
 *
 *   node --import tsx bench/impair/main.ts
 */
import { threadCpuMs } from '../../src/core/thread-cpu.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { stage } from '../../src/impair/spec.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';

const GOAL_PER_S = 5_000_000;
const ROUNDS = 5;
const PACKETS = 3_000_000;
const CALLS = 1000;
const PTIME_MS = 20;
const SAMPLES = 160;

const jitter = (distribution: string, correlation?: number): object => ({
  kind: 'delay',
  base: 80,
  jitter: { distribution, spread: 15, correlation },
});
const loss = { kind: 'loss', ratio: 0.02 };
const bursts = { kind: 'loss', ratio: 0.02, burst: 3 };

/** The first ones are what the goal is about. */
const LOSS_AND_JITTER: Record<string, object[]> = {
  'loss + uniform jitter': [loss, jitter('uniform')],
  'loss + normal jitter': [loss, jitter('normal')],
  'loss in bursts + normal jitter': [bursts, jitter('normal')],
  'loss + pareto jitter': [loss, jitter('pareto')],
  'loss + pareto-normal jitter': [loss, jitter('pareto-normal')],
  'loss + normal jitter, correlated': [loss, jitter('normal', 0.5)],
};
const MODELS: Record<string, object[]> = {
  'no stage': [],
  'loss, Bernoulli': [loss],
  'loss in bursts': [bursts],
  'gilbert-elliott': [{ kind: 'gilbert-elliott', p: 0.01, r: 0.3, lossGood: 0.001, lossBad: 0.6 }],
  'exact-loss': [{ kind: 'exact-loss', lose: 3, of: 100 }],
  'periodic-loss': [{ kind: 'periodic-loss', every: 50 }],
  outage: [{ kind: 'outage', from: 1000, for: 200, every: 10_000 }],
  'loss-trace': [{ kind: 'loss-trace', bits: '0001000000' }],
  'delay, constant': [{ kind: 'delay', base: 80 }],
  'delay, in order': [{ ...jitter('normal'), keepOrder: true }],
  'delay-trace': [{ kind: 'delay-trace', values: [10, 12, 30, 11] }],
  spike: [{ kind: 'spike', ratio: 0.001, height: 200 }],
  'clock-skew': [{ kind: 'clock-skew', ppm: -100 }],
  queue: [{ kind: 'queue', rate: '512kbit/s', buffer: '64kB' }],
  reorder: [{ kind: 'reorder', ratio: 0.01 }],
  duplicate: [{ kind: 'duplicate', ratio: 0.01 }],
  'corrupt, bit error ratio 1e-5': [{ kind: 'corrupt', bitErrorRatio: 1e-5 }],
  'corrupt, 1 % of the packets': [{ kind: 'corrupt', ratio: 0.01 }],
};

const packet = new Uint8Array(RTP_HEADER_BYTES + SAMPLES).fill(0xff);
writeRtpHeader(packet, 0, false, 0, 1, SAMPLES, 0x1234);

/** Packets a second of CPU time. */
function rateOf(line: ImpairmentPipeline, firstIndex: number): number {
  const began = cpuMs();
  for (let i = 0; i < PACKETS; i++) line.apply(packet, 0, packet.length, (firstIndex + i) * PTIME_MS);
  return (PACKETS / (cpuMs() - began)) * 1000;
}

function cpuMs(): number {
  return threadCpuMs() ?? performance.now();
}

const all = { ...LOSS_AND_JITTER, ...MODELS };
const lines = Object.entries(all).map(([name, stages], index) => ({
  name,
  line: new ImpairmentPipeline(
    stages.map((one) => stage.parse(one)),
    index,
  ),
  rates: [] as number[],
}));
for (let round = 0; round <= ROUNDS; round++) {
  for (const { line, rates } of lines) {
    const rate = rateOf(line, round * PACKETS);
    // The first round warms up.
    if (round > 0) rates.push(rate);
  }
}
const millions = (rate: number): string => `${(rate / 1e6).toFixed(2).padStart(7)} M/s`;
console.log(`impairment pipelines, packets a second of CPU time on one core (median of ${ROUNDS}, least)`);
const medians = new Map<string, number>();
for (const { name, rates } of lines) {
  rates.sort((a, b) => a - b);
  const median = rates[rates.length >> 1];
  medians.set(name, median);
  console.log(`  ${name.padEnd(40)} ${millions(median)}  ${millions(rates[0])}`);
}
const slowest = Math.min(...Object.keys(LOSS_AND_JITTER).map((name) => medians.get(name)!));
// As a media thread does it: one packet of each call in turn, none of them in the cache.
const calls = Array.from(
  { length: CALLS },
  (_, index) =>
    new ImpairmentPipeline(
      [loss, jitter('normal')].map((one) => stage.parse(one)),
      index,
    ),
);
const inTurn: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const began = cpuMs();
  for (let i = 0; i < PACKETS / CALLS; i++)
    for (const line of calls) line.apply(packet, 0, packet.length, ((round * PACKETS) / CALLS + i) * PTIME_MS);
  if (round > 0) inTurn.push((PACKETS / (cpuMs() - began)) * 1000);
}
inTurn.sort((a, b) => a - b);
console.log(
  `  ${`loss + normal jitter, ${CALLS} calls in turn`.padEnd(40)} ${millions(inTurn[ROUNDS >> 1])}  ${millions(inTurn[0])}`,
);
console.log(
  `loss + jitter, the slowest of ${Object.keys(LOSS_AND_JITTER).length}: ${millions(slowest).trim()}, ` +
    `${(slowest / GOAL_PER_S).toFixed(2)} × the goal of ${GOAL_PER_S / 1e6} M/s`,
);
