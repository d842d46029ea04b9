import { expect, it } from 'vitest';
import { CODECS } from '../../src/core/codecs.js';
import { Rng } from '../../src/core/rng.js';
import { pipeline } from '../../src/impair/spec.js';
import type { MediaRemote } from '../../src/media/link/messages.js';
import { TwoPlanes } from './two-planes.js';

/** More of them by `COMBINATIONS=500`, others by `COMBINATIONS_SEED=2`. */
const COUNT = Number(process.env.COMBINATIONS ?? 12);
const SEED = Number(process.env.COMBINATIONS_SEED ?? 1);
const CODEC_NAMES = ['PCMU', 'PCMU', 'PCMA', 'G722', 'L16/8000', 'L16/16000', 'opus'] as const;
const PTIMES_MS = [20, 20, 20, 10, 40, 60] as const;

/** Up to four stages, as a profile has them, of all that a receiver can count exactly. */
function stagesOf(rng: Rng): object[] {
  const between = (from: number, to: number): number => from + (to - from) * rng.uniform();
  const one = <T>(list: readonly T[]): T => list[Math.floor(rng.uniform() * list.length)];
  const kinds: (() => object)[] = [
    () => ({ kind: 'loss', ratio: between(0, 0.3), burst: one([1, 2, 3]) }),
    () => ({
      kind: 'gilbert-elliott',
      p: between(0, 0.1),
      r: between(0.1, 1),
      lossGood: 0.02,
      lossBad: between(0.5, 1),
    }),
    () => ({ kind: 'exact-loss', lose: 2, of: 20 }),
    () => ({ kind: 'outage', from: between(0, 2000), for: between(50, 500), every: one([undefined, 1500]) }),
    () => ({ kind: 'loss-trace', bits: '0001000001' }),
    () => ({
      kind: 'delay',
      base: between(0, 200),
      jitter: { distribution: one(['uniform', 'normal', 'pareto', 'pareto-normal']), spread: between(0, 60) },
      keepOrder: one([true, false]),
    }),
    () => ({ kind: 'delay-trace', values: [10, 50, 0, 120] }),
    () => ({ kind: 'spike', ratio: 0.02, height: between(20, 300) }),
    () => ({ kind: 'clock-skew', ppm: between(-5000, 5000) }),
    () => ({ kind: 'queue', rate: one(['60kbit/s', '90kbit/s', '200kbit/s']), buffer: one(['4kB', '200ms']) }),
    () => ({ kind: 'reorder', ratio: between(0, 0.1), by: between(20, 200) }),
    () => ({ kind: 'duplicate', ratio: between(0, 0.3) }),
    () => ({ kind: 'late-media', by: between(0, 800), packets: one(['dropped', 'held']) }),
    () => ({ kind: 'silence', after: between(0, 2000) }),
    () => ({ kind: 'noise', snr: 10 }),
    () => ({ kind: 'echo', delay: between(20, 900), returnLoss: 10 }),
    () => ({ kind: 'timestamp-jump', by: one([-8000, 4000]), after: 1000 }),
    () => ({ kind: 'drop-events', ratio: 0.5 }),
    () => ({ kind: 'ptime', to: one(PTIMES_MS) }),
    () => ({ kind: 'recode', to: 'PCMA' }),
  ];
  return Array.from({ length: 1 + Math.floor(rng.uniform() * 4) }, () => one(kinds)());
}

it(`what a far end counts is what ${COUNT} paths of several impairments did, whatever the codec`, () => {
  const rng = new Rng(SEED);
  for (let n = 0; n < COUNT; n++) {
    const codec = CODEC_NAMES[Math.floor(rng.uniform() * CODEC_NAMES.length)];
    const ptimeMs = PTIMES_MS[Math.floor(rng.uniform() * PTIMES_MS.length)];
    const stages = stagesOf(rng);
    const read = pipeline.safeParse(stages);
    // A loss that cannot come in such bursts, say.
    if (!read.success) continue;
    const { payloadType } = CODECS[codec];
    const acceptPayloadTypes: MediaRemote['acceptPayloadTypes'] = {
      0: 'PCMU',
      8: 'PCMA',
      [payloadType]: codec,
      101: 'telephone-event',
    };
    const planes = new TwoPlanes();
    const remote = { codec, sendPayloadType: payloadType, acceptPayloadTypes };
    planes.call(1, { ptimeMs, audio: 'speech' }, read.data, read.data, remote);
    planes.run(1000, 2);
    planes.near.plane.sendDigits(1, '15', 80, 80);
    planes.run(2000, 2);
    planes.near.plane.hush(1);
    planes.run(1600, 2);
    const { near, far } = planes.close(1);
    const { packets, delivered, duplicated, dropped, droppedBefore, droppedWithin, droppedAfter } = near.truth.uplink;
    const told = `${codec} ${ptimeMs} ms ${JSON.stringify(stages)}`;
    expect(packets, told).toBe(near.sent.packetsSent);
    expect(droppedBefore + droppedWithin + droppedAfter, told).toBe(dropped);
    expect(far.heard.packetsReceived, told).toBe(delivered + duplicated);
    // Packets of another length have numbers of their own.
    if (stages.some((stage) => 'kind' in stage && stage.kind === 'ptime')) continue;
    expect(delivered + dropped, told).toBe(packets);
    expect(far.heard.packetsLost, told).toBe(droppedWithin);
  }
});
