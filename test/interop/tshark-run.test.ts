import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { CODECS } from '../../src/core/codecs.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { runProfile } from '../support/run-profile.js';
import { type CapturedRun, capturedRun } from './captured-run.js';
import { OWN_RTP_PORTS } from './ports.js';
import { endSippAfterEach, SIPP_MEDIA_PORT, Sipp, scenario } from './sipp.js';
import { Capture, type WireStream } from './tshark.js';

/** What tshark finds wrong: what it cannot dissect, and its warnings and errors. Nothing of ours is excused. */
const WRONG = '_ws.malformed || _ws.expert.severity >= "Warning"';
/** Two SIP messages that are wrong, so that a filter that finds nothing is known to work. */
const BROKEN = [
  'INVITE sip:a@b SIP/2.0\r\nHeader without colon\r\n\r\n',
  'INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 16\r\n\r\nv=0\r\nno equals\r\n',
];

endSippAfterEach();

async function sendBroken(sipPort: number): Promise<void> {
  const socket = createSocket('udp4').on('error', () => {});
  for (const text of BROKEN) await new Promise((resolve) => socket.send(text, sipPort, '127.0.0.1', resolve));
  socket.close();
}

/** Twelve calls. */
async function capturedCalls(more: string): Promise<CapturedRun> {
  const load = '[{ shape: constant, cps: 6, for: 2s }]';
  const run = await capturedRun(`name: tshark\nload: ${load}\n${more}`, '', { first: sendBroken });
  expect(run.summary.calls).toMatchObject({ attempted: 12, completed: 12 });
  return run;
}

const portOf = (address: string | null): number => Number(address!.split(':')[1]);

/** The streams of a call on the wire, found by ports and SSRC. */
function streamsOf(record: CallRecord, streams: readonly WireStream[]): { uplink: WireStream; downlink: WireStream } {
  const [near, far] = [portOf(record.localMedia), portOf(record.remoteMedia)];
  const find = (from: number, to: number, ssrc: number | null): WireStream => {
    const found = streams.filter((s) => s.from === from && s.to === to && s.ssrc === ssrc);
    expect(found, `one stream from ${from} to ${to}`).toHaveLength(1);
    return found[0];
  };
  return {
    uplink: find(near, far, record.uplink!.heard!.ssrc),
    downlink: find(far, near, record.downlink!.heard!.ssrc),
  };
}

/**
 * Frames of uplinks that came after the last one that the trunk heard: what a path delays is still on its way when the BYE
 * overtakes it. They must have come after the BYE, or the trunk was deaf.
 */
function tailsOf(records: readonly CallRecord[], wire: Capture): string[] {
  const packets = wire.rows('rtp', ['frame.number', 'udp.srcport', 'udp.dstport', 'rtp.seq']);
  const byes = wire.rows('sip.Method == "BYE"', ['frame.number', 'sip.Call-ID']);
  return records.flatMap((record) => {
    const [near, far] = [portOf(record.localMedia), portOf(record.remoteMedia)];
    const uplink = packets.filter(([, from, to]) => Number(from) === near && Number(to) === far);
    const lastHeard = record.uplink!.heard!.lastSequence! & 0xffff;
    const last = uplink.findIndex(([, , , sequence]) => Number(sequence) === lastHeard);
    const bye = byes.find(([, callId]) => callId === record.sipCallIds[0])!;
    const tail = uplink.slice(last + 1).map(([frame]) => frame);
    for (const frame of tail) expect(Number(frame)).toBeGreaterThan(Number(bye[0]));
    return tail;
  });
}

/** Mean jitter within 2 %, or 0.1 ms where it is that small. */
function expectSameJitter(oursMs: number, theirsMs: number): void {
  expect(Math.abs(oursMs - theirsMs), `ours ${oursMs} ms, tshark's ${theirsMs} ms`).toBeLessThanOrEqual(
    Math.max(0.1, theirsMs * 0.02),
  );
}

