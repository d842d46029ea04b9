import { describe, expect, it } from 'vitest';
import type { Lease, MediaRemote } from '../../src/media/link/messages.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

const CALLS = 20;
const ids = Array.from({ length: CALLS }, (_, call) => call);

/** The far end as its description has it: one port for all, the SSRC announced. */
function announcedBy({ rtpPort, rtcpPort, ssrc }: Lease, more: Partial<MediaRemote> = {}): MediaRemote {
  const rtcp = { address: ADDRESS, port: rtcpPort, mux: false };
  return remoteAt(rtpPort, { rtcp, ssrcs: [ssrc!], ...more });
}

function openCalls(planes: TwoPlanes, more: Partial<MediaRemote> = {}): { near: Lease; far: Lease }[] {
  const leases = ids.map((call) => planes.open(call, { rtcp: { xr: false } }));
  for (const [call, { near, far }] of leases.entries()) {
    planes.near.plane.connect(call, announcedBy(far, more), true, planes.clock.now());
    planes.far.plane.connect(call, announcedBy(near, more), true, planes.clock.now());
  }
  return leases;
}

describe('calls that share one port pair on each side', () => {
  it('are all heard, each its own far end and nothing else', () => {
    const planes = new TwoPlanes(true);
    const leases = openCalls(planes);
    expect(planes.net.ports.size).toBe(4);
    expect(new Set(leases.map(({ near }) => near.rtpPort)).size).toBe(1);
    expect(new Set(leases.map(({ near }) => near.ssrc)).size).toBe(CALLS);
    planes.run(4000);
    for (const call of ids) {
      const { near, far } = planes.close(call);
      for (const [heard, sent] of [
        [near.heard, far.sent],
        [far.heard, near.sent],
      ] as const) {
        expect(heard.ssrc).toBe(sent.ssrc);
        expect(heard.firstSequence).toBe(sent.firstSequence);
        // The near side closes first and hears no more.
        expect(heard.packetsReceived).toBeLessThanOrEqual(sent.packetsSent);
        expect(heard.packetsReceived).toBeGreaterThanOrEqual(200);
        expect(heard).toMatchObject({ packetsLost: 0, duplicates: 0, wrongSource: 0, ssrcChanges: 0 });
      }
    }
    expect(planes.near.plane.snapshot(planes.clock.now())).toMatchObject({ unattributed: 0, malformed: 0 });
    expect(planes.far.plane.snapshot(planes.clock.now())).toMatchObject({ unattributed: 0, malformed: 0 });
  });

  it.each([false, true])('tell RTCP apart, too, over a port of its own or that of RTP (mux %s)', (mux) => {
    const planes = new TwoPlanes(true);
    const leases = ids.map((call) => planes.open(call, { rtcp: { xr: false } }));
    for (const [call, { near, far }] of leases.entries()) {
      const to = (lease: Lease): MediaRemote =>
        announcedBy(lease, { rtcp: { address: ADDRESS, port: mux ? lease.rtpPort : lease.rtcpPort, mux } });
      planes.near.plane.connect(call, to(far), true, planes.clock.now());
      planes.far.plane.connect(call, to(near), true, planes.clock.now());
    }
    planes.run(12_000);
    for (const call of ids) {
      const { near, far } = planes.close(call);
      for (const report of [near, far]) {
        expect(report.rtcp!.received).toBeGreaterThan(0);
        expect(report.rtcp).toMatchObject({ malformed: 0, wrongSource: 0 });
        expect(report.rtcp!.farEnd).toMatchObject({ cumulativeLost: 0 });
      }
    }
  });

  it('hear their own echo from one port that announces nothing', () => {
    const planes = new TwoPlanes(true);
    const echo = planes.net.open('10.0.0.9', 7000);
    echo.onQueued = (bytes) => planes.net.inject(bytes, '10.0.0.9', 7000, ADDRESS, 20_000);
    const leases = ids.map((call) => planes.open(call));
    for (const call of ids)
      planes.near.plane.connect(call, { ...remoteAt(7000), address: '10.0.0.9' }, true, planes.clock.now());
    planes.run(2000);
    for (const call of ids) {
      planes.near.plane.close(call, planes.clock.now());
      planes.run(10);
      const { sent, heard } = planes.near.told.reports.get(call)!;
      expect(sent.ssrc).toBe(leases[call].near.ssrc);
      expect(heard).toMatchObject({ ssrc: sent.ssrc, packetsLost: 0, echo: true });
      expect(heard.packetsReceived).toBe(sent.packetsSent);
    }
    expect(planes.near.plane.snapshot(planes.clock.now()).unattributed).toBe(0);
  });

  it('count what is nobody’s, and mix it into no call', () => {
    const planes = new TwoPlanes(true);
    openCalls(planes);
    planes.run(1000);
    const stranger = new Uint8Array(172).fill(0xff);
    writeRtpHeader(stranger, 0, false, 0, 1, 160, 0x12345678);
    // From where the calls' far ends are, and from elsewhere; then something that is no RTP.
    planes.net.inject(stranger, ADDRESS, 30_000, ADDRESS, 20_000);
    planes.net.inject(stranger, '10.0.0.9', 7000, ADDRESS, 20_000);
    planes.net.inject(new Uint8Array(5), ADDRESS, 30_000, ADDRESS, 20_000);
    planes.run(1000);
    expect(planes.near.plane.snapshot(planes.clock.now())).toMatchObject({ unattributed: 2, malformed: 1 });
    for (const call of ids)
      expect(planes.close(call).near.heard).toMatchObject({ wrongSource: 0, malformed: 0, ssrcChanges: 0 });
  });

  it('go on when others end and their shares are forgotten', () => {
    const planes = new TwoPlanes(true);
    const leases = openCalls(planes);
    for (const call of ids.slice(1)) planes.near.plane.close(call, planes.clock.now());
    planes.run(3000);
    planes.near.plane.lease(1);
    planes.run(3000);
    const { near, far } = planes.close(0);
    expect(near.heard).toMatchObject({ ssrc: leases[0].far.ssrc, packetsLost: 0 });
    expect(near.heard.packetsReceived).toBeGreaterThanOrEqual(300);
    expect(far.heard.packetsLost).toBe(0);
    // What the others' far ends still send is nobody's by then.
    expect(planes.near.plane.snapshot(planes.clock.now()).unattributed).toBeGreaterThan(1000);
  });
});
