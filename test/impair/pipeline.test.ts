import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ulawToAlaw } from '../../src/audio/g711.js';
import { AppError } from '../../src/core/errors.js';
import { infeasibility } from '../../src/impair/infeasibility.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { markerOf, payloadTypeOf, RTP_HEADER_BYTES } from '../../src/rtp/packet.js';
import { audioPacket, EVENT_TYPE, eventPacket, pipelineOf, SAMPLES, send, stages } from './harness.js';

fc.configureGlobal({ seed: 20_260_101 });

const ALL_KINDS = [
  { kind: 'duplicate', ratio: 0.02 },
  { kind: 'loss', ratio: 0.02, burst: 2 },
  { kind: 'loss', ratio: 0.01 },
  { kind: 'gilbert-elliott', p: 0.01, r: 0.3, lossGood: 0.001, lossBad: 0.6 },
  { kind: 'delay', base: 60, jitter: { distribution: 'normal', spread: 15 } },
  { kind: 'delay', base: 5, jitter: { distribution: 'pareto', spread: 5 }, keepOrder: true },
  { kind: 'reorder', ratio: 0.01 },
  { kind: 'drop-events', ratio: 0.5 },
  { kind: 'recode', to: 'PCMA' },
  { kind: 'relabel', payloadType: 18 },
];

/** The others that draw, or that hold a state of their own. */
const MORE_KINDS = [
  { kind: 'exact-loss', lose: 1, of: 40 },
  { kind: 'periodic-loss', every: 70 },
  { kind: 'outage', from: 500, for: 100, every: 5000 },
  { kind: 'loss-trace', bits: '00000000001' },
  { kind: 'delay', base: 40, jitter: { distribution: 'pareto-normal', spread: 10 } },
  { kind: 'delay', base: 40, jitter: { distribution: 'uniform', spread: 10, correlation: 0.5 } },
  { kind: 'delay-trace', values: [1, 2, 30] },
  { kind: 'spike', ratio: 0.005, height: 150 },
  { kind: 'clock-skew', ppm: 200 },
  { kind: 'queue', rate: '100kbit/s', buffer: '100ms' },
  { kind: 'corrupt', part: 'packet', bitErrorRatio: 1e-5 },
  { kind: 'corrupt', ratio: 0.01, bits: 3 },
];

/** What seed 2024 meant when it was written down. */
const GOLDEN_DROPPED = [3, 4, 5, 6, 7, 171, 172, 173];
const GOLDEN_DELAY = 67.71442506144352;

