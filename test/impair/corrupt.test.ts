import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { infeasibility } from '../../src/impair/infeasibility.js';
import { stage } from '../../src/impair/spec.js';
import { isRtp, RTP_HEADER_BYTES } from '../../src/rtp/packet.js';
import { audioPacket, MILLION, PTIME_MS, pipelineOf } from './harness.js';

const PAYLOAD = 20;

interface Errors {
  /** Packets by their number of wrong bits. */
  byCount: number[];
  /** How often each bit of the packet was wrong. */
  byBit: number[];
  total: number;
}

/** Sends `count` packets with `payload` bytes and finds every bit that is not as it was. */
function errorsOf(spec: object, count: number, payload = PAYLOAD): Errors {
  const line = pipelineOf(51, { kind: 'corrupt', ...spec });
  const clean = audioPacket(0, 0, new Uint8Array(payload).fill(0x55));
  const packet = clean.slice();
  const errors: Errors = { byCount: [], byBit: new Array<number>(8 * clean.length).fill(0), total: 0 };
  let corrupted = 0;
  for (let i = 0; i < count; i++) {
    line.apply(packet, 0, packet.length, i * PTIME_MS);
    let wrong = 0;
    for (let at = 0; at < clean.length; at++) {
      const difference = packet[at] ^ clean[at];
      if (difference === 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        if ((difference & (0x80 >> bit)) === 0) continue;
        wrong++;
        errors.byBit[8 * at + bit]++;
      }
      packet[at] = clean[at];
    }
    errors.byCount[wrong] = (errors.byCount[wrong] ?? 0) + 1;
    errors.total += wrong;
    if (wrong > 0) corrupted++;
  }
  const truth = line.truth.snapshot();
  expect(truth.corrupted).toBe(corrupted);
  expect(truth.dropped).toBe(0);
  return errors;
}

describe('corruption at a bit error ratio', () => {
  const ratio = 1e-3;
  const bits = 8 * PAYLOAD;
  const errors = errorsOf({ bitErrorRatio: ratio }, MILLION);

  it('makes each bit of the payload wrong independently: the number in a packet is binomial, within four standard deviations', () => {
    let share = (1 - ratio) ** bits;
    for (let wrong = 0; wrong <= 3; wrong++) {
      const sigma = Math.sqrt(MILLION * share * (1 - share));
      expect(Math.abs((errors.byCount[wrong] ?? 0) - MILLION * share)).toBeLessThan(4 * sigma);
      share *= (((bits - wrong) / (wrong + 1)) * ratio) / (1 - ratio);
    }
    const total = MILLION * bits * ratio;
    expect(Math.abs(errors.total - total)).toBeLessThan(4 * Math.sqrt(total));
  });

  it('hits every bit of the payload alike and none of the header', () => {
    const expected = MILLION * ratio;
    const [header, payload] = [errors.byBit.slice(0, 8 * RTP_HEADER_BYTES), errors.byBit.slice(8 * RTP_HEADER_BYTES)];
    expect(new Set(header)).toEqual(new Set([0]));
    for (const count of payload) expect(Math.abs(count - expected)).toBeLessThan(4.5 * Math.sqrt(expected));
  });
});

