import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { ALAW_SILENCE, ULAW_SILENCE } from '../../src/audio/g711.js';
import { speechLike } from '../../src/audio/speech.js';
import type { HeardSpec } from '../../src/quality/heard-spec.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { withDelay } from '../../src/quality/mos.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';
import { TelephoneEventSender } from '../../src/rtp/telephone-event-sender.js';
import { lossesOf, pipelineOf } from '../impair/harness.js';

fc.configureGlobal({ seed: 20_260_101 });

const EVENT_TYPE = 101;
const OWN_SSRC = 0x0abc;
const SPEC: HeardSpec = {
  acceptPayloadTypes: { 0: 'PCMU', 8: 'PCMA', 13: 'CN', [EVENT_TYPE]: 'telephone-event' },
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 5000,
  bpl: 25.1,
  expectAudio: true,
  hearDigits: true,
  clockRate: 8000,
  ownSsrc: OWN_SSRC,
};
const SPEECH = EncodedAudio.encode(speechLike(3, 10), 'PCMU', 20);

/** A far end that sends a packet every 20 ms of its own time to a stream. */
class FarEnd {
  atMs = 10_000;
  sequence = 65_500;
  timestamp = 0xffff_0000;
  ssrc = 0x5555;
  type = 0;
  /** Delay of the network. */
  delayMs = 40;
  private readonly bytes = new Uint8Array(400);
  private readonly events = new TelephoneEventSender(8000, 20);

  constructor(readonly stream: HeardStream) {}

  /** Sends speech for a time. */
  speak(ms: number): void {
    this.send(ms, (i) => SPEECH.bytes.subarray((i % SPEECH.frames) * 160, (i % SPEECH.frames) * 160 + 160));
  }

  /** Sends packets of one code for a time. */
  hum(ms: number, code: number): void {
    const frame = new Uint8Array(160).fill(code);
    this.send(ms, () => frame);
  }

  /** Sends digits, with audio before, between and after them; the sender pauses after each packet of an event. */
  dial(digits: string, pauseMs = 0): void {
    this.events.enqueue(digits, 100, 60);
    while (this.events.pending) {
      const length = this.events.next(this.timestamp, this.bytes, RTP_HEADER_BYTES);
      if (length === 0) {
        this.speak(20);
        continue;
      }
      this.deliver(EVENT_TYPE, this.events.timestamp, length);
      if (pauseMs > 0) this.pause(pauseMs);
      this.advance();
    }
  }

  /** Nothing is sent; the sequence goes on only where packets are lost on the way. */
  pause(ms: number, lost = false): void {
    this.atMs += ms;
    this.timestamp = (this.timestamp + ms * 8) >>> 0;
    if (lost) this.sequence += ms / 20;
  }

  private send(ms: number, frame: (i: number) => Uint8Array): void {
    for (let i = 0; i < ms / 20; i++) {
      const payload = frame(i);
      this.bytes.set(payload, RTP_HEADER_BYTES);
      this.deliver(this.type, this.timestamp, payload.length);
      this.advance();
    }
  }

  private deliver(type: number, timestamp: number, length: number): void {
    writeRtpHeader(this.bytes, 0, false, type, this.sequence, timestamp, this.ssrc);
    this.stream.onRtp(this.bytes, 0, RTP_HEADER_BYTES + length, this.atMs + this.delayMs);
  }

  private advance(): void {
    this.sequence++;
    this.timestamp = (this.timestamp + 160) >>> 0;
    this.atMs += 20;
  }
}

let stream: HeardStream;
let far: FarEnd;

function start(spec: Partial<HeardSpec> = {}): void {
  stream = new HeardStream({ ...SPEC, ...spec });
  far = new FarEnd(stream);
}

function answer(): void {
  stream.onAnswer(far.atMs);
}

beforeEach(() => start());

