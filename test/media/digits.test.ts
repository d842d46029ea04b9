import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../src/core/codecs.js';
import type { Pipeline } from '../../src/impair/spec.js';
import type { MediaReport } from '../../src/media/link/messages.js';
import type { DtmfRecord } from '../../src/metrics/call-record.js';
import { dtmfRecord } from '../../src/metrics/dtmf-record.js';
import type { SentDigit } from '../../src/quality/digits.js';
import { remoteAt, TwoPlanes } from './two-planes.js';

const CLEAN = { received: 4, lost: 0, merged: 0, duplicated: 0, wrong: 0, late: 0, short: 0, unended: 0 };

/** Four digits by RFC 4733 over an uplink, as a call record has them, and what the path did to it. */
function eventsOver(uplink: Pipeline): { dtmf: DtmfRecord; near: MediaReport; far: MediaReport } {
  const planes = new TwoPlanes();
  planes.call(1, {}, uplink);
  planes.run(500);
  planes.near.plane.sendDigits(1, '1559', 100, 100, 20);
  planes.run(1500);
  const { near, far } = planes.close(1);
  return { dtmf: dtmfRecord({ ...near.dtmf, lateMs: 200 }, far.dtmf), near, far };
}

describe('digits by RFC 4733 under faults of the path', () => {
  it('are all heard without one, 100 ms long, at their level, as soon as they are sent', () => {
    const { dtmf } = eventsOver([]);
    expect(dtmf).toMatchObject({ sent: '1559', heard: '1559', counts: CLEAN, unnegotiated: '' });
    for (const digit of dtmf.digits) {
      expect(digit).toMatchObject({
        sentDurationMs: 100,
        heardDurationMs: 100,
        volumeDbm0: -20,
        packets: 7,
        faults: [],
      });
      expect(Math.abs(digit.delayMs!)).toBeLessThan(3);
    }
    expect(dtmf.digits[1].sentMs! - dtmf.digits[0].sentMs!).toBe(200);
  });

  it('are lost when their events are dropped, as many as the path dropped', () => {
    const { dtmf, near } = eventsOver([{ kind: 'drop-events', ratio: 0.5 }]);
    const { lost, received } = dtmf.counts!;
    expect(near.truth.uplink.eventsDropped).toBe(7 * lost);
    expect(lost).toBeGreaterThan(0);
    expect(received).toBe(4 - lost);
    expect(dtmf.counts).toEqual({ ...CLEAN, lost, received });
  });

  it('have no end when their ends are dropped, and are heard all the same, equal ones apart', () => {
    const { dtmf, near } = eventsOver([{ kind: 'drop-event-ends' }]);
    expect(near.truth.uplink.eventsDropped).toBe(3 * 4);
    expect(dtmf).toMatchObject({ heard: '1559', counts: { ...CLEAN, unended: 4 } });
    for (const digit of dtmf.digits) expect(digit).toMatchObject({ packets: 4, faults: ['no-end'] });
  });

  it('are lost when their payload type is changed, and it is said which came under one that was not agreed on', () => {
    const { dtmf, far } = eventsOver([{ kind: 'relabel-events', payloadType: 96 }]);
    expect(dtmf).toMatchObject({ heard: '', counts: { ...CLEAN, received: 0, lost: 4 }, unnegotiated: '1559' });
    expect(far.heard.undecodable).toBe(7 * 4);
  });

  it('are short when their duration is cut', () => {
    const { dtmf, near } = eventsOver([{ kind: 'cut-events', to: 40 }]);
    expect(dtmf).toMatchObject({ heard: '1559', counts: { ...CLEAN, short: 4 } });
    for (const digit of dtmf.digits) expect(digit).toMatchObject({ heardDurationMs: 40, faults: ['short'] });
    expect(near.truth.uplink.faults['cut-events']).toBe(5 * 4);
  });

  it('are late when the path delays them beyond the limit', () => {
    const { dtmf } = eventsOver([{ kind: 'delay', base: 300, keepOrder: true }]);
    expect(dtmf.counts).toEqual({ ...CLEAN, late: 4 });
    for (const digit of dtmf.digits) {
      expect(digit.faults).toEqual(['late']);
      expect(Math.abs(digit.delayMs! - 300)).toBeLessThan(3);
    }
  });
});

const KEYS = '0123456789*#ABCD';

