import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

describe('digits of a run', () => {
  it('go each way by a method of its own: as tones one way, by INFO the other', async () => {
    const { summary, records } = await runProfile(`
name: test
load: [{ shape: constant, cps: 3, for: 1s }]
media: { rtpPorts: 45000-45199 }
calls: { hold: 4s, dtmf: { digits: "15#", method: inband, after: 1s, tone: 80ms, gap: 80ms, level: -14, twist: 2, late: 300ms } }
trunk: { channels: 10, dtmf: { digits: "*0A", method: info-dtmf-relay, after: 500ms, tone: 60ms, gap: 100ms } }
`);
    expect(summary.calls).toMatchObject({ attempted: 3, completed: 3 });
    expect(summary.dtmf.uplink).toMatchObject({ sent: 9, received: 9, lost: 0, duplicated: 0, wrong: 0 });
    expect(summary.dtmf.downlink).toMatchObject({ sent: 9, received: 9, lost: 0, late: 0, unended: 0 });
    for (const { dtmf, answeredMs } of records) {
      expect(dtmf!.uplink).toMatchObject({ sent: '15#', heard: '15#' });
      for (const digit of dtmf!.uplink.digits) {
        expect(digit).toMatchObject({ method: 'inband', status: null, packets: null });
        expect(Math.abs(digit.volumeDbm0! + 14)).toBeLessThan(1);
        expect(Math.abs(digit.twistDb! - 2)).toBeLessThan(1);
        expect(Math.abs(digit.heardDurationMs! - 80)).toBeLessThan(8);
        expect(digit.sentMs! - answeredMs!).toBeGreaterThan(900);
        expect(digit.delayMs!).toBeGreaterThan(40);
      }
      expect(dtmf!.downlink).toMatchObject({ sent: '*0A', heard: '*0A' });
      for (const digit of dtmf!.downlink.digits)
        expect(digit).toMatchObject({
          ...{ result: 'received', method: 'info-dtmf-relay', status: 200 },
          ...{ sentDurationMs: 60, heardDurationMs: 60, volumeDbm0: null, packets: null },
        });
    }
  });

  it('by INFO are lost where the far end does not hear them, and a method of the audio is heard beside them', async () => {
    const { summary, records } = await runProfile(`
name: test
load: [{ shape: constant, cps: 2, for: 1s }]
media: { rtpPorts: 45200-45399 }
calls: { hold: 2s, dtmf: { digits: "12", method: info-dtmf, after: 300ms } }
trunk: { channels: 10, faults: { ignoreDtmf: 50% }, dtmf: { digits: "7", level: -30, after: 300ms } }
`);
    expect(summary.dtmf.uplink).toMatchObject({ sent: 4, received: 2, lost: 2, lossRatio: 0.5, callsAffected: 1 });
    expect(summary.dtmf.downlink).toMatchObject({ sent: 2, received: 2 });
    for (const { dtmf } of records) {
      expect(dtmf!.uplink.digits).toMatchObject([{ method: 'info-dtmf', status: 200 }, { status: 200 }]);
      expect(dtmf!.downlink.digits).toMatchObject([{ method: 'rfc4733', volumeDbm0: -30, faults: [] }]);
    }
  });
});
