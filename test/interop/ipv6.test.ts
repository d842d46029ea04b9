import { afterEach, describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { freePort } from './ports.js';
import { endSippAfterEach, SIPP_MEDIA_PORT, Sipp } from './sipp.js';
import { Capture } from './tshark.js';

/** Outside the default range, so that no other run on the machine is captured. */
const RTP_PORTS = '12400-12599';

endSippAfterEach();

let capture: Capture | null = null;
afterEach(() => {
  capture?.remove();
  capture = null;
});

describe('media over IPv6', () => {
  it('is echoed by SIPp, which both counts and hears as over IPv4', async () => {
    const sipp = await Sipp.callee(8, [
      '-sn',
      'uas',
      '-i',
      '::1',
      '-mi',
      '::1',
      '-rtp_echo',
      '-mp',
      String(SIPP_MEDIA_PORT),
    ]);
    const { summary, records } = await runProfile(`
name: sipp-ipv6
target: sip:test@[::1]:${sipp.port}
load: [{ shape: constant, cps: 8, for: 1s }]
calls: { hold: 3s }
media: { rtpPorts: ${RTP_PORTS} }
`);
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 8, failed: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ attempted: 8, completed: 8 });
    expect(summary.media.label).toBe('loop');
    for (const record of records) {
      expect(record.remoteMedia).toBe(`[::1]:${SIPP_MEDIA_PORT}`);
      const heard = record.downlink!.heard!;
      expect(heard).toMatchObject({ echo: true, packetsLost: 0, wrongSource: 0, verdict: { state: 'ok' } });
      expect(heard.packetsReceived).toBeGreaterThan(130);
    }
  });

  it('is what tshark sees on the wire: as many packets, losses and as much jitter as both ends heard', async () => {
    const sipPort = await freePort();
    capture = await Capture.start(sipPort, RTP_PORTS);
    const { records } = await runProfile(
      `
name: tshark-ipv6
load: [{ shape: constant, cps: 6, for: 1s }]
calls: { hold: 4s }
media: { rtpPorts: ${RTP_PORTS}, rtcp: { enabled: false } }
impairment: { uplink: [{ kind: loss, ratio: 5%, burst: 2 }] }
`,
      { sipPort, local: '::1' },
    );
    await capture.stop();
    expect(records).toHaveLength(6);
    const streams = capture.streams();
    expect(streams).toHaveLength(12);
    for (const record of records) {
      for (const { heard } of [record.uplink!, record.downlink!]) {
        const wire = streams.find((stream) => stream.ssrc === heard!.ssrc)!;
        expect(wire.packets).toBe(heard!.packetsReceived + heard!.earlyMedia);
        expect(wire.lost).toBe(heard!.rfc3550CumulativeLost);
        expect(Math.abs(wire.jitterMs - heard!.jitterMs!)).toBeLessThanOrEqual(Math.max(0.1, wire.jitterMs * 0.02));
      }
      expect(record.uplink!.heard!.packetsLost).toBe(record.impairment!.uplink.droppedWithin);
    }
    expect(capture.rows('_ws.malformed || _ws.expert.severity >= "Warning"', ['frame.number'])).toEqual([]);
    expect(capture.rows('rtp && !ipv6', ['frame.number'])).toEqual([]);
  });
});