describe('a stream that is heard', () => {
  it('has clean figures for a clean call', () => {
    answer();
    far.speak(10_000);
    expect(stream.report(far.atMs)).toMatchObject({
      packetsReceived: 500,
      packetsExpected: 500,
      packetsLost: 0,
      rfc3550CumulativeLost: 0,
      duplicates: 0,
      reordered: 0,
      lateDiscarded: 0,
      lossRatio: 0,
      ssrc: 0x5555,
      firstSequence: 65_500,
      lastSequence: 65_999,
      firstArrivalMs: 10_040,
      lastArrivalMs: 10_040 + 499 * 20,
      undecodable: 0,
      wrongSource: 0,
      unauthenticated: 0,
      replayed: 0,
      malformed: 0,
      earlyMedia: 0,
      secondsExpected: 10,
      secondsHeard: 10,
      echo: false,
      verdict: { state: 'ok', cause: null },
      digits: '',
    });
    const report = stream.report(far.atMs);
    expect(report.jitterMs).toBeCloseTo(0, 9);
    expect(report.longestGapMs).toBeCloseTo(20, 9);
    expect(report.levelDbov).toBeGreaterThan(-32);
    expect(report.mos).toMatchObject({ cq: null, burstR: 1, pplPercent: 0, codec: 'PCMU', delaySource: 'none' });
    expect(report.mos?.lq).toBeCloseTo(4.4094, 4);
  });

  it('says nothing of a call without media but that there was none', () => {
    answer();
    expect(stream.report(far.atMs + 10_000)).toMatchObject({
      packetsReceived: 0,
      packetsExpected: 0,
      lossRatio: null,
      jitterMs: null,
      jitterMaxMs: null,
      ssrc: null,
      firstSequence: null,
      lastSequence: null,
      firstArrivalMs: null,
      lastArrivalMs: null,
      longestGapMs: null,
      silentRatio: null,
      levelDbov: null,
      mos: null,
      secondsExpected: 10,
      secondsHeard: 0,
      verdict: { state: 'fault', cause: 'no-rtp' },
    });
  });

  it('keeps early media out of every figure', () => {
    far.speak(2000);
    far.pause(500, true);
    answer();
    far.speak(1000);
    expect(stream.report(far.atMs)).toMatchObject({
      earlyMedia: 100,
      packetsReceived: 50,
      packetsLost: 0,
      secondsExpected: 1,
    });
    expect(stream.report(far.atMs).firstSequence).toBe((65_500 + 125) & 0xffff);
  });

  it('counts loss, and rates it with its burst ratio', () => {
    answer();
    for (let i = 0; i < 50; i++) {
      far.speak(380);
      far.pause(40, true);
    }
    far.speak(20);
    const report = stream.report(far.atMs);
    expect(report).toMatchObject({ packetsReceived: 951, packetsExpected: 1051, packetsLost: 100 });
    expect(stream.packetsLostSoFar()).toBe(100);
    expect(stream.packetsExpected()).toBe(1051);
    expect(stream.counters.packetsReceived).toBe(951);
    expect(report.lossRatio).toBeCloseTo(100 / 1051, 9);
    expect(report.mos?.pplPercent).toBeCloseTo(10000 / 1051, 9);
    // Runs of two where 1/(1 − L) is expected.
    expect(report.mos?.burstR).toBeCloseTo(2 * (1 - 100 / 1051), 9);
  });

  it('adds what comes too late for the buffer to the loss of the E-model, not to that of the network', () => {
    answer();
    far.speak(1000);
    far.delayMs = 140;
    far.speak(100);
    far.delayMs = 40;
    far.speak(900);
    const report = stream.report(far.atMs);
    expect(report).toMatchObject({ packetsLost: 0, lateDiscarded: 5, packetsExpected: 100 });
    expect(report.mos?.pplPercent).toBe(5);
    expect(report.mos?.burstR).toBeCloseTo(5 * 0.95, 9);
  });

  it('has the conversational quality where the delay is known', () => {
    answer();
    far.speak(1000);
    const known = stream.report(far.atMs, { oneWayDelayMs: 220, source: 'probe' }).mos;
    expect(known?.cq).toBeLessThan(4);
    expect(known?.delaySource).toBe('probe');
    expect(known?.lq).toBe(stream.report(far.atMs).mos?.lq);
  });

  it('leaves events and comfort noise out of jitter and of what may come late', () => {
    answer();
    far.speak(200);
    far.dial('123');
    far.speak(200);
    far.type = 13;
    far.hum(20, 60);
    far.hum(20, 0x80 | 40);
    far.type = 0;
    far.pause(1000);
    far.speak(500);
    const report = stream.report(far.atMs);
    expect(report).toMatchObject({ digits: '123', packetsLost: 0, lateDiscarded: 0, undecodable: 0 });
    expect(report).toMatchObject({ comfortNoise: 2, comfortNoiseDbov: -50 });
    expect(report.jitterMaxMs).toBeCloseTo(0, 9);
    expect(report.longestGapMs).toBeCloseTo(1020, 9);
    expect(stream.digits.count).toBe(3);
  });

  it('does not hear digits when it is told not to, and takes their packets all the same', () => {
    start({ hearDigits: false });
    answer();
    far.dial('123');
    expect(stream.report(far.atMs)).toMatchObject({ digits: '', packetsLost: 0, undecodable: 0 });
  });

  it('hears digits before the answer too', () => {
    far.dial('42');
    answer();
    expect(stream.report(far.atMs).digits).toBe('42');
  });

  it('restarts sequence, jitter and playout with a new SSRC and keeps the sums', () => {
    answer();
    far.speak(1000);
    far.pause(100, true);
    far.speak(1000);
    far.ssrc = 0x7777;
    far.sequence = 12;
    far.timestamp = 99;
    far.speak(1000);
    far.pause(60, true);
    far.speak(1000);
    const report = stream.report(far.atMs);
    expect(report).toMatchObject({
      packetsReceived: 200,
      packetsExpected: 208,
      packetsLost: 8,
      lateDiscarded: 0,
      reordered: 0,
      duplicates: 0,
      ssrc: 0x7777,
      ssrcChanges: 1,
      firstSequence: 12,
      lastSequence: 12 + 102,
    });
    expect(report.jitterMaxMs).toBeCloseTo(0, 9);
    expect(report.mos?.burstR).toBeCloseTo(4 * (1 - 8 / 208), 9);
  });

  it('goes back to the source before where that goes on, and not for its late packets', () => {
    answer();
    far.speak(1000);
    const [sequence, timestamp] = [far.sequence, far.timestamp];
    far.ssrc = 0x7777;
    far.sequence = 12;
    far.speak(100);
    const late = new Uint8Array(RTP_HEADER_BYTES + 160).fill(0x20);
    writeRtpHeader(late, 0, false, 0, sequence, timestamp, 0x5555);
    stream.onRtp(late, 0, late.length, far.atMs + 40);
    expect(stream.ssrc).toBe(0x7777);
    Object.assign(far, { ssrc: 0x5555, sequence: sequence + 1, timestamp: (timestamp + 160) >>> 0 });
    far.speak(1000);
    expect(stream.ssrc).toBe(0x5555);
    expect(stream.source!.receiver.received).toBe(101);
    expect(stream.report(far.atMs)).toMatchObject({
      packetsReceived: 106,
      packetsLost: 0,
      duplicates: 0,
      ssrc: 0x5555,
      ssrcChanges: 1,
      firstSequence: 65_500,
    });
  });

  it('does not mix sources that come by turns', () => {
    answer();
    for (let i = 0; i < 10; i++) {
      for (const [ssrc, offset] of [
        [1, 0],
        [2, 30_000],
        [3, 50_000],
      ]) {
        far.ssrc = ssrc;
        far.sequence = offset + i * 10;
        far.speak(200);
      }
    }
    expect(stream.report(far.atMs)).toMatchObject({
      packetsReceived: 300,
      packetsLost: 0,
      duplicates: 0,
      reordered: 0,
    });
  });

  it('keeps the sums over a restart of the sequence numbers of one SSRC', () => {
    answer();
    far.speak(1000);
    far.sequence += 20_000;
    far.timestamp = (far.timestamp + 123_456_789) >>> 0;
    far.speak(1000);
    expect(stream.report(far.atMs)).toMatchObject({
      packetsReceived: 100,
      packetsExpected: 100,
      packetsLost: 0,
      lateDiscarded: 0,
      rfc3550CumulativeLost: 0,
    });
    expect(stream.report(far.atMs).jitterMaxMs).toBeCloseTo(0, 9);
  });

  it('takes a stream that comes twice once: every second copy is a duplicate, and nothing is lost or late', () => {
    answer();
    const bytes = new Uint8Array(RTP_HEADER_BYTES + 160).fill(0x20);
    for (let i = 0; i < 200; i++) {
      writeRtpHeader(bytes, 0, i === 0, 0, (65_500 + i) & 0xffff, i * 160, 1);
      for (const laterMs of [0, 3]) stream.onRtp(bytes, 0, bytes.length, far.atMs + i * 20 + laterMs);
    }
    const report = stream.report(far.atMs + 4000);
    expect(report).toMatchObject({
      packetsReceived: 400,
      duplicates: 200,
      packetsExpected: 200,
      packetsLost: 0,
      rfc3550CumulativeLost: -200,
      lateDiscarded: 0,
      ssrcChanges: 0,
    });
    expect(report.mos!.pplPercent).toBe(0);
  });

  it.each([10, 20, 30, 40, 60])('has the far end’s packets of %d ms in its figures, whatever we send', (ptimeMs) => {
    const frame = 8 * ptimeMs;
    const speech = EncodedAudio.encode(speechLike(3, 10), 'PCMU', ptimeMs);
    const bytes = new Uint8Array(RTP_HEADER_BYTES + frame);
    const packets = 6000 / ptimeMs;
    answer();
    let sent = 0;
    for (let i = 0; i < packets; i++) {
      const start = (i % speech.frames) * frame;
      bytes.set(speech.bytes.subarray(start, start + frame), RTP_HEADER_BYTES);
      writeRtpHeader(bytes, 0, i === 0, 0, i, i * frame, 1);
      // Two of ten get lost, one by one.
      if (i % 5 === 2) continue;
      sent++;
      stream.onRtp(bytes, 0, bytes.length, far.atMs + i * ptimeMs);
    }
    const report = stream.report(far.atMs + 6000, { oneWayDelayMs: 30, source: 'probe' });
    expect(report).toMatchObject({
      packetsReceived: sent,
      packetsLost: packets - sent,
      lossRatio: 0.2,
      lateDiscarded: 0,
      jitterMs: 0,
      secondsExpected: 6,
      secondsHeard: 6,
      verdict: { state: 'ok' },
    });
    expect(report.mos).toMatchObject({ ptimeMs, pplPercent: 20 });
    const { mos } = report;
    // The delay of the packet itself is part of the mouth-to-ear delay.
    expect(mos!.cq).toBe(withDelay({ ...mos!, cq: null }, { oneWayDelayMs: 30, source: 'probe' }).cq);
  });

  it('knows the packets of the far end where they change within the call', () => {
    answer();
    far.speak(1000);
    const bytes = new Uint8Array(RTP_HEADER_BYTES + 480).fill(0x20);
    for (let i = 0; i < 50; i++) {
      writeRtpHeader(bytes, 0, false, 0, far.sequence++, (far.timestamp + i * 480) >>> 0, far.ssrc);
      stream.onRtp(bytes, 0, bytes.length, far.atMs + 40 + i * 60);
    }
    const report = stream.report(far.atMs + 3000);
    expect(report).toMatchObject({ packetsReceived: 100, packetsLost: 0, lateDiscarded: 0 });
    expect(report.jitterMaxMs).toBeCloseTo(0, 9);
    expect(report.mos!.ptimeMs).toBe(40);
  });

  it('tells our own packets that come back from those of a far end that has drawn our SSRC', () => {
    let collisions = 0;
    start({ hasSent: (sequence) => sequence < 100, onCollision: () => collisions++ });
    far.ssrc = OWN_SSRC;
    far.sequence = 500;
    answer();
    far.speak(100);
    expect(collisions).toBe(1);
    expect(stream.report(far.atMs)).toMatchObject({ echo: false, ssrcCollision: true, packetsReceived: 5 });

    start({ hasSent: (sequence) => sequence < 100, onCollision: () => collisions++ });
    far.ssrc = OWN_SSRC;
    far.sequence = 10;
    answer();
    far.speak(100);
    expect(stream.report(far.atMs)).toMatchObject({ echo: true, ssrcCollision: false, packetsReceived: 5 });
    expect(collisions).toBe(1);
  });

  it('says when its own packets come back', () => {
    far.ssrc = OWN_SSRC;
    answer();
    far.speak(100);
    expect(stream.report(far.atMs)).toMatchObject({ echo: true, packetsReceived: 5, packetsLost: 0 });
  });

  it('counts what a path has dropped, to the packet', () => {
    for (let seed = 0; seed < 10; seed++) {
      start();
      answer();
      const path = pipelineOf(seed, { kind: 'loss', ratio: 0.1, burst: 3 });
      const bytes = new Uint8Array(RTP_HEADER_BYTES + 160);
      const copies = new Uint8Array(1500);
      for (let i = 0; i < copies.length; i++) {
        writeRtpHeader(bytes, 0, false, 0, i, i * 160, 1);
        path.apply(bytes, 0, bytes.length, 10_000 + i * 20);
        copies[i] = path.copies;
        if (path.copies > 0) stream.onRtp(bytes, 0, bytes.length, 10_000 + i * 20);
      }
      const report = stream.report(40_000);
      expect(lossesOf(copies).ratio).toBeGreaterThan(0.03);
      expect(report.packetsLost).toBe(path.truth.snapshot().droppedWithin);
      expect(report.packetsReceived).toBe(path.truth.snapshot().delivered);
    }
  });
});

