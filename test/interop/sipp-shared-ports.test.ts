import { expect, it } from 'vitest';
import { expectTone, runRecorded } from './recordings.js';
import { endSippAfterEach, Sipp } from './sipp.js';

endSippAfterEach();

const CALLS = 20;
/** Of its own: another file's run may have ports about that which SIPp takes elsewhere. */
const ECHO_PORT = 17_400;

it('calls that share one port are told apart when SIPp echoes all of them from one port', async () => {
  const sipp = await Sipp.callee(CALLS, ['-sn', 'uas', '-rtp_echo', '-mp', String(ECHO_PORT)]);
  const { summary, records, recorded } = await runRecorded(`
name: shared
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: 20, for: 1s }]
calls: { hold: 3s, codecs: [PCMU], audio: "tone:1100" }
media: { rtpPorts: 17200-17299, sharedPorts: true, record: { calls: 3 } }
`);
  expect(await sipp.ended).toBe(0);
  expect(records).toHaveLength(CALLS);
  expect(new Set(records.map(({ localMedia }) => localMedia)).size).toBe(1);
  expect(new Set(records.map(({ remoteMedia }) => remoteMedia)).size).toBe(1);
  expect(new Set(records.map(({ downlink }) => downlink!.heard!.ssrc)).size).toBe(CALLS);
  for (const { farEnd, downlink } of records) {
    const { packetsSent, heard } = downlink!;
    expect(farEnd).toBe('echo');
    expect(heard).toMatchObject({ echo: true, ssrcChanges: 0, wrongSource: 0, duplicates: 0 });
    expect(heard!.packetsReceived).toBeGreaterThan(75);
    expect(packetsSent! - heard!.packetsReceived - heard!.earlyMedia).toBeLessThanOrEqual(25);
    expect(Math.abs(heard!.levelDbov! + 26)).toBeLessThan(0.5);
  }
  expect(recorded.size).toBe(3);
  for (const recording of recorded.values()) expectTone(recording, 1100);
  expect(summary.media.unattributed).toBe(0);
});
