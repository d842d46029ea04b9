import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

const base = `
name: rtcp
seed: 5
load: [{ shape: constant, cps: 10, for: 500ms }]
calls: { hold: 9s }
trunk: { ringAfter: 10ms, answerAfter: 50ms }
`;

describe('RTCP of a run', () => {
  it('tells by the far ends reports what the path did to the uplink, and nothing of the kind about the downlink', async () => {
    const { summary, records } = await runProfile(`${base}
media: { rtpPorts: 20000-20199 }
impairment: { uplink: [{ kind: loss, ratio: 5% }, { kind: delay, base: 40ms, keepOrder: true }] }
gates: [media.rtcp.farEnd.lossRatio > 1%, media.rtcp.roundTripMs.p50 < 30, media.rtcp.farEnd.mosLq.p50 > 2]
`);
    expect(summary.gates.map(({ pass }) => pass)).toEqual([true, true, true]);
    expect(summary.media.rtcp).toMatchObject({ calls: 5, malformed: 0, wrongSource: 0, farEnd: { calls: 5 } });
    // Two views of the same loss, which differ by what came after the last report.
    expect(summary.media.rtcp.disagreements).toEqual({ calls: 0, byKind: {} });
    for (const { rtcp, uplink, impairment } of records) {
      const { farEnd, voipMetrics, roundTripMs } = rtcp!;
      // The truth of the first seconds: no more was lost by then than in the end.
      expect(farEnd!.cumulativeLost).toBeLessThanOrEqual(uplink!.heard!.packetsLost);
      expect(farEnd!.cumulativeLost).toBeLessThanOrEqual(impairment!.uplink.dropped);
      expect(Math.abs(farEnd!.lossRatio! - uplink!.heard!.lossRatio!)).toBeLessThan(0.04);
      expect(voipMetrics!.lossRatio).toBeCloseTo(farEnd!.lossRatio!, 1);
      // What the path delays is RTP alone.
      expect(roundTripMs!.min).toBeLessThan(20);
      expect(uplink).toMatchObject({ evidence: 'own-end' });
    }
    expect(records.reduce((sum, { rtcp }) => sum + rtcp!.farEnd!.cumulativeLost, 0)).toBeGreaterThan(20);
  });

  it('is not there where it is switched off: a gate on it fails as not measured', async () => {
    const { summary, records } = await runProfile(`${base.replace('9s', '4s')}
media: { rtpPorts: 20200-20399, rtcp: { enabled: false } }
gates: [media.rtcp.roundTripMs.p50 < 30]
`);
    expect(summary.media.rtcp).toMatchObject({ calls: 0, sent: 0, received: 0, roundTripMs: null });
    expect(summary.gates[0]).toMatchObject({ pass: false, observed: null, reason: 'not measured' });
    expect(records.map(({ rtcp }) => rtcp)).toEqual([null, null, null, null, null]);
  });
});
