import { ByePacket, CompoundPacket, type SenderReportPacket } from 'rtp.js/packets';
import { describe, expect, it } from 'vitest';
import { ssrcOf, writeRtpHeader } from '../../src/rtp/packet.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

const RTCP = { rtcp: { xr: false } };

/** A receiver report without a block. */
function emptyReport(ssrc: number): Uint8Array {
  return Uint8Array.of(0x80, 201, 0, 1, 0, 0, ssrc >> 8, ssrc & 0xff);
}

describe('RTCP of a call between two planes', () => {
  it('tells each end what the other one heard: what the path dropped, as RFC 3550 counts it', () => {
    const planes = new TwoPlanes();
    planes.net.latencyMs = 30;
    planes.call(1, RTCP, [
      { kind: 'loss', ratio: 0.05, burst: 1 },
      { kind: 'delay', base: 40, keepOrder: true },
    ]);
    planes.run(60_000);
    const { near, far } = planes.close(1);
    const { rtcp } = near;
    // The far end's last report says what it had heard by then; what it heard in all is its own record.
    expect(rtcp!.farEnd!.reports).toBeGreaterThanOrEqual(9);
    const expected = rtcp!.farEnd!.extendedHighest - near.sent.firstSequence + 1;
    expect(expected).toBeGreaterThan(2400);
    expect(rtcp!.farEnd!.cumulativeLost / expected).toBeCloseTo(far.heard.rfc3550CumulativeLost / 3000, 2);
    expect(near.truth.uplink.droppedWithin).toBe(far.heard.packetsLost);
    expect(rtcp!.farEnd!.fractionLostMax).toBeGreaterThan(0.05);
    expect(rtcp!.farEnd!.jitterMs).toBeLessThan(2);
    expect(far.rtcp!.farEnd).toMatchObject({ cumulativeLost: 0, fractionLostMax: 0 });
    // The wire alone: what the path adds to RTP it does not add to RTCP.
    for (const report of [near.rtcp!, far.rtcp!]) {
      expect(report.roundTripMs!.samples).toBeGreaterThanOrEqual(9);
      expect(report.roundTripMs!.min).toBeGreaterThan(59.9);
      expect(report.roundTripMs!.max).toBeLessThan(63);
      expect(report).toMatchObject({ malformed: 0, wrongSource: 0, looped: 0, unheardReports: 0 });
    }
    // The near side hung up first: it hears no BYE, and the far side's last report finds no call.
    expect([near.rtcp!.bye, far.rtcp!.bye]).toEqual([false, true]);
    expect(near.rtcp!.received).toBeLessThan(far.rtcp!.sent);
    expect(far.rtcp!.received).toBe(near.rtcp!.sent);
    expect(planes.near.plane.snapshot(planes.clock.now())).toMatchObject({
      rtcpReceived: far.rtcp!.sent,
      malformed: 0,
    });
  });

  it('reports VoIP metrics of what was heard, where they are asked for', () => {
    const planes = new TwoPlanes();
    planes.net.latencyMs = 100;
    planes.call(1, { rtcp: { xr: true } }, [{ kind: 'loss', ratio: 0.08, burst: 4 }]);
    planes.run(60_000);
    const { near, far } = planes.close(1);
    const { voipMetrics } = near.rtcp!;
    const { heard } = far;
    expect(heard.bursts.bursts).toBeGreaterThan(5);
    expect(voipMetrics!.lossRatio).toBeCloseTo(heard.lossRatio!, 1);
    expect(voipMetrics!.burstDensity).toBeCloseTo(heard.bursts.missing / heard.bursts.packets, 1);
    expect(voipMetrics!.rFactor).toBeCloseTo(heard.mos!.r, -1);
    expect(voipMetrics).toMatchObject({
      roundTripMs: 200,
      conceals: true,
      gmin: 16,
      jitterBuffer: { isAdaptive: false, nominalMs: 60 },
      endSystemDelayMs: 80,
    });
    // 100 ms of network, 60 of jitter buffer and 20 of packet: beyond the 100 ms at which delay begins to count.
    expect(voipMetrics!.mosCq).toBeLessThanOrEqual(voipMetrics!.mosLq!);
    expect(far.rtcp!.voipMetrics).toMatchObject({ lossRatio: 0, burstDensity: 0, burstDurationMs: 0 });
  });

  it('counts in its sender reports what was sent by then, digits among it', () => {
    const planes = new TwoPlanes();
    const { far } = planes.call(1, RTCP);
    planes.near.plane.sendDigits(1, '5', 100, 60);
    const reports: SenderReportPacket[] = [];
    const rtcpPort = planes.net.port(ADDRESS, far.rtcpPort);
    rtcpPort.onQueued = (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      reports.push(new CompoundPacket(view).getPackets()[0] as SenderReportPacket);
    };
    let octets = 0;
    let packets = 0;
    const seen: { packets: number; octets: number }[] = [];
    planes.net.port(ADDRESS, far.rtpPort).onQueued = (bytes) => {
      packets++;
      octets += bytes.length - 12;
    };
    for (let ms = 0; ms < 12_000; ms++) {
      planes.run(1);
      if (reports.length > seen.length) seen.push({ packets, octets });
    }
    expect(reports.length).toBeGreaterThanOrEqual(2);
    expect(reports.map((r) => ({ packets: r.getPacketCount(), octets: r.getOctetCount() }))).toEqual(seen);
    expect(octets).toBeLessThan(160 * packets);
    // RTP and NTP timestamps of two reports go on together: 8 units a ms.
    const [first, last] = [reports[0], reports.at(-1)!];
    const ntpMs = (r: SenderReportPacket): number => r.getNtpSeconds() * 1000 + (r.getNtpFraction() / 2 ** 32) * 1000;
    const units = (last.getRtpTimestamp() - first.getRtpTimestamp()) >>> 0;
    expect(units / 8).toBeCloseTo(ntpMs(last) - ntpMs(first), 0);
  });

  it('goes over the port of RTP where both ends said so', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1, RTCP);
    const at = (port: number) => remoteAt(port, { rtcp: { address: ADDRESS, port: port + 1, mux: true } });
    planes.near.plane.connect(1, at(far.rtpPort), true, planes.clock.now());
    planes.far.plane.connect(1, at(near.rtpPort), true, planes.clock.now());
    let onRtcpPort = 0;
    planes.net.port(ADDRESS, far.rtcpPort).onQueued = () => onRtcpPort++;
    planes.run(20_000);
    const { near: report, far: other } = planes.close(1);
    expect(onRtcpPort).toBe(0);
    expect(planes.near.plane.snapshot(planes.clock.now())).toMatchObject({
      rtcpReceived: other.rtcp!.sent,
      malformed: 0,
    });
    expect(report.rtcp!.received).toBe(other.rtcp!.sent - 1);
    expect(other.rtcp!.received).toBe(report.rtcp!.sent);
    expect(report.rtcp!.farEnd!.reports).toBeGreaterThanOrEqual(3);
    expect(report.heard).toMatchObject({ malformed: 0, wrongSource: 0, packetsLost: 0 });
  });

  it('goes where the far end takes it, and only what comes from there is read', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1, RTCP);
    planes.near.plane.connect(
      1,
      remoteAt(far.rtpPort, { rtcp: { address: '10.0.0.7', port: 4444, mux: false } }),
      true,
      planes.clock.now(),
    );
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.run(20_000);
    planes.net.inject(emptyReport(9), '10.0.0.7', 4444, ADDRESS, near.rtcpPort);
    planes.net.inject(Uint8Array.of(1, 2, 3), '10.0.0.7', 4444, ADDRESS, near.rtcpPort);
    planes.net.inject(Uint8Array.of(0x81, 201, 0, 9, 0, 0, 0, 7), '10.0.0.7', 4444, ADDRESS, near.rtcpPort);
    planes.run(10);
    const { near: report, far: other } = planes.close(1);
    expect(report.rtcp).toMatchObject({ received: 1, malformed: 2, wrongSource: other.rtcp!.sent - 1, farEnd: null });
    expect(other.rtcp).toMatchObject({ received: 0, roundTripMs: null, bye: false });
  });

  it('says nothing where the path lets nothing through', () => {
    const planes = new TwoPlanes();
    planes.call(1, RTCP, [{ kind: 'loss', ratio: 1, burst: 1 }]);
    planes.run(20_000);
    const { near, far } = planes.close(1);
    expect(near.rtcp).toMatchObject({ sent: 0, farEnd: null, roundTripMs: null });
    expect(near.rtcp!.received).toBeGreaterThanOrEqual(3);
    // It reports, and says nothing of us although we sent.
    expect(near.rtcp!.unheardReports).toBeGreaterThanOrEqual(3);
    expect(far.rtcp!.received).toBe(0);
  });

  it('tells nothing where the far end echoes: own reports are known by their SSRC', () => {
    const planes = new TwoPlanes();
    const { near } = planes.open(1, RTCP);
    for (const port of [near.rtpPort, near.rtcpPort]) {
      const to = planes.net.open('10.0.0.7', port);
      to.onQueued = (bytes) => planes.net.inject(bytes, '10.0.0.7', port, ADDRESS, port);
    }
    const echo = remoteAt(near.rtpPort, { address: '10.0.0.7' });
    planes.near.plane.connect(1, echo, true, planes.clock.now());
    planes.run(20_000);
    const { near: report } = planes.close(1);
    expect(report.heard.echo).toBe(true);
    expect(report.rtcp!.looped).toBe(report.rtcp!.received);
    expect(report.rtcp!.looped).toBeGreaterThanOrEqual(3);
    expect(report.rtcp).toMatchObject({ farEnd: null, roundTripMs: null, unheardReports: 0 });
  });

  it('is neither sent nor read where it is not asked for', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(20_000);
    const { near, far } = planes.close(1);
    expect([near.rtcp, far.rtcp]).toEqual([null, null]);
    expect(planes.far.plane.snapshot(planes.clock.now()).rtcpReceived).toBe(0);
  });

  it('spreads over time however many calls begin at once', () => {
    const planes = new TwoPlanes();
    for (let call = 1; call <= 60; call++) planes.call(call, RTCP);
    let most = 0;
    for (let ms = 0; ms < 6000; ms += 100) {
      const before = planes.near.plane.snapshot(planes.clock.now()).rtcpReceived;
      planes.run(100);
      most = Math.max(most, planes.near.plane.snapshot(planes.clock.now()).rtcpReceived - before);
    }
    expect(planes.near.plane.snapshot(planes.clock.now()).rtcpReceived).toBeGreaterThanOrEqual(60);
    expect(most).toBeLessThan(12);
  });

  it('goes on reporting on a stream after a packet of another source strayed into it', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.call(1, RTCP);
    planes.run(10_000);
    const stray = new Uint8Array(172).fill(0x20);
    writeRtpHeader(stray, 0, false, 0, 7, 77, 0x5757);
    planes.net.inject(stray, ADDRESS, far.rtpPort, ADDRESS, near.rtpPort);
    planes.run(30_000);
    const { near: us, far: them } = planes.close(1);
    expect(us.heard).toMatchObject({ ssrc: them.sent.ssrc, ssrcChanges: 1, packetsLost: 0 });
    expect(them.rtcp!.unheardReports).toBe(0);
    expect(them.rtcp!.farEnd!.extendedHighest - them.sent.firstSequence).toBeGreaterThan(1700);
  });

  it('says BYE for an SSRC that the far end has drawn too, and goes on with another one', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1, RTCP);
    const said: CompoundPacket[] = [];
    planes.net.port(ADDRESS, far.rtcpPort).onQueued = (bytes) =>
      said.push(new CompoundPacket(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
    const ssrcs = new Set<number>();
    planes.net.port(ADDRESS, far.rtpPort).onQueued = (bytes) => ssrcs.add(ssrcOf(bytes, 0));
    planes.near.plane.connect(1, remoteAt(far.rtpPort), true, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.run(10_000);
    const [first] = ssrcs;
    const before = said.length;
    const theirs = new Uint8Array(172).fill(0x20);
    writeRtpHeader(theirs, 0, false, 0, 7, 77, first);
    planes.net.inject(theirs, ADDRESS, far.rtpPort, ADDRESS, near.rtpPort);
    planes.run(20_000);
    const { near: us, far: them } = planes.close(1);
    const [, second] = ssrcs;
    expect(ssrcs.size).toBe(2);
    expect(us.sent.ssrc).toBe(second);
    const packets = said.map((compound) => compound.getPackets());
    const byes = packets.map((all) => all.filter((packet) => packet instanceof ByePacket).map((p) => p.getSsrcs()));
    expect(byes[before]).toEqual([[first]]);
    expect(byes.flat()).toEqual([[first], [second]]);
    const reports = packets.map(([report]) => report as SenderReportPacket);
    expect(reports.map((report) => report.getSsrc())).toEqual([
      ...Array(before + 1).fill(first),
      ...Array(said.length - before - 1).fill(second),
    ]);
    // Counts begin anew (RFC 3550, section 6.4.1).
    expect(reports[before].getPacketCount()).toBeGreaterThan(490);
    expect(reports[before + 1].getPacketCount()).toBeLessThan(490);
    expect(them.heard).toMatchObject({ ssrcChanges: 1, packetsLost: 0, ssrc: second });
    expect(us.heard).toMatchObject({ ssrcCollision: true, echo: false });
    // What the far end reports is of the second one.
    const { extendedHighest, cumulativeLost } = us.rtcp!.farEnd!;
    const expected = extendedHighest - us.sent.firstSequence + 1;
    expect([cumulativeLost, expected > 500, expected < 1010]).toEqual([0, true, true]);
  });
});
