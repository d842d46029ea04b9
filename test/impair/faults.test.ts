import { describe, expect, it } from 'vitest';
import { ulawToAlaw } from '../../src/audio/g711.js';
import { infeasibility } from '../../src/impair/infeasibility.js';
import type { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { pipeline } from '../../src/impair/spec.js';
import {
  markerOf,
  payloadTypeOf,
  RTP_HEADER_BYTES,
  sequenceOf,
  ssrcOf,
  timestampOf,
  writeRtpHeader,
} from '../../src/rtp/packet.js';
import { durationAt } from '../../src/rtp/telephone-event.js';
import { audioPacket, EVENT_TYPE, eventPacket, PTIME_MS, pipelineOf, SAMPLES, stages } from './harness.js';

/** What came out of a pipeline: copies of the packets, each with when it is due. */
interface Out {
  bytes: Uint8Array;
  dueMs: number;
}

/** Sends packets, one every `everyMs`. */
function through(line: ImpairmentPipeline, packets: readonly Uint8Array[], everyMs = PTIME_MS, fromMs = 1000): Out[] {
  const out: Out[] = [];
  for (const [i, packet] of packets.entries()) {
    const atMs = fromMs + i * everyMs;
    line.apply(packet, 0, packet.length, atMs);
    do {
      if (line.copies === 0) continue;
      const { bytes, offset, length } = line;
      out.push({ bytes: bytes.slice(offset, offset + length), dueMs: atMs + line.delayMs });
    } while (line.next());
  }
  return out;
}

const audio = (count: number, payloadType = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => audioPacket(i, payloadType, new Uint8Array(SAMPLES).fill(i)));

describe('one-way', () => {
  it('lets nothing through from its moment on, and RTCP as chosen', () => {
    for (const rtcp of ['keep', 'drop'] as const) {
      const line = pipelineOf(1, { kind: 'one-way', after: '1s', rtcp });
      expect(through(line, audio(100))).toHaveLength(50);
      expect(line.truth.snapshot()).toMatchObject({ packets: 100, dropped: 50, faults: { 'one-way': 50 } });
      expect(line.blocksRtcp(1500)).toBe(false);
      expect(line.blocksRtcp(2500)).toBe(rtcp === 'drop');
    }
  });

  it('ends where it is said to', () => {
    const line = pipelineOf(1, { kind: 'one-way', after: 400, for: '1s', rtcp: 'drop' });
    expect(through(line, audio(100))).toHaveLength(50);
    expect(line.blocksRtcp(1000 + 1399)).toBe(true);
    expect(line.blocksRtcp(1000 + 1400)).toBe(false);
  });
});

describe('late media', () => {
  it('drops what comes before its time', () => {
    const line = pipelineOf(1, { kind: 'late-media', by: '300ms' });
    const out = through(line, audio(50));
    expect(sequenceOf(out[0].bytes, 0)).toBe(15);
    expect(line.truth.snapshot()).toMatchObject({ dropped: 15, faults: { 'late-media': 15 } });
  });

  it('or holds it, to let it go all at once', () => {
    const line = pipelineOf(1, { kind: 'late-media', by: '300ms', packets: 'held' });
    const out = through(line, audio(50));
    expect(out).toHaveLength(50);
    expect(out.slice(0, 15).map(({ dueMs }) => dueMs)).toEqual(new Array(15).fill(1300));
    expect(out[20].dueMs).toBe(1400);
    expect(line.truth.snapshot()).toMatchObject({ dropped: 0, faults: { 'late-media': 15 } });
  });
});

describe('codec-change', () => {
  it('goes on in the other law under its payload type', () => {
    const line = pipelineOf(1, { kind: 'codec-change', to: 'PCMA', after: 200 });
    const out = through(line, audio(20));
    expect(out.map(({ bytes }) => payloadTypeOf(bytes, 0))).toEqual([
      ...new Array(10).fill(0),
      ...new Array(10).fill(8),
    ]);
    expect(out[9].bytes[RTP_HEADER_BYTES]).toBe(9);
    expect(out[10].bytes[RTP_HEADER_BYTES]).toBe(ulawToAlaw[10]);
    expect(line.truth.snapshot()).toMatchObject({ recoded: 10, faults: { 'codec-change': 10 } });
  });

  it('or under the one that is given', () => {
    const line = pipelineOf(1, { kind: 'codec-change', to: 'PCMU', payloadType: 96 });
    expect(through(line, audio(3, 8)).map(({ bytes }) => payloadTypeOf(bytes, 0))).toEqual([96, 96, 96]);
  });
});

describe('changes of the stream', () => {
  it('go on under another SSRC, drawn from the seed', () => {
    const changed = (seed: number): number[] => {
      const line = pipelineOf(seed, { kind: 'ssrc-change', after: 100 });
      const out = through(line, audio(10));
      expect(line.truth.snapshot().faults).toEqual({ 'ssrc-change': 1 });
      return out.map(({ bytes }) => ssrcOf(bytes, 0));
    };
    const [first, ...rest] = new Set(changed(1));
    expect(first).toBe(0x1234);
    expect(rest).toHaveLength(1);
    expect(changed(1)).toEqual(changed(1));
    expect(changed(2)[9]).not.toBe(changed(1)[9]);
  });

  it('jump in the sequence, once, around the end of the numbers too', () => {
    const line = pipelineOf(1, { kind: 'sequence-jump', by: 100, after: 100 });
    const numbers = through(line, audio(8)).map(({ bytes }) => sequenceOf(bytes, 0));
    expect(numbers).toEqual([0, 1, 2, 3, 4, 105, 106, 107]);
    expect(line.truth.snapshot().faults).toEqual({ 'sequence-jump': 1 });
    const back = pipelineOf(1, { kind: 'sequence-jump', by: -2 });
    expect(through(back, audio(3)).map(({ bytes }) => sequenceOf(bytes, 0))).toEqual([65_534, 65_535, 0]);
  });

  it('jump in time, ahead and back', () => {
    const line = pipelineOf(
      1,
      { kind: 'timestamp-jump', by: 8000, after: 40 },
      { kind: 'timestamp-jump', by: -16_000, after: 80 },
    );
    const times = through(line, audio(6)).map(({ bytes }) => timestampOf(bytes, 0));
    expect(times).toEqual([0, 160, 8320, 8480, (640 - 8000) >>> 0, (800 - 8000) >>> 0]);
    expect(line.truth.snapshot().faults).toEqual({ 'timestamp-jump': 2 });
  });
});

describe('ptime', () => {
  /** The audio of packets, one after the other. */
  const payloads = (out: readonly Out[]): number[] => out.flatMap(({ bytes }) => [...bytes.subarray(RTP_HEADER_BYTES)]);
  const input = audio(60);
  const whole = input.flatMap((packet) => [...packet.subarray(RTP_HEADER_BYTES)]);

  it('merges and splits without a sample lost, evenly, under numbers that follow each other', () => {
    for (const to of [10, 20, 30, 40, 60]) {
      const line = pipelineOf(1, { kind: 'ptime', to });
      const out = through(line, audio(60));
      expect(out).toHaveLength(1200 / to);
      expect(payloads(out)).toEqual(whole);
      for (const [i, { bytes, dueMs }] of out.entries()) {
        expect(sequenceOf(bytes, 0)).toBe(i);
        expect(timestampOf(bytes, 0)).toBe(i * to * 8);
        if (i > 0) expect(dueMs - out[i - 1].dueMs).toBe(to);
      }
      expect(line.truth.snapshot()).toMatchObject({
        packets: 60,
        delivered: 1200 / to,
        dropped: 0,
        reordered: 0,
        faults: { ptime: 60 },
      });
    }
  });

  it('leaves a hole of whole packets where packets were lost before', () => {
    const line = pipelineOf(1, { kind: 'ptime', to: 40 });
    const out = through(line, [...audio(20).slice(0, 10), ...audio(20).slice(14)]);
    expect(out.map(({ bytes }) => sequenceOf(bytes, 0))).toEqual([0, 1, 2, 3, 4, 7, 8, 9]);
    expect(out.map(({ bytes }) => timestampOf(bytes, 0) / 320)).toEqual([0, 1, 2, 3, 4, 7, 8, 9]);
  });

  it('goes on with a source that numbers its packets anew, and leaves out single ones that come late', () => {
    const line = pipelineOf(1, { kind: 'ptime', to: 40 });
    const order = [2000, 2001, 2002, 2003, 1500, 2004, 2005, 10, 11, 12, 13, 14, 15];
    const out = through(
      line,
      order.map((index) => audioPacket(index)),
    );
    expect(out.map(({ bytes }) => timestampOf(bytes, 0) / SAMPLES)).toEqual([2000, 2002, 2004, 11, 13]);
    expect(out.map(({ bytes }) => sequenceOf(bytes, 0))).toEqual([2000, 2001, 2002, 11, 12]);
    expect(line.truth.snapshot()).toMatchObject({ packets: 13, delivered: 5, dropped: 2 });
  });

  it('leaves a stream of another codec as it is, whatever was lost and overtaken before', () => {
    const line = pipelineOf(1, { kind: 'ptime', to: 40 });
    const order = [0, 1, 4, 3, 9, 8, 20];
    const out = through(
      line,
      order.map((index) => audioPacket(index, 9)),
    );
    expect(out.map(({ bytes }) => sequenceOf(bytes, 0))).toEqual(order);
    expect(line.truth.snapshot()).toMatchObject({ packets: 7, delivered: 7, dropped: 0, faults: { ptime: 0 } });
  });

  it('keeps the marker and lets events pass between, numbered in turn', () => {
    const line = pipelineOf(1, { kind: 'ptime', to: 40 });
    const first = audioPacket(0);
    first[1] |= 0x80;
    const out = through(line, [
      first,
      audioPacket(1),
      eventPacket(2, 320),
      eventPacket(3, 320),
      audioPacket(4),
      audioPacket(5),
    ]);
    expect(out.map(({ bytes }) => [sequenceOf(bytes, 0), payloadTypeOf(bytes, 0), markerOf(bytes, 0)])).toEqual([
      [0, 0, true],
      [1, EVENT_TYPE, false],
      [2, EVENT_TYPE, false],
      [3, 0, false],
    ]);
  });

  it('is followed by stages that decide about each of the new packets', () => {
    const line = pipelineOf(3, { kind: 'ptime', to: 10 }, { kind: 'loss', ratio: 0.5 });
    const out = through(
      line,
      Array.from({ length: 2000 }, (_, i) => audioPacket(i)),
    );
    const { packets, delivered, dropped } = line.truth.snapshot();
    expect([packets, delivered + dropped, out.length]).toEqual([2000, 4000, delivered]);
    expect(Math.abs(dropped / 4000 - 0.5)).toBeLessThan(0.03);
  });

  it('counts each packet once where packets are made anew twice', () => {
    for (const [first, second] of [
      [10, 40],
      [40, 10],
      [10, 30],
    ]) {
      const line = pipelineOf(1, { kind: 'ptime', to: first }, { kind: 'ptime', to: second });
      const out = through(line, audio(60));
      expect(payloads(out)).toEqual(whole);
      expect(line.truth.snapshot()).toMatchObject({ packets: 60, delivered: 1200 / second, dropped: 0 });
    }
  });

  it('takes packets of any length and header without writing past its room', () => {
    const line = pipelineOf(1, { kind: 'ptime', to: 60 });
    for (const octets of [0, 1, 3, 1460, 1460, 700]) {
      const packet = new Uint8Array(RTP_HEADER_BYTES + octets);
      writeRtpHeader(packet, 0, false, 0, octets, 0, 7);
      expect(through(line, [packet]).every(({ bytes }) => bytes.length <= 1472)).toBe(true);
    }
  });
});

describe('faults of digits', () => {
  const digit = (): Uint8Array[] =>
    [160, 320, 480, 640, 800, 800, 800].map((duration, i) => eventPacket(i, 0, 5, i >= 4, duration));

  it('lose the packets that end an event', () => {
    const line = pipelineOf(1, { kind: 'drop-event-ends' });
    expect(through(line, digit())).toHaveLength(4);
    expect(line.truth.snapshot()).toMatchObject({ eventsDropped: 3, faults: { 'drop-event-ends': 3 } });
  });

  it('write another payload type over that of events only', () => {
    const line = pipelineOf(1, { kind: 'relabel-events', payloadType: 96 });
    const out = through(line, [audioPacket(0), ...digit()]);
    expect(out.map(({ bytes }) => payloadTypeOf(bytes, 0))).toEqual([0, ...new Array(7).fill(96)]);
    expect(line.truth.snapshot()).toMatchObject({ recoded: 7, faults: { 'relabel-events': 7 } });
  });

  it('cut the duration that an event says it has', () => {
    const line = pipelineOf(1, { kind: 'cut-events', to: '30ms' });
    const out = through(line, digit());
    expect(out.map(({ bytes }) => durationAt(bytes, RTP_HEADER_BYTES))).toEqual([160, 240, 240, 240, 240, 240, 240]);
    expect(line.truth.snapshot().faults).toEqual({ 'cut-events': 6 });
  });
});

it('comfort noise is stripped, and nothing else', () => {
  const line = pipelineOf(1, { kind: 'drop-comfort-noise' });
  expect(through(line, [audioPacket(0), audioPacket(1, 13, new Uint8Array(1)), eventPacket(2, 0)])).toHaveLength(2);
  expect(line.truth.snapshot()).toMatchObject({ dropped: 1, faults: { 'drop-comfort-noise': 1 } });
});

describe('a fault that cannot be', () => {
  it('is refused with the reason, by its field or as a whole', () => {
    for (const wrong of [
      { kind: 'sequence-jump', by: 0 },
      { kind: 'timestamp-jump', by: 0 },
      { kind: 'ptime', to: 25 },
      { kind: 'one-way', rtcp: 'maybe' },
      { kind: 'gain', db: 100 },
      { kind: 'late-media' },
      { kind: 'ssrc-change', for: '1s' },
    ])
      expect(pipeline.safeParse([wrong]).success, JSON.stringify(wrong)).toBe(false);
    const [relabelled, changed, bare, both, early] = stages(
      { kind: 'relabel-events', payloadType: 72 },
      { kind: 'codec-change', to: 'PCMA', payloadType: 80 },
      { kind: 'noise' },
      { kind: 'noise', snr: 20, level: -40 },
      { kind: 'echo', delay: 5, returnLoss: 10 },
    );
    expect(infeasibility(relabelled)).toContain('RTCP');
    expect(infeasibility(changed)).toContain('RTCP');
    for (const noise of [bare, both]) expect(infeasibility(noise)).toContain('either');
    expect(infeasibility(early)).toContain('20 ms');
  });
});