describe('tshark on the wire of a run', () => {
  it('sees as many packets, losses and as much jitter as both ends heard', async () => {
    const { wire, records, summary } = await capturedCalls(`
calls: { hold: 5s }
impairment:
  uplink: [{ kind: loss, ratio: 5%, burst: 2 }, { kind: delay, base: 50ms, keepOrder: true, jitter: { distribution: uniform, spread: 10ms } }]
`);
    const streams = wire.streams(tailsOf(records, wire));
    expect(streams).toHaveLength(24);
    let lost = 0;
    for (const record of records) {
      const { uplink, downlink } = streamsOf(record, streams);
      const heardUp = record.uplink!.heard!;
      const heardDown = record.downlink!.heard!;
      // A packet that overtakes the answer is early media for us and one of the stream for tshark.
      expect(heardUp.packetsReceived + heardUp.earlyMedia).toBe(uplink.packets);
      expect(heardUp.rfc3550CumulativeLost).toBe(uplink.lost);
      expect(heardUp.packetsLost).toBe(record.impairment!.uplink.droppedWithin);
      expectSameJitter(heardUp.jitterMs!, uplink.jitterMs);
      expect(heardDown.packetsReceived + heardDown.earlyMedia).toBe(downlink.packets);
      expect(record.downlink!.packetsSent).toBe(downlink.packets);
      expect([heardDown.rfc3550CumulativeLost, downlink.lost]).toEqual([0, 0]);
      expectSameJitter(heardDown.jitterMs!, downlink.jitterMs);
      lost += uplink.lost;
    }
    expect(lost).toBe(summary.media.uplink.rfc3550CumulativeLost);
    expect(lost).toBeGreaterThan(50);
  });

  it('sees what was sent, not what an impairment of the downlink made of it within our path', async () => {
    const { wire, records, summary } = await capturedCalls(`
calls: { hold: 4s }
impairment:
  downlink: [{ kind: loss, ratio: 8%, burst: 3 }, { kind: delay, base: 40ms, jitter: { distribution: normal, spread: 12ms } }]
`);
    const streams = wire.streams();
    expect(streams).toHaveLength(24);
    for (const record of records) {
      const { downlink } = streamsOf(record, streams);
      const heard = record.downlink!.heard!;
      const truth = record.impairment!.downlink;
      expect(downlink.lost).toBe(0);
      expect(downlink.packets).toBe(truth.packets);
      expect(heard.packetsReceived).toBe(truth.delivered - heard.earlyMedia);
      expect(heard.packetsLost).toBe(truth.droppedWithin);
      // The wire is as even as our pacing; what is heard has the injected jitter on top.
      expect(downlink.jitterMs).toBeLessThan(heard.jitterMs! / 2);
    }
    expect(summary.media.downlink.packetsLost).toBeGreaterThan(100);
    expect(summary.media.uplink.packetsLost).toBe(0);
  });

  it('finds no fault with SIP, SDP, RTP and events, and reads the digits that were sent', async () => {
    const { wire, records } = await capturedCalls(`
calls: { hold: 3s, dtmf: { digits: "1234#", after: 500ms, tone: 100ms, gap: 80ms } }
trunk: { ringAfter: 20ms, answerAfter: 100ms, dtmf: { digits: "0*", after: 1s, tone: 60ms, gap: 60ms } }
`);
    expect(wire.rows(WRONG, ['frame.number']).length).toBe(BROKEN.length);
    expect(wire.rows(`(${WRONG}) && !(sip.Request-Line contains "sip:a@b")`, ['frame.number'])).toEqual([]);
    expect(wire.rows('udp && !sip && !rtp && !rtcp && !(data.data == "probe")', ['frame.number'])).toEqual([]);
    // Every call has its messages once, none repeated (RFC 3261 17).
    const methods = wire.rows('sip.Method && !(sip.Request-Line contains "sip:a@b")', ['sip.Method']).flat();
    for (const method of ['INVITE', 'ACK', 'BYE']) expect(methods.filter((m) => m === method)).toHaveLength(12);
    expect(methods).toHaveLength(36);
    expect(wire.rows('sip.resend == 1', ['frame.number'])).toEqual([]);
    const statuses = wire.rows('sip.Status-Code', ['sip.Status-Code', 'sip.CSeq.method']).map((row) => row.join(' '));
    for (const status of ['180 INVITE', '200 INVITE', '200 BYE'])
      expect(statuses.filter((s) => s === status)).toHaveLength(12);

    // Ours begin before the message leaves and end after it came: more than the wire's, by no more than a busy loop costs.
    for (const [name, errorMs] of Object.entries(delayErrors(records, wire))) {
      expect(errorMs, name).toBeGreaterThan(0);
      expect(errorMs, name).toBeLessThan(10);
    }

    const events = eventsOf(wire);
    for (const record of records) {
      const spoken = (ssrc: number): string => digitsOf(events.get(ssrc)!, 160);
      expect(spoken(record.uplink!.heard!.ssrc!)).toBe('1:800 2:800 3:800 4:800 #:800');
      expect(spoken(record.downlink!.heard!.ssrc!)).toBe('0:480 *:480');
      expect(record.dtmf).toMatchObject({ uplink: { heard: '1234#' }, downlink: { heard: '0*' } });
    }
  });

  it.each([
    ['G722', 800],
    ['opus', 4800],
  ] as const)(
    'finds the jitter of %s and the length of its events at the clock of the codec',
    async (codec, toneUnits) => {
      const { wire, records } = await capturedCalls(`
calls: { hold: 3s, codecs: [${codec}] }
trunk: { codecs: [${codec}], dtmf: { digits: "15#", after: 500ms, tone: 100ms, gap: 80ms } }
impairment:
  uplink: [{ kind: delay, base: 50ms, keepOrder: true, jitter: { distribution: uniform, spread: 10ms } }]
`);
      expect(wire.rows(`(${WRONG}) && !(sip.Request-Line contains "sip:a@b")`, ['frame.number'])).toEqual([]);
      const streams = wire.streams(tailsOf(records, wire));
      const types = wire.rows('rtp', ['rtp.ssrc', 'rtp.p_type']);
      const events = eventsOf(wire);
      for (const record of records) {
        const heard = record.uplink!.heard!;
        const { uplink } = streamsOf(record, streams);
        expect(record.codec).toBe(codec);
        expect(uplink.packets).toBe(heard.packetsReceived + heard.earlyMedia);
        expect(heard.jitterMs!).toBeGreaterThan(2);
        expect(Math.abs(heard.jitterMs! - uplink.jitterMs), `${heard.jitterMs}, ${uplink.jitterMs}`).toBeLessThan(0.1);
        expect(new Set(types.filter(([ssrc]) => Number(ssrc) === uplink.ssrc).map(([, type]) => Number(type)))).toEqual(
          new Set([CODECS[codec].payloadType]),
        );
        const digits = events.get(record.downlink!.heard!.ssrc!)!;
        expect(digitsOf(digits, CODECS[codec].clockRate / 50)).toBe(`1:${toneUnits} 5:${toneUnits} #:${toneUnits}`);
        expect(record.dtmf!.downlink.heard).toBe('15#');
      }
    },
  );
});