describe('the verdict of a stream', () => {
  it('changes while the call lasts: unknown, silent source, heard', () => {
    expect(stream.verdictAt(far.atMs).state).toBe('unknown');
    answer();
    expect(stream.verdictAt(far.atMs + 1000).state).toBe('unknown');
    expect(stream.verdictAt(far.atMs + 2000).cause).toBe('no-rtp');
    far.pause(3000);
    far.speak(1000);
    expect(stream.verdictAt(far.atMs)).toEqual({ state: 'fault', cause: 'late' });
    expect(stream.verdictAt(far.atMs + 5200).cause).toBe('stopped');
  });

  it('is stopped when media ends before the call does, and when it pauses in between', () => {
    answer();
    far.speak(2000);
    expect(stream.report(far.atMs + 4900).verdict.state).toBe('ok');
    expect(stream.report(far.atMs + 5100).verdict.cause).toBe('stopped');
    far.pause(5100, true);
    far.speak(10_000);
    const report = stream.report(far.atMs);
    expect(report.verdict.cause).toBe('stopped');
    expect(report.longestGapMs).toBeCloseTo(5120, 9);
  });

  it('is silence for digital silence in either law, for comfort noise and for faint noise', () => {
    for (const [type, code] of [
      [0, ULAW_SILENCE],
      [8, ALAW_SILENCE],
      [13, 60],
      [0, 0xf5],
    ]) {
      start();
      answer();
      far.type = type;
      far.hum(4000, code);
      expect(stream.verdictAt(far.atMs).state).toBe('ok');
      far.hum(2000, code);
      const report = stream.report(far.atMs);
      expect(report.verdict).toEqual({ state: 'fault', cause: 'silence' });
      expect(report.secondsHeard).toBe(0);
      expect(report.silentRatio).toBe(code === 0xf5 ? 0 : 1);
    }
  });

  it('is no fault when no audio is expected', () => {
    start({ expectAudio: false });
    answer();
    far.hum(8000, ULAW_SILENCE);
    expect(stream.report(far.atMs)).toMatchObject({ verdict: { state: 'ok' }, secondsExpected: 0 });
    start({ expectAudio: false });
    answer();
    expect(stream.report(far.atMs + 60_000).verdict.state).toBe('unknown');
  });

  it('does not blame a direction for the time in which it was held', () => {
    answer();
    far.speak(3000);
    stream.configure({ ...SPEC, expectAudio: false }, far.atMs);
    far.pause(60_000);
    stream.configure(SPEC, far.atMs);
    far.speak(3000);
    const report = stream.report(far.atMs);
    expect(report.verdict.state).toBe('ok');
    expect(report).toMatchObject({ secondsExpected: 6, secondsHeard: 6 });
    expect(report.longestGapMs).toBeGreaterThan(60_000);
  });

  it('is wrong-source when everything comes from elsewhere', () => {
    answer();
    for (let i = 0; i < 100; i++) stream.onWrongSource();
    expect(stream.report(far.atMs + 3000)).toMatchObject({
      wrongSource: 100,
      packetsReceived: 0,
      verdict: { state: 'fault', cause: 'wrong-source' },
      mos: null,
    });
  });

  it('is unauthenticated when SRTP opens nothing of what comes', () => {
    answer();
    for (let i = 0; i < 100; i++) stream.onUnauthenticated();
    for (let i = 0; i < 3; i++) stream.onReplayed();
    expect(stream.report(far.atMs + 2500)).toMatchObject({
      unauthenticated: 100,
      replayed: 3,
      packetsReceived: 0,
      malformed: 0,
      verdict: { state: 'fault', cause: 'unauthenticated' },
    });
  });

  it('is undecodable for a payload type that was not negotiated; the packets are not lost, and have no MOS', () => {
    answer();
    far.type = 18;
    far.speak(3000);
    expect(stream.report(far.atMs)).toMatchObject({
      undecodable: 150,
      packetsReceived: 150,
      packetsLost: 0,
      jitterMs: null,
      verdict: { state: 'fault', cause: 'undecodable' },
      mos: null,
    });
  });

  it('follows what is negotiated later', () => {
    start({ acceptPayloadTypes: {} });
    stream.configure({ ...SPEC, acceptPayloadTypes: { 96: 'PCMA' } });
    answer();
    far.type = 96;
    far.speak(2000);
    expect(stream.report(far.atMs)).toMatchObject({ undecodable: 0, mos: { codec: 'PCMA' } });
  });
});