describe('corruption of a share of the packets', () => {
  it('makes exactly so many bits wrong in its share of them', () => {
    for (const bits of [1, 3, 16]) {
      const { byCount } = errorsOf({ ratio: 0.05, bits }, 200_000);
      const hit = byCount[bits] ?? 0;
      expect((byCount[0] ?? 0) + hit).toBe(200_000);
      expect(Math.abs(hit - 10_000)).toBeLessThan(4 * Math.sqrt(200_000 * 0.05 * 0.95));
    }
  });

  it('hits the part that was asked for, every bit of it alike', () => {
    for (const [part, from, to] of [
      ['header', 0, 8 * RTP_HEADER_BYTES],
      ['payload', 8 * RTP_HEADER_BYTES, 8 * (RTP_HEADER_BYTES + PAYLOAD)],
      ['packet', 0, 8 * (RTP_HEADER_BYTES + PAYLOAD)],
    ] as const) {
      const { byBit } = errorsOf({ part, ratio: 1 }, 500_000);
      const expected = 500_000 / (to - from);
      for (const [bit, count] of byBit.entries()) {
        if (bit < from || bit >= to) expect(count).toBe(0);
        else expect(Math.abs(count - expected)).toBeLessThan(4.5 * Math.sqrt(expected));
      }
    }
  });

  it('repeats itself, and changes no packet that was dropped or that has nothing to change', () => {
    const spec = { kind: 'corrupt', part: 'packet', bitErrorRatio: 0.01 };
    const bytesOf = (seed: number): number[] => {
      const line = pipelineOf(seed, spec);
      const packet = audioPacket(0);
      for (let i = 0; i < 500; i++) line.apply(packet, 0, packet.length, i);
      return [...packet];
    };
    expect(bytesOf(1)).toEqual(bytesOf(1));
    expect(bytesOf(1)).not.toEqual(bytesOf(2));
    const dropped = pipelineOf(1, { kind: 'loss', ratio: 1 }, { kind: 'corrupt', ratio: 1 });
    const packet = audioPacket(0);
    dropped.apply(packet, 0, packet.length, 0);
    expect([...packet]).toEqual([...audioPacket(0)]);
    expect(dropped.truth.snapshot().corrupted).toBe(0);
    expect(errorsOf({ ratio: 1 }, 10, 0).total).toBe(0);
  });

  it('leaves later stages nothing that only looks like RTP, whatever came in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 1000 }), (bytes, seed) => {
        const line = pipelineOf(
          seed,
          { kind: 'corrupt', part: 'packet', ratio: 1, bits: 12 },
          { kind: 'corrupt', part: 'payload', ratio: 1, bits: 2 },
          { kind: 'recode', to: 'PCMA' },
        );
        const guarded = new Uint8Array(bytes.length + 64).fill(0x5a);
        guarded.set(bytes, 32);
        if (bytes.length > 0 && seed % 2 === 0) guarded[32] = 0x80;
        const wasRtp = isRtp(guarded, 32, bytes.length);
        line.apply(guarded, 32, bytes.length, 0);
        expect(new Set(guarded.subarray(0, 32))).toEqual(new Set([0x5a]));
        expect(new Set(guarded.subarray(32 + bytes.length))).toEqual(new Set([0x5a]));
        expect(line.truth.snapshot().corrupted).toBe(wasRtp ? 1 : 0);
      }),
      { seed: 20_260_101 },
    );
  });

  it('of the payload may say more padding than there is payload: nothing behind the packet is written to for it', () => {
    for (let seed = 0; seed < 100; seed++) {
      const line = pipelineOf(seed, { kind: 'corrupt', ratio: 1, bits: 8 }, { kind: 'noise', level: -30 });
      const padded = audioPacket(0, 0, new Uint8Array(8).fill(4));
      padded[0] |= 0x20;
      const guarded = new Uint8Array(2000).fill(0x5a);
      guarded.set(padded, 32);
      line.apply(guarded, 32, padded.length, 0);
      expect(new Set(guarded.subarray(32 + padded.length))).toEqual(new Set([0x5a]));
    }
  });

  it('is told by a bit error ratio or by a share of packets, not by both or none', () => {
    const problem = (spec: object): string | null => infeasibility(stage.parse({ kind: 'corrupt', ...spec }));
    expect(problem({})).toContain('needs either');
    expect(problem({ bitErrorRatio: 1e-5, ratio: 0.1 })).toContain('needs either');
    expect(problem({ bitErrorRatio: 1e-5, bits: 2 })).toContain('`bits` goes with `ratio`');
    expect(problem({ bitErrorRatio: 1e-5 })).toBeNull();
    expect(stage.safeParse({ kind: 'corrupt', bitErrorRatio: 0.9 }).success).toBe(false);
    expect(stage.safeParse({ kind: 'corrupt', ratio: 1, bits: 17 }).success).toBe(false);
  });
});
