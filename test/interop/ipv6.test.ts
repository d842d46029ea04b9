import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { capturedRun } from './captured-run.js';
import { OWN_RTP_PORTS } from './ports.js';
import { endSippAfterEach, SIPP_MEDIA_PORT, Sipp } from './sipp.js';

endSippAfterEach();

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
media: { rtpPorts: ${OWN_RTP_PORTS} }
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
    const { records, wire } = await capturedRun(
      `
name: tshark-ipv6
load: [{ shape: constant, cps: 6, for: 1s }]
calls: { hold: 4s }
impairment: { uplink: [{ kind: loss, ratio: 5%, burst: 2 }] }
`,
      ', rtcp: { enabled: false }',
      { local: '::1' },
    );
    expect(records).toHaveLength(6);
    const streams = wire.streams();
    expect(streams).toHaveLength(12);
    for (const record of records) {
      for (const { heard } of [record.uplink!, record.downlink!]) {
        const onWire = streams.find((stream) => stream.ssrc === heard!.ssrc)!;
        expect(onWire.packets).toBe(heard!.packetsReceived + heard!.earlyMedia);
        expect(onWire.lost).toBe(heard!.rfc3550CumulativeLost);
        expect(Math.abs(onWire.jitterMs - heard!.jitterMs!)).toBeLessThanOrEqual(Math.max(0.1, onWire.jitterMs * 0.02));
      }
      expect(record.uplink!.heard!.packetsLost).toBe(record.impairment!.uplink.droppedWithin);
    }
    expect(wire.rows('_ws.malformed || _ws.expert.severity >= "Warning"', ['frame.number'])).toEqual([]);
    expect(wire.rows('rtp && !ipv6', ['frame.number'])).toEqual([]);
  });
});
