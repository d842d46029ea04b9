import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

const CALLS = 20;

const profile = (ports: string, media: string): string => `
name: test
load: [{ shape: constant, cps: 10, for: 2s }]
calls: { hold: 3s, dtmf: { digits: "12#", after: 1s } }
media: { rtpPorts: ${ports}, sharedPorts: true${media} }
trunk: { channels: 50 }
`;

describe('a run whose calls share one port on each side', () => {
  it.each([
    ['auto', '17000-17099', ''],
    ['dgram, RTCP over the port of RTP', '17100-17199', ', driver: dgram, rtcp: { mux: true }'],
  ])('hears each call’s own far end both ways, and its digits (%s)', async (_, ports, media) => {
    const { summary, records } = await runProfile(profile(ports, media));
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered: CALLS, completed: CALLS });
    expect(new Set(records.map(({ localMedia }) => localMedia)).size).toBe(1);
    expect(new Set(records.map(({ remoteMedia }) => remoteMedia)).size).toBe(1);
    const heard = records.flatMap(({ uplink, downlink }) => [uplink!.heard!, downlink!.heard!]);
    // Every stream has an SSRC of its own, and no stream ever heard another one.
    expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(2 * CALLS);
    for (const report of heard)
      expect(report).toMatchObject({ packetsLost: 0, duplicates: 0, ssrcChanges: 0, wrongSource: 0, echo: false });
    let missing = 0;
    for (const { uplink, downlink, dtmf, rtcp } of records) {
      for (const { packetsSent, heard } of [uplink!, downlink!]) {
        expect(heard!.packetsReceived).toBeGreaterThan(75);
        expect(heard!.packetsReceived + heard!.earlyMedia).toBeLessThanOrEqual(packetsSent!);
        missing += packetsSent! - heard!.packetsReceived - heard!.earlyMedia;
      }
      expect(dtmf!.uplink).toMatchObject({ sent: '12#', heard: '12#' });
      expect(rtcp!.wrongSource + rtcp!.malformed).toBe(0);
    }
    // What came before its SDP was read is nobody's, and counted; the last two of a stream may be under way when it ends.
    expect(missing).toBeLessThanOrEqual(summary.media.unattributed! + 2 * 2 * CALLS);
    expect(summary.media.oneWay.calls).toBe(0);
    expect(summary.media.malformed).toBe(0);
  });
});
