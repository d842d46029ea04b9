import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { type CapturedRun, capturedRun } from './captured-run.js';
import type { Capture } from './tshark.js';

const CALLS = 4;

async function capturedCalls(media: string, more: string): Promise<CapturedRun> {
  const load = '[{ shape: constant, cps: 4, for: 1s }]';
  const run = await capturedRun(`name: rtcp\nload: ${load}\ncalls: { hold: 14s }\n${more}`, media);
  expect(run.summary.calls).toMatchObject({ attempted: CALLS, completed: CALLS });
  return run;
}

const portOf = (address: string | null): number => Number(address!.split(':')[1]);

interface Rtp {
  frame: number;
  sequence: number;
  payloadBytes: number;
}

/** RTP of one source, in the order of the wire. */
function rtpOf(wire: Capture): Map<number, Rtp[]> {
  const bySource = new Map<number, Rtp[]>();
  for (const [frame, ssrc, sequence, length] of wire.rows('rtp', [
    'frame.number',
    'rtp.ssrc',
    'rtp.seq',
    'udp.length',
  ])) {
    const packet = { frame: Number(frame), sequence: Number(sequence), payloadBytes: Number(length) - 8 - 12 };
    bySource.set(Number(ssrc), [...(bySource.get(Number(ssrc)) ?? []), packet]);
  }
  return bySource;
}

function expectWellFormed(wire: Capture): void {
  expect(wire.rows('rtcp && (_ws.malformed || _ws.expert.severity >= "Warning")', ['frame.number'])).toEqual([]);
  expect(wire.rows('udp && !sip && !rtp && !rtcp && !(data.data == "probe")', ['frame.number'])).toEqual([]);
  // Each compound begins with a report and has a CNAME (RFC 3550 6.1).
  const compounds = wire.rows('rtcp', ['rtcp.pt', 'rtcp.sdes.type']);
  for (const [types, items] of compounds) {
    expect(types).toMatch(/^20[01],202/);
    expect(items.split(',')).toContain('1');
  }
}

/** Every sender report counts what the wire had carried of its source by then. */
function expectCounts(wire: Capture, sources: readonly number[]): void {
  const rtp = rtpOf(wire);
  const reports = wire
    .rows('rtcp.pt == 200', ['frame.number', 'rtcp.senderssrc', 'rtcp.sender.packetcount', 'rtcp.sender.octetcount'])
    .map(([frame, ssrc, packets, octets]) => ({
      frame: Number(frame),
      ssrc: Number(ssrc.split(',')[0]),
      packets: Number(packets),
      octets: Number(octets),
    }))
    .filter(({ ssrc }) => sources.includes(ssrc));
  expect(reports.length).toBeGreaterThanOrEqual(3 * sources.length);
  for (const { frame, ssrc, packets, octets } of reports) {
    const sent = rtp.get(ssrc)!.filter((packet) => packet.frame < frame);
    expect(packets).toBe(sent.length);
    expect(octets).toBe(sent.reduce((sum, packet) => sum + packet.payloadBytes, 0));
  }
}

/** Round trips of the near side as tshark reckons them, in whole ms. */
function roundTrips(wire: Capture, record: CallRecord): number[] {
  const near = portOf(record.localMedia);
  return wire
    .rows(
      `rtcp.roundtrip-delay && (udp.dstport == ${near + 1} || udp.dstport == ${near})`,
      ['rtcp.roundtrip-delay'],
      ['-o', 'rtcp.show_roundtrip_calculation:TRUE', '-o', 'rtcp.roundtrip_min_threshhold:0'],
    )
    .map(([ms]) => Number(ms.split(',')[0]));
}