/** The keys as tones, said over an uplink in a codec. */
function tonesOver(codec: CodecName, uplink: Pipeline, call: number): DtmfRecord {
  const planes = new TwoPlanes();
  const { near, far } = planes.open(call, { audio: 'hum', listen: { tones: true } }, uplink);
  const format = { codec, sendPayloadType: 96, acceptPayloadTypes: { 96: codec } as const, eventPayloadType: null };
  planes.near.plane.connect(call, remoteAt(far.rtpPort, format), true, planes.clock.now());
  planes.far.plane.connect(call, remoteAt(near.rtpPort, format), true, planes.clock.now());
  planes.run(300);
  planes.near.plane.say(call, 'keys');
  planes.run(KEYS.length * 160 + 300);
  const { said } = planes.near.told.said[0];
  const sent = [...KEYS].map((digit, i): SentDigit => {
    return { digit, method: 'inband', startMs: said!.startMs + 160 * i, durationMs: 80, status: null };
  });
  const reports = planes.close(call);
  return dtmfRecord({ sent, heard: [], unnegotiated: '', lateMs: 200 }, reports.far.dtmf);
}

describe('digits as tones', () => {
  it.each(['PCMU', 'PCMA', 'G722'] as const)('are all heard over %s, with level, twist and length', (codec) => {
    const { heard, counts, digits } = tonesOver(codec, [], 1);
    expect(heard).toBe(KEYS);
    expect(counts).toEqual({ ...CLEAN, received: 16 });
    for (const digit of digits) {
      expect(digit.method).toBe('inband');
      // The jitter buffer is 60 ms long, and the filters of G.722 take 3 ms.
      expect(digit.delayMs!).toBeGreaterThan(55);
      expect(digit.delayMs!).toBeLessThan(75);
      expect(Math.abs(digit.heardDurationMs! - 80)).toBeLessThan(8);
      expect(Math.abs(digit.volumeDbm0! + 12)).toBeLessThan(1);
      expect(Math.abs(digit.twistDb! - 3)).toBeLessThan(1.5);
    }
  });

  it('suffer over Opus at 24 kbit/s, which bends tones, and are heard all but one', () => {
    const { received, wrong, duplicated } = tonesOver('opus', [], 1).counts!;
    expect(received).toBeGreaterThanOrEqual(15);
    expect({ wrong, duplicated }).toEqual({ wrong: 0, duplicated: 0 });
  });

  it('suffer from loss by what was lost, never by a digit that was not sent', () => {
    const counts = { received: 0, lost: 0, duplicated: 0, wrong: 0 };
    for (let call = 1; call <= 6; call++) {
      const record = tonesOver('PCMU', [{ kind: 'loss', ratio: 0.05, burst: 1.05 }], call);
      for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += record.counts![key];
    }
    expect(counts.received).toBeGreaterThanOrEqual(0.95 * 6 * 16);
    expect(counts.wrong).toBe(0);
    expect(counts.duplicated).toBeLessThanOrEqual(2);
  });

  it('are not listened for in calls that do not expect them', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'hum' });
    planes.near.plane.say(1, 'keys');
    planes.run(1000);
    expect(planes.close(1).far.dtmf.heard).toEqual([]);
  });
});

function toldDigits(planes: TwoPlanes): string {
  return planes.far.told.heard.map(({ heard }) => (heard.kind === 'digit' ? heard.digit : '?')).join('');
}

describe('digits of a call that is listened to live', () => {
  it('are told one by one as they are heard, events with their first packet, tones when they have ended', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'hum', listen: { tones: true, live: true } });
    planes.run(500);
    const fromMs = planes.clock.now();
    planes.near.plane.sendDigits(1, '11#', 100, 100);
    planes.run(50);
    expect(toldDigits(planes)).toBe('1');
    planes.run(950);
    planes.near.plane.say(1, 'keys');
    planes.run(3000);
    const told = planes.far.told.heard.map(({ heard }) => heard);
    expect(toldDigits(planes)).toBe(`11#${KEYS}`);
    expect(told[1].atMs - fromMs).toBeGreaterThanOrEqual(200);
    expect(told[1].atMs - fromMs).toBeLessThan(250);
    // Its 80 ms, 60 ms in the jitter buffer, 30 ms of a pause.
    expect(told[3].atMs - fromMs - 1000).toBeGreaterThan(160);
    expect(planes.near.told.heard).toEqual([]);
  });

  it('are told in a call that nobody listens to the audio of, and of no other', () => {
    const planes = new TwoPlanes();
    planes.call(1, { listen: { live: true } });
    planes.call(2);
    for (const call of [1, 2]) planes.near.plane.sendDigits(call, '5', 100, 100);
    planes.run(500);
    expect(planes.far.told.heard).toMatchObject([{ call: 1, heard: { kind: 'digit', digit: '5' } }]);
  });
});