describe('what is heard, and not as it should be', () => {
  it('is garbled by the other law, from a codec change on, too; and not by a payload type that says which law it is', () => {
    answer();
    far.type = 8;
    far.speak(6000);
    expect(stream.report(far.atMs)).toMatchObject({ verdict: { state: 'fault', cause: 'garbled' }, garbledRatio: 1 });
    start();
    answer();
    far.speak(12_000);
    expect(stream.report(far.atMs)).toMatchObject({ verdict: { state: 'ok' }, garbledRatio: 0 });
    far.type = 8;
    far.speak(16_000);
    expect(stream.verdictAt(far.atMs).cause).toBe('garbled');
  });

  it('is late when the first packet came 1 s after the answer, and not for a hold before it', () => {
    answer();
    far.pause(960);
    far.speak(6000);
    expect(stream.report(far.atMs)).toMatchObject({ verdict: { state: 'fault', cause: 'late' }, startDelayMs: 1000 });
    start({ isHeld: true });
    answer();
    far.pause(5000);
    stream.configure(SPEC, far.atMs);
    far.speak(6000);
    expect(stream.report(far.atMs)).toMatchObject({ verdict: { state: 'ok' }, startDelayMs: 40, heldMs: 5000 });
  });

  it('is intermittent by three gaps of 200 ms, lost or held back; not by two, by short ones, or where nothing was sent', () => {
    const gaps = (count: number, gap: () => void) => {
      start();
      answer();
      far.speak(1000);
      for (let i = 0; i < count; i++) {
        gap();
        far.speak(2000);
      }
      return stream.report(far.atMs);
    };
    const lose = (ms: number) => () => far.pause(ms, true);
    expect(gaps(3, lose(200))).toMatchObject({
      verdict: { state: 'fault', cause: 'intermittent' },
      interruptions: { count: 3, totalMs: 600, longestMs: 200 },
    });
    expect(gaps(2, lose(400))).toMatchObject({ verdict: { state: 'ok' }, interruptions: { count: 2, totalMs: 800 } });
    expect(gaps(6, lose(180))).toMatchObject({ verdict: { state: 'ok' }, interruptions: { count: 0 } });
    expect(gaps(6, () => far.pause(400))).toMatchObject({ verdict: { state: 'ok' }, interruptions: { count: 0 } });
    expect(gaps(4, () => far.dial('1', 240))).toMatchObject({ interruptions: { count: 0 } });
    const late = gaps(4, () => {
      far.delayMs = 300;
      far.speak(240);
      far.delayMs = 40;
    });
    expect(late).toMatchObject({ packetsLost: 0, verdict: { cause: 'intermittent' } });
    expect(late.interruptions.count).toBe(4);
  });

  it('keeps the interruptions of sources that ended, and those far back', () => {
    answer();
    for (let source = 0; source < 4; source++) {
      far.ssrc++;
      far.speak(2000);
      far.pause(300, true);
      far.speak(30_000);
    }
    expect(stream.report(far.atMs).interruptions).toEqual({ count: 4, totalMs: 1200, longestMs: 300 });
  });
});