describe('tshark on the RTCP of a run', () => {
  it('finds it well-formed, counts what the sender reports count, and reckons the same loss and round trip', async () => {
    const { wire, records, summary } = await capturedCalls(
      '',
      'impairment: { uplink: [{ kind: loss, ratio: 5% }, { kind: delay, base: 40ms, keepOrder: true }] }',
    );
    expectWellFormed(wire);
    // What the path drops is sent for us and never was on the wire: the counts of our own are compared below.
    expectCounts(
      wire,
      records.map((record) => record.downlink!.heard!.ssrc!),
    );
    const rtp = rtpOf(wire);
    const blocks = wire
      .rows('rtcp.ssrc.identifier', [
        'rtcp.ssrc.identifier',
        'rtcp.ssrc.cum_nr',
        'rtcp.ssrc.high_seq',
        'rtcp.ssrc.high_cycles',
        'rtcp.ssrc.fraction',
      ])
      .map((row) => row.map((value) => Number(value.split(',')[0])));
    for (const record of records) {
      const uplink = record.uplink!.heard!;
      const sent = rtp.get(uplink.ssrc!)!;
      const about = blocks.filter(([ssrc]) => ssrc === uplink.ssrc);
      expect(about.length).toBeGreaterThanOrEqual(3);
      for (const [, lost, highest, cycles] of about) {
        expect(cycles).toBe(0);
        const heard = sent.filter((p) => p.sequence >= uplink.firstSequence! && p.sequence <= highest).length;
        expect(lost).toBe(highest - uplink.firstSequence! + 1 - heard);
      }
      const { farEnd, roundTripMs } = record.rtcp!;
      // What we read last is among what was on the wire.
      expect(about.map(([, lost, highest]) => [lost, highest])).toContainEqual([
        farEnd!.cumulativeLost,
        farEnd!.extendedHighest,
      ]);
      expect(farEnd!.fractionLostMax * 256).toBe(
        Math.max(...about.slice(0, farEnd!.reports).map(([, , , , fraction]) => fraction)),
      );
      const theirs = roundTrips(wire, record);
      // Where reports cross, tshark looks for the latest one alone.
      expect(Math.min(theirs.length, roundTripMs!.samples)).toBeGreaterThanOrEqual(2);
      // A busy machine may hold a report up between its timestamp and the wire: the quickest ones were not.
      const quickestMs = Math.min(...theirs);
      const label = `ours ${roundTripMs!.min} ms, tshark's ${quickestMs} ms`;
      expect(Math.abs(roundTripMs!.min - quickestMs), label).toBeLessThan(2);
    }
    const { farEnd } = summary.media.rtcp;
    expect(farEnd.calls).toBe(CALLS);
    expect(farEnd.lossRatio).toBeGreaterThan(0.02);
    expect(farEnd.lossRatio).toBeLessThan(0.09);
    // VoIP metrics in both directions, and BYE from whoever ends.
    expect(wire.rows('rtcp.xr.bt == 7', ['frame.number']).length).toBeGreaterThanOrEqual(4 * CALLS);
    expect(wire.rows('rtcp.pt == 203', ['frame.number']).length).toBe(2 * CALLS);
  });

  it('finds it on the port of RTP where both sides say so, beside the digits', async () => {
    const { wire, records, summary } = await capturedCalls(
      ', rtcp: { mux: true, xr: false }',
      'trunk: { dtmf: { digits: "123", after: 1s } }',
    );
    expectWellFormed(wire);
    expectCounts(
      wire,
      records.flatMap((record) => [record.uplink!.heard!.ssrc!, record.downlink!.heard!.ssrc!]),
    );
    expect(wire.rows('sdp.media_attr == "rtcp-mux"', ['frame.number']).length).toBe(2 * CALLS);
    const ports = wire.rows('rtcp', ['udp.srcport', 'udp.dstport']).flat().map(Number);
    expect(ports.filter((port) => port % 2 === 1)).toEqual([]);
    expect(wire.rows('rtcp.pt == 207', ['frame.number'])).toEqual([]);
    expect(summary.media.malformed).toBe(0);
    expect(summary.media.rtcp).toMatchObject({ calls: CALLS, malformed: 0, wrongSource: 0 });
    expect(summary.dtmf.downlink).toMatchObject({ sent: 3 * CALLS, received: 3 * CALLS });
  });
});
