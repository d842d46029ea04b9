import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { runProfile } from '../support/run-profile.js';

describe('a run over IPv6', () => {
  it.each(['auto', 'dgram'])(
    'with its own trunk hears every packet and digit both ways, by the driver %s',
    async (driver) => {
      const { summary, records } = await runProfile(
        `
name: test
load: [{ shape: constant, cps: 4, for: 1s }]
media: { rtpPorts: 36500-36699, driver: ${driver} }
calls: { hold: 4s, dtmf: { digits: "15#", after: 1s } }
trunk: { channels: 20 }
`,
        { local: '::1' },
      );
      expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
      expect(summary.media.oneWay.calls).toBe(0);
      for (const record of records) {
        expect(record.trunk).toMatch(/^sip:\[::1\]:\d+$/);
        expect(record.localMedia).toMatch(/^\[::1\]:36[56]\d\d$/);
        expect(record.remoteMedia).toMatch(/^\[::1\]:36[56]\d\d$/);
        expect(record.dtmf!.uplink).toMatchObject({ sent: '15#', heard: '15#' });
        for (const { heard, packetsSent } of [record.uplink!, record.downlink!]) {
          expect(heard).toMatchObject({ packetsLost: 0, wrongSource: 0, malformed: 0, verdict: { state: 'ok' } });
          expect(heard!.packetsReceived).toBeGreaterThan(150);
          expect(heard!.packetsReceived).toBeLessThanOrEqual(packetsSent!);
        }
      }
    },
  );

  it('sends SRTP, RTCP and latches as over IPv4', async () => {
    const { records } = await runProfile(
      `
name: test
load: [{ shape: constant, cps: 2, for: 1s }]
media: { rtpPorts: 36700-36799, rtcp: { mux: true } }
calls: { hold: 7s, srtp: [AES_CM_128_HMAC_SHA1_80], latch: follow }
trunk: { channels: 20, srtp: [AES_CM_128_HMAC_SHA1_80], latch: first }
`,
      { local: '::1' },
    );
    expect(records).toHaveLength(2);
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'completed', latchedMedia: null, oneWay: null });
      expect(record.uplink!.heard).toMatchObject({ packetsLost: 0, wrongSource: 0, verdict: { state: 'ok' } });
      expect(record.downlink!.heard).toMatchObject({ packetsLost: 0, wrongSource: 0, verdict: { state: 'ok' } });
      expect(record.rtcp!.roundTripMs).not.toBeNull();
    }
  });

  it.each([
    ['--advertise 192.0.2.7', '', { advertise: '192.0.2.7' }],
    ['media.addresses 127.0.0.2', 'media: { addresses: [127.0.0.2] }\n', {}],
  ])('is refused with %s before anything is sent', async (where, more, options) => {
    const yaml = `name: test\nload: [{ shape: constant, cps: 1, for: 1s }]\n${more}`;
    const refused: unknown = await runProfile(yaml, { local: '::1', ...options }).catch((error) => error);
    expect(refused).toMatchObject({ code: 'ARGUMENT_INVALID', detail: { where } });
    expect((refused as AppError).format()).toContain('an IPv6 address, as ::1 is one');
  });

  it('to an address of the other family is refused before anything is sent', async () => {
    const run = runProfile('name: test\ntarget: sip:[::1]:5060\nload: [{ shape: constant, cps: 1, for: 1s }]\n', {
      local: '127.0.0.1',
    });
    const refused: unknown = await run.catch((error) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect((refused as AppError).code).toBe('ADDRESS_UNUSABLE');
    expect((refused as AppError).format()).toContain('different families');
  });
});