describe('where what was heard has gone', () => {
  it('is another source, 2 s after the last packet from the negotiated one', () => {
    answer();
    far.speak(3000);
    for (let i = 0; i < 100; i++) stream.onWrongSource();
    expect(stream.verdictAt(far.atMs + 1900).state).toBe('ok');
    expect(stream.verdictAt(far.atMs + 2100).cause).toBe('wrong-source');
    // It has come back.
    far.pause(2100);
    far.speak(1000);
    expect(stream.verdictAt(far.atMs).state).toBe('ok');
  });

  it('is told with the time at which it stopped', () => {
    answer();
    far.speak(3000);
    expect(stream.report(far.atMs + 4000).stoppedAfterMs).toBeNull();
    expect(stream.report(far.atMs + 6000)).toMatchObject({
      verdict: { state: 'fault', cause: 'stopped' },
      stoppedAfterMs: 3020,
    });
    far.pause(6000);
    far.speak(1000);
    expect(stream.report(far.atMs).stoppedAfterMs).toBe(3020);
  });

  it('is a payload type that was not negotiated, from some time on', () => {
    answer();
    far.speak(10_000);
    far.type = 18;
    far.speak(4980);
    expect(stream.verdictAt(far.atMs).state).toBe('ok');
    far.speak(100);
    expect(stream.verdictAt(far.atMs).cause).toBe('undecodable');
  });

  it('is silence where one loud code is repeated: nobody hears that', () => {
    answer();
    far.hum(8000, 0x00);
    expect(stream.report(far.atMs)).toMatchObject({
      verdict: { state: 'fault', cause: 'silence' },
      silentRatio: 1,
      secondsHeard: 0,
    });
  });
});