describe('a pipeline', () => {
  it('repeats itself bit for bit for the same seed and packets, and not for another seed', () => {
    const first = pipelineOf(77, ...ALL_KINDS);
    const second = pipelineOf(77, ...ALL_KINDS);
    expect(send(first, 5000)).toEqual(send(second, 5000));
    expect(first.truth.snapshot()).toEqual(second.truth.snapshot());
    expect(send(pipelineOf(78, ...ALL_KINDS), 5000)).not.toEqual(send(pipelineOf(77, ...ALL_KINDS), 5000));
    const all = [...ALL_KINDS, ...MORE_KINDS];
    const one = pipelineOf(79, ...all);
    const other = pipelineOf(79, ...all);
    expect(send(one, 3000)).toEqual(send(other, 3000));
    expect(one.truth.snapshot()).toEqual(other.truth.snapshot());
  });

  it('draws the same for packet n whatever became of it before: what is spared has the same fate, for every kind', () => {
    // A queue carries only what comes to it; flipped bits are not in the fate.
    const kinds = [...ALL_KINDS, ...MORE_KINDS].filter(({ kind }) => kind !== 'queue');
    for (const spec of kinds) {
      const keepOrder = 'keepOrder' in spec && { keepOrder: false };
      const kind = { ...spec, ...keepOrder };
      const alone = send(pipelineOf(9, { kind: 'loss', ratio: 0 }, kind), 5000);
      const behind = send(pipelineOf(9, { kind: 'loss', ratio: 0.3 }, kind), 5000);
      const spared = send(pipelineOf(9, { kind: 'loss', ratio: 0.3 }), 5000);
      let compared = 0;
      for (let i = 0; i < 5000; i++) {
        if (spared.copies[i] === 0) continue;
        compared++;
        if (behind.copies[i] !== alone.copies[i] || Math.abs(behind.delays[i] - alone.delays[i]) > 1e-6)
          expect.fail(`${spec.kind}: packet ${i}`);
      }
      expect(compared).toBeGreaterThan(3000);
    }
  });

  it('keeps to figures that were written down once: a release must not change what a seed means', () => {
    const { copies, delays } = send(pipelineOf(2024, ...ALL_KINDS), 5000);
    const dropped = [...copies.keys()].filter((i) => copies[i] === 0);
    expect(dropped.slice(0, 8)).toEqual(GOLDEN_DROPPED);
    expect(delays[0]).toBeCloseTo(GOLDEN_DELAY, 9);
  });

  it('decides the same for packet n whatever other stages do before it', () => {
    const alone = send(pipelineOf(5, { kind: 'duplicate', ratio: 0 }, { kind: 'loss', ratio: 0.1, burst: 3 }), 50_000);
    const behind = send(pipelineOf(5, { kind: 'loss', ratio: 0.3 }, { kind: 'loss', ratio: 0.1, burst: 3 }), 50_000);
    // What the second stage takes is taken in both.
    let spared = 0;
    for (let i = 0; i < 50_000; i++) if (alone.copies[i] === 0 && behind.copies[i] !== 0) spared++;
    expect(spared).toBe(0);
  });

  it('draws independently in two stages of the same kind', () => {
    const { copies } = send(pipelineOf(6, { kind: 'loss', ratio: 0.5 }, { kind: 'loss', ratio: 0.5 }), 100_000);
    const survived = copies.filter((c) => c === 1).length / 100_000;
    expect(Math.abs(survived - 0.25)).toBeLessThan(0.005);
  });

  it('without stages is transparent and still counts', () => {
    const line = new ImpairmentPipeline([], 1);
    expect(line.transparent).toBe(true);
    expect(new Set(send(line, 100).copies)).toEqual(new Set([1]));
    expect(line.truth.snapshot()).toMatchObject({
      packets: 100,
      delivered: 100,
      dropped: 0,
      delayMeanMs: 0,
      reordered: 0,
    });
    expect(pipelineOf(1, { kind: 'loss', ratio: 0 }).transparent).toBe(false);
  });

  it('takes any datagram without reading past it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 30 }), (datagrams) => {
        const line = pipelineOf(3, ...ALL_KINDS.slice(4), ...MORE_KINDS);
        for (const bytes of datagrams) {
          const guarded = new Uint8Array(bytes.length + 32).fill(0x5a);
          guarded.set(bytes, 16);
          line.apply(guarded, 16, bytes.length, 0);
          expect(new Set(guarded.subarray(0, 16))).toEqual(new Set([0x5a]));
          expect(new Set(guarded.subarray(16 + bytes.length))).toEqual(new Set([0x5a]));
        }
      }),
    );
  });

  it('refuses what cannot be done, with the reason', () => {
    const [rtcpLike] = stages({ kind: 'relabel', payloadType: 72 });
    expect(infeasibility(rtcpLike)).toContain('RTCP');
    expect(() => new ImpairmentPipeline([rtcpLike], 1)).toThrow(AppError);
    for (const stage of stages(...ALL_KINDS, ...MORE_KINDS)) expect(infeasibility(stage)).toBeNull();
  });
});

describe('relabel', () => {
  it('writes the payload type over that of audio packets only, and keeps the marker', () => {
    const line = pipelineOf(1, { kind: 'relabel', payloadType: 18 });
    const audio = audioPacket(1);
    audio[1] |= 0x80;
    line.apply(audio, 0, audio.length, 0);
    expect(payloadTypeOf(audio, 0)).toBe(18);
    expect(markerOf(audio, 0)).toBe(true);
    const event = eventPacket(2, 320);
    line.apply(event, 0, event.length, 20);
    expect(payloadTypeOf(event, 0)).toBe(EVENT_TYPE);
    const noise = audioPacket(3, 13);
    line.apply(noise, 0, noise.length, 40);
    expect(payloadTypeOf(noise, 0)).toBe(13);
    expect(line.truth.snapshot()).toMatchObject({ recoded: 1, delivered: 3 });
  });
});

