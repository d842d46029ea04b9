import { expect, test } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { endPhonesAndServers, of, phone } from './phone-server.js';

endPhonesAndServers();

test.each([false, true])(
  'baresip reports on what a run sends it, and takes its reports: on one port %s',
  async (mux) => {
    const alice = await phone('udp', undefined, 'answermode=auto', ...(mux ? ['rtcp_mux=yes'] : []));
    const { summary, records } = await runProfile(`
name: baresip
target: "${of(alice, 'udp')}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 14s }
media: { rtpPorts: 24000-24499, rtcp: { mux: ${mux} } }
impairment: { uplink: [{ kind: loss, ratio: 10% }] }
`);
    await alice.event('CALL_CLOSED');
    expect(summary.calls).toMatchObject({ attempted: 1, completed: 1 });
    const [record] = records;
    const { rtcp, uplink, downlink } = record;
    expect(rtcp).toMatchObject({ malformed: 0, wrongSource: 0, looped: 0, verdict: { state: 'ok', cause: null } });
    expect(uplink).toMatchObject({ heard: null, evidence: 'rtcp' });
    // Its view of the uplink is near the truth at the time of its last report.
    const { farEnd } = rtcp!;
    expect(farEnd!.packetsExpected).toBeGreaterThan(200);
    expect(farEnd!.lossRatio).toBeGreaterThan(0.04);
    expect(farEnd!.lossRatio).toBeLessThan(0.18);
    expect(record.impairment!.uplink.dropped).toBeGreaterThanOrEqual(farEnd!.cumulativeLost);
    expect(downlink!.heard!.mos).toMatchObject({ delaySource: 'rtcp' });
    expect(downlink!.heard!.mos!.cq).toBeGreaterThan(3);
    expect(summary.media.rtcp).toMatchObject({ calls: 1, farEnd: { calls: 1 }, disagreements: { calls: 0 } });
    expect(summary.media.rtcp.roundTripMs!.p50).toBeLessThan(200);
    expect(summary.media.unknown.uplink).toBe(0);
  },
);