describe('malformed input', () => {
  it('is counted, never thrown on, and changes no other figure', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }), (datagrams) => {
        start();
        answer();
        for (const [i, datagram] of datagrams.entries()) {
          // No version 2: never RTP.
          const bytes = datagram.map((b, at) => (at === 0 ? b & 0x7f : b));
          stream.onRtp(bytes, 0, bytes.length, far.atMs + i);
        }
        stream.onMalformed();
        expect(stream.report(far.atMs)).toMatchObject({ malformed: datagrams.length + 1, packetsReceived: 0 });
      }),
    );
  });

  it('of any kind leaves a report that adds up', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 12, maxLength: 40 }), { maxLength: 60 }), (datagrams) => {
        start();
        answer();
        for (const [i, datagram] of datagrams.entries()) {
          const bytes = datagram.slice();
          bytes[0] = 0x80 | (bytes[0] & 0x3f);
          bytes[1] = [0, 8, 13, EVENT_TYPE, 77, 200][bytes[1] % 6];
          stream.onRtp(bytes, 0, bytes.length, far.atMs + i * 20);
        }
        const report = stream.report(far.atMs + datagrams.length * 20);
        expect(report.packetsReceived).toBeLessThanOrEqual(datagrams.length);
        expect(report.packetsLost).toBe(report.packetsExpected - (report.packetsReceived - report.duplicates));
        expect(report.packetsLost).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('within an event packet counts as malformed and not as lost', () => {
    answer();
    far.speak(100);
    far.type = EVENT_TYPE;
    const bytes = new Uint8Array(14);
    writeRtpHeader(bytes, 0, true, EVENT_TYPE, far.sequence, far.timestamp, far.ssrc);
    stream.onRtp(bytes, 0, 14, far.atMs);
    expect(stream.report(far.atMs)).toMatchObject({ malformed: 1, packetsReceived: 6, packetsLost: 0, digits: '' });
  });
});