describe('tshark on the wire to SIPp', () => {
  it('sees audio and events under the payload types that the answer named', async () => {
    const sipp = await Sipp.callee(2, ['-sf', scenario('other-payload-types'), '-mp', String(SIPP_MEDIA_PORT)]);
    const capture = await Capture.start(sipp.port, `${SIPP_MEDIA_PORT}-${SIPP_MEDIA_PORT + 1}`);
    const { summary, records } = await runProfile(`
name: payload-types
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: 4, for: 500ms }]
calls: { hold: 2s, codecs: [PCMU, PCMA], dtmf: { digits: "59", after: 500ms } }
media: { rtpPorts: ${OWN_RTP_PORTS} }
`).finally(() => capture.stop());
    expect(await sipp.ended).toBe(0);
    expect(summary.calls.completed).toBe(2);
    const packets = capture.rows('rtp', ['udp.srcport', 'rtp.p_type', 'rtp.marker', 'rtpevent.event_id']);
    for (const record of records) {
      expect(record.codec).toBe('PCMA');
      const sent = packets.filter(([from]) => Number(from) === portOf(record.localMedia));
      expect(sent).toHaveLength(record.uplink!.packetsSent!);
      expect([...new Set(sent.map(([, type]) => type))].sort()).toEqual(['8', '96']);
      const starts = sent.filter(([, type, marker]) => type === '96' && marker === '1');
      expect(starts.map(([, , , event]) => event)).toEqual(['5', '9']);
      expect(record.dtmf!.uplink).toMatchObject({ sent: '59', heard: null });
    }
    expect(summary.dtmf.uplink).toMatchObject({ sent: 4, received: null, lost: null });
  });
});

