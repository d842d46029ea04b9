import fc from 'fast-check';
import {
  CompoundPacket,
  ReceiverReportPacket,
  ReceptionReport,
  type SdesPacket,
  SenderReportPacket,
  XrPacket,
} from 'rtp.js/packets';
import { describe, expect, it } from 'vitest';
import { RTCP_INTERVAL_MS, RtcpSession } from '../../src/rtp/rtcp-session.js';
import type { VoipMetrics } from '../../src/rtp/voip-metrics.js';

fc.configureGlobal({ seed: 20_260_101 });

const UTC = Date.UTC(2026, 0, 1);
const SENDER = { packets: 50, octets: 8000, rtpTimestamp: 4_000_000_000 };

function session(ssrc: number, startMs = 0, utcOffsetMs = UTC): RtcpSession {
  return new RtcpSession(ssrc, `${ssrc}@test`, 8000, utcOffsetMs, ssrc, startMs);
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function take(to: RtcpSession, view: DataView, nowMs: number): void {
  const bytes = bytesOf(view);
  to.receive(bytes, 0, bytes.length, nowMs);
}

/** The bytes themselves: 24 bits in two's complement. */
function lostOf(block: ReceptionReport): number {
  return (block.getView().getInt32(4) << 8) >> 8;
}

function packetsOf(view: DataView): ReturnType<CompoundPacket['getPackets']> {
  return new CompoundPacket(view).getPackets();
}

const METRICS: VoipMetrics = {
  lossRatio: 0.05,
  discardRatio: 0.01,
  burstDensity: 0.25,
  gapDensity: 0.04,
  burstDurationMs: 120,
  gapDurationMs: 520,
  roundTripMs: 61,
  endSystemDelayMs: 80,
  signalLevelDbm0: -23,
  noiseLevelDbm0: null,
  conceals: false,
  gmin: 16,
  rFactor: 84.4,
  mosLq: 4.17,
  mosCq: null,
  jitterBuffer: { isAdaptive: true, nominalMs: 48, maximumMs: 90, absoluteMaximumMs: 200 },
};

describe('The reports of a call', () => {
  it('are due 2.5 s after the start on average and then every 5 s, spread and compensated as RFC 3550 6.3.1 says', () => {
    const mean = RTCP_INTERVAL_MS / (Math.E - 1.5);
    let first = 0;
    let next = 0;
    const count = 4000;
    for (let i = 0; i < count; i++) {
      const rtcp = session(i + 1, 1000);
      expect(rtcp.dueMs - 1000).toBeGreaterThanOrEqual(mean / 4);
      expect(rtcp.dueMs - 1000).toBeLessThan((3 * mean) / 4);
      first += rtcp.dueMs - 1000;
      rtcp.compose(9000, null, null, null, false);
      expect(rtcp.dueMs - 9000).toBeGreaterThanOrEqual(mean / 2);
      expect(rtcp.dueMs - 9000).toBeLessThan((3 * mean) / 2);
      next += rtcp.dueMs - 9000;
    }
    expect(first / count / (mean / 2)).toBeCloseTo(1, 1);
    expect(next / count / mean).toBeCloseTo(1, 1);
  });

  it('are a sender report with SDES where something was sent, and a receiver report where nothing was', () => {
    const [sender, description] = packetsOf(session(7).compose(1500, SENDER, null, null, false));
    expect(sender).toBeInstanceOf(SenderReportPacket);
    const report = sender as SenderReportPacket;
    expect(report.getNtpSeconds()).toBe(UTC / 1000 + 2_208_988_800 + 1);
    expect(report.getNtpFraction()).toBe(0x80000000);
    expect(report.getRtpTimestamp()).toBe(4_000_000_000);
    expect([report.getPacketCount(), report.getOctetCount()]).toEqual([50, 8000]);
    expect((description as SdesPacket).getChunks()[0].getItems()).toEqual([{ type: 1, text: '7@test' }]);

    const quiet = packetsOf(session(7).compose(1500, { ...SENDER, packets: 0 }, null, null, true));
    expect(quiet[0]).toBeInstanceOf(ReceiverReportPacket);
    expect(quiet.at(-1)?.getPacketType()).toBe(203);
  });

  it('say what was lost since the last one and in all, duplicates counted as received (RFC 3550 A.3)', () => {
    const rtcp = session(7);
    const reception = { ssrc: 9, expected: 100, received: 75, extendedHighest: 70_000, jitterUnits: 12.9 };
    const blockOf = (view: DataView) => (packetsOf(view)[0] as ReceiverReportPacket).getReports()[0];
    const first = blockOf(rtcp.compose(0, null, reception, null, false));
    expect([first.getSsrc(), first.getFractionLost(), lostOf(first)]).toEqual([9, 64, 25]);
    expect([first.getHighestSeqNumber(), first.getJitter()]).toEqual([70_000, 12]);
    expect([first.getLastSRTimestamp(), first.getDelaySinceLastSR()]).toEqual([0, 0]);
    const second = blockOf(rtcp.compose(0, null, { ...reception, expected: 200, received: 205 }, null, false));
    expect([second.getFractionLost(), lostOf(second)]).toEqual([0, -5]);
  });

  it('are well-formed with and without each of their parts, whatever the name', () => {
    const reception = { ssrc: 9, expected: 5, received: 4, extendedHighest: 6, jitterUnits: 1 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (length, isSender, isReceiver, isExtended, isLast) => {
          const name = 'n'.repeat(length);
          const view = new RtcpSession(7, name, 8000, UTC, 1, 0).compose(
            1500,
            isSender ? SENDER : null,
            isReceiver ? reception : null,
            isExtended ? METRICS : null,
            isLast,
          );
          const packets = packetsOf(view);
          const types = [isSender ? 200 : 201, 202];
          if (isExtended && isReceiver) types.push(207);
          if (isLast) types.push(203);
          expect(packets.map((packet) => packet.getPacketType())).toEqual(types);
          expect(packets.reduce((sum, packet) => sum + packet.getByteLength(), 0)).toBe(view.byteLength);
          expect((packets[0] as SenderReportPacket).getReports()).toHaveLength(isReceiver ? 1 : 0);
          const [{ text }] = (packets[1] as SdesPacket).getChunks()[0].getItems();
          expect(text).toBe(name.slice(0, 255));
        },
      ),
    );
  });

  it('bring the round trip to both ends, without the time that a report waited', () => {
    const near = session(1, 0, UTC);
    // The far end's clock is an hour off: only differences at one end count.
    const far = session(2, 0, UTC + 3_600_000);
    take(far, near.compose(1000, SENDER, null, null, false), 1030);
    take(
      near,
      far.compose(
        5030,
        SENDER,
        { ssrc: 1, expected: 10, received: 9, extendedHighest: 19, jitterUnits: 40 },
        null,
        false,
      ),
      5070,
    );
    const { roundTripMs, farEnd } = near.report();
    expect(roundTripMs?.samples).toBe(1);
    expect(roundTripMs?.mean).toBeCloseTo(70, 1);
    expect(farEnd).toEqual({
      reports: 1,
      cumulativeLost: 1,
      extendedHighest: 19,
      jitterMs: 5,
      jitterMaxMs: 5,
      fractionLostMax: 25 / 256,
    });
    expect(far.report().roundTripMs).toBeNull();
  });

  it.each([0, 4095, 4096, 8_388_607, -1, -5000, -8_388_608])('bring a cumulative loss of %d to the far end', (lost) => {
    const near = session(1);
    const far = session(2);
    const reception = {
      ssrc: 1,
      expected: 10_000_000,
      received: 10_000_000 - lost,
      extendedHighest: 1,
      jitterUnits: 0,
    };
    take(near, far.compose(0, SENDER, reception, null, false), 1);
    expect(near.report().farEnd?.cumulativeLost).toBe(lost);
  });

  it('agree with the example of RFC 3550 6.4.1: 6.125 s', () => {
    // A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 5.25 s.
    const seconds = 0xb710 + 0x10000 * Math.floor((UTC / 1000 + 2_208_988_800) / 0x10000) - 2_208_988_800 + 0.5;
    const rtcp = session(1, 0, 0);
    const block = new ReceptionReport();
    block.setSsrc(1);
    block.setLastSRTimestamp(0xb7052000);
    block.setDelaySinceLastSR(0x00054000);
    const report = new ReceiverReportPacket();
    report.setSsrc(2);
    report.addReport(block);
    report.serialize();
    take(rtcp, report.getView(), seconds * 1000);
    expect(rtcp.report().roundTripMs?.mean).toBeCloseTo(6125, 1);
  });

  it('carry VoIP metrics both ways to the resolution of RFC 3611', () => {
    const near = session(1);
    const far = session(2);
    const reception = { ssrc: 2, expected: 10, received: 10, extendedHighest: 9, jitterUnits: 0 };
    const view = near.compose(0, SENDER, reception, METRICS, false);
    expect(packetsOf(view)[2]).toBeInstanceOf(XrPacket);
    take(far, view, 1);
    expect(far.report().voipMetrics).toEqual({
      ...METRICS,
      lossRatio: 12 / 256,
      discardRatio: 2 / 256,
      burstDensity: 64 / 256,
      gapDensity: 10 / 256,
      rFactor: 84,
      mosLq: 4.2,
    });
  });

  it('that come back from an echo tell nothing', () => {
    const rtcp = session(1);
    const reception = { ssrc: 1, expected: 10, received: 5, extendedHighest: 9, jitterUnits: 9 };
    take(rtcp, rtcp.compose(0, SENDER, reception, METRICS, false), 1);
    expect(rtcp.report()).toMatchObject({ looped: 1, farEnd: null, roundTripMs: null, voipMetrics: null });
  });

  it('that are none are counted, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, dressed) => {
        const rtcp = session(1);
        const bytes = noise.slice();
        if (dressed && bytes.length > 2) {
          bytes[0] = 0x80 | (bytes[0] & 0x3f);
          bytes[1] = 200 + (bytes[1] & 7);
        }
        rtcp.receive(bytes, 0, bytes.length, 5);
        const { received, malformed } = rtcp.report();
        expect(received + malformed).toBe(1);
      }),
      { numRuns: 3000 },
    );
  });

  it('cut short anywhere never do more than count as malformed', () => {
    const reception = { ssrc: 2, expected: 10, received: 10, extendedHighest: 9, jitterUnits: 0 };
    const whole = bytesOf(session(2).compose(0, SENDER, reception, METRICS, true)).slice();
    let malformed = 0;
    for (let length = 0; length < whole.length; length++) {
      const rtcp = session(1);
      rtcp.receive(whole, 0, length, 5);
      malformed += rtcp.report().malformed;
    }
    expect(malformed).toBeGreaterThan(whole.length / 2);
  });
});