describe('recode', () => {
  const payload = Uint8Array.from({ length: SAMPLES }, (_, i) => i + 40);

  it('encodes µ-law anew as A-law and leaves the header', () => {
    const line = pipelineOf(1, { kind: 'recode', to: 'PCMA' });
    const packet = audioPacket(1, 0, payload);
    const before = packet.slice();
    line.apply(packet, 0, packet.length, 0);
    expect([...packet.subarray(0, RTP_HEADER_BYTES)]).toEqual([...before.subarray(0, RTP_HEADER_BYTES)]);
    expect([...packet.subarray(RTP_HEADER_BYTES)]).toEqual([...payload].map((code) => ulawToAlaw[code]));
    expect(line.truth.snapshot().recoded).toBe(1);
  });

  it('leaves what has the law already, events, comfort noise and unknown codecs', () => {
    const line = pipelineOf(1, { kind: 'recode', to: 'PCMA' });
    for (const packet of [
      audioPacket(1, 8, payload),
      eventPacket(2, 0),
      audioPacket(3, 13, payload),
      audioPacket(4, 96, payload),
    ]) {
      const before = packet.slice();
      line.apply(packet, 0, packet.length, 0);
      expect([...packet]).toEqual([...before]);
    }
    expect(line.truth.snapshot().recoded).toBe(0);
  });

  it('knows the laws of dynamic payload types once they are negotiated', () => {
    const line = pipelineOf(1, { kind: 'recode', to: 'PCMA' });
    line.setFormat(100, { 96: 'PCMU', 100: 'telephone-event' });
    const packet = audioPacket(1, 96, payload);
    line.apply(packet, 0, packet.length, 0);
    expect([...packet.subarray(RTP_HEADER_BYTES)]).toEqual([...payload].map((code) => ulawToAlaw[code]));
  });
});

describe('drop-events', () => {
  /** Sends `digits` events of seven packets each with audio between them, and tells which of their packets survived. */
  function survivors(line: ImpairmentPipeline, digits: number): number[] {
    const survived: number[] = [];
    let index = 0;
    for (let digit = 0; digit < digits; digit++) {
      const timestamp = (digit * 1600 + 0xffff0000) >>> 0;
      let count = 0;
      for (let i = 0; i < 7; i++) {
        const packet = eventPacket(index++, timestamp, digit % 10, i >= 4, Math.min(i + 1, 5) * SAMPLES);
        line.apply(packet, 0, packet.length, index * 20);
        count += line.copies;
      }
      survived.push(count);
      const audio = audioPacket(index++);
      line.apply(audio, 0, audio.length, index * 20);
      expect(line.copies).toBe(1);
    }
    return survived;
  }

  it('removes every event packet by default and no audio', () => {
    const line = pipelineOf(1, { kind: 'drop-events' });
    expect(new Set(survivors(line, 20))).toEqual(new Set([0]));
    expect(line.truth.snapshot()).toMatchObject({ eventsDropped: 140, dropped: 140, delivered: 20 });
  });

  it('decides per digit: all packets of an event share its fate', () => {
    const line = pipelineOf(2, { kind: 'drop-events', ratio: 0.3 });
    const survived = survivors(line, 5000);
    expect(survived.every((count) => count === 0 || count === 7)).toBe(true);
    const dropped = survived.filter((count) => count === 0).length / 5000;
    expect(Math.abs(dropped - 0.3)).toBeLessThan(3 * Math.sqrt((0.3 * 0.7) / 5000));
  });

  it('lets the segments of a long event share the fate of the first', () => {
    for (let seed = 0; seed < 40; seed++) {
      const line = pipelineOf(seed, { kind: 'drop-events', ratio: 0.5 });
      const fates = [0, 0xffff, 2 * 0xffff].map((timestamp, i) => {
        const packet = eventPacket(i, 1000 + timestamp);
        line.apply(packet, 0, packet.length, i * 20);
        return line.copies;
      });
      expect(new Set(fates).size).toBe(1);
    }
  });

  it('does nothing before it is known which payload type carries events', () => {
    const line = new ImpairmentPipeline(stages({ kind: 'drop-events' }), 1);
    expect(survivors(line, 3)).toEqual([7, 7, 7]);
    line.setFormat(EVENT_TYPE);
    expect(survivors(line, 3)).toEqual([0, 0, 0]);
  });
});