/** Median of the differences between delays as the records have them and as the wire has them, ours less the wire's. */
function delayErrors(records: readonly CallRecord[], wire: Capture): { srd: number; setup: number; sdd: number } {
  const rows = wire.rows('sip.Call-ID', [
    'sip.Call-ID',
    'sip.Method',
    'sip.Status-Code',
    'sip.CSeq.method',
    'frame.time_epoch',
  ]);
  const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const error = (from: [string, string], to: [string, string], ours: (record: CallRecord) => number): number =>
    median(
      records.map((record) => {
        const at = ([message, method]: [string, string]): number =>
          Number(
            rows.find(
              ([id, m, status, of]) => id === record.sipCallIds[0] && (m || status) === message && of === method,
            )![4],
          ) * 1000;
        return ours(record) - (at(to) - at(from));
      }),
    );
  return {
    srd: error(['INVITE', 'INVITE'], ['180', 'INVITE'], ({ timings: t }) => t.provisionalMs! - t.inviteMs!),
    setup: error(['INVITE', 'INVITE'], ['200', 'INVITE'], ({ timings: t }) => t.finalMs! - t.inviteMs!),
    sdd: error(['BYE', 'BYE'], ['200', 'BYE'], ({ timings: t }) => t.byeFinalMs! - t.byeMs!),
  };
}

const DIGITS = '0123456789*#';

/** The packets of events by SSRC, as `digitsOf` takes them. */
function eventsOf(wire: Capture): Map<number, number[][]> {
  const rows = wire.rows('rtpevent', [
    'rtp.ssrc',
    'rtp.timestamp',
    'rtp.seq',
    'rtp.marker',
    'rtpevent.event_id',
    'rtpevent.end_of_event',
    'rtpevent.duration',
    'rtpevent.reserved',
  ]);
  const bySource = new Map<number, number[][]>();
  for (const [ssrc, ...fields] of rows)
    bySource.set(Number(ssrc), [...(bySource.get(Number(ssrc)) ?? []), fields.map(Number)]);
  return bySource;
}

/**
 * Reads the events of one stream by RFC 4733 and writes each as `digit:duration`; a fault in one stands in its place.
 *
 * @param perPacket timestamp units of a packet interval
 */
function digitsOf(packets: number[][], perPacket: number): string {
  const events = new Map<number, number[][]>();
  for (const packet of packets) events.set(packet[0], [...(events.get(packet[0]) ?? []), packet]);
  return [...events.values()]
    .map((event) => {
      const digit = DIGITS[event[0][3]];
      const ends = event.filter((packet) => packet[4] === 1);
      const final = ends[0]?.[5];
      for (const [i, [, sequence, marker, code, , duration, reserved]] of event.entries()) {
        if (code !== event[0][3]) return `${digit} turns into another event`;
        if (reserved !== 0) return `${digit} has its reserved bit set`;
        // 2.5.1.1: the marker on the first packet only; sequence numbers go on.
        if (marker !== (i === 0 ? 1 : 0)) return `${digit} has a marker of ${marker} on packet ${i}`;
        if (sequence !== ((event[0][1] + i) & 0xffff)) return `${digit} skips a sequence number`;
        // 2.3.5: the duration since the event's timestamp, in whole packet intervals until the end. One that a busy machine
        // let pass is left out.
        const before = i === 0 ? 0 : event[i - 1][5];
        const isGrown = duration > before && duration % perPacket === 0;
        if (!isGrown && duration !== final) return `${digit} has a duration of ${duration} on packet ${i}`;
      }
      // 2.5.1.4: the last packet three times, with one duration.
      if (ends.length !== 3 || event.slice(-3).some((packet) => packet[4] !== 1)) return `${digit} has no three ends`;
      return `${digit}:${final}`;
    })
    .join(' ');
}
