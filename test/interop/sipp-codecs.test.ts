import { expect, it } from 'vitest';
import { CODECS, type CodecName } from '../../src/core/codecs.js';
import { sine } from '../audio/goertzel.js';
import { expectTone, runRecorded, TONE_AMPLITUDE } from './recordings.js';
import { endSippAfterEach, SIPP_MEDIA_PORT, Sipp, scenarioWith, writePayload } from './sipp.js';

endSippAfterEach();

const profile = (port: number, rtpPorts: string, calls: string): string => `
name: sipp-codecs
target: sip:test@127.0.0.1:${port}
load: [{ shape: constant, cps: 2, for: 1s }]
calls: { hold: 2s, ${calls} }
media: { rtpPorts: ${rtpPorts}, record: {} }
`;

/** A scenario whose callee answers with the payload type that our offers give the codec. */
const answering = (name: string, codec: CodecName, more: Record<string, string> = {}): string =>
  scenarioWith(name, 'PAYLOAD_TYPE', String(CODECS[codec].payloadType), { RTPMAP: CODECS[codec].encoding, ...more });

it('SIPp echoes G.722, L16 and Opus: the tone that was sent is the tone that was heard', async () => {
  const cases = [
    ['G722', 2500],
    ['L16/8000', 1500],
    ['L16/16000', 6000],
    ['opus', 3500],
  ] as const;
  await Promise.all(
    cases.map(async ([codec, frequency], i) => {
      const echo = ['-rtp_echo', '-mp', String(SIPP_MEDIA_PORT + 10 * i)];
      const sipp = await Sipp.callee(2, ['-sf', answering('callee-of-a-codec', codec), ...echo]);
      const first = 22_000 + 100 * i;
      const { records, recorded } = await runRecorded(
        profile(sipp.port, `${first}-${first + 99}`, `codecs: [${codec}], audio: "tone:${frequency}"`),
      );
      expect(await sipp.ended).toBe(0);
      expect(sipp.counts()).toMatchObject({ successful: 2, failed: 0, retransmissions: 0, unexpected: 0 });
      expect([...recorded.keys()].sort()).toEqual([0, 1]);
      for (const record of records) {
        expect(record).toMatchObject({ outcome: 'completed', codec, farEnd: 'echo', oneWay: null, noMedia: false });
        const { packetsSent, heard } = record.downlink!;
        expect(heard).toMatchObject({ echo: true, undecodable: 0, malformed: 0, verdict: { state: 'ok' } });
        // Two seconds at 50 packets a second; the last may come back after the 200 that ends the call.
        expect(heard!.packetsReceived).toBeGreaterThan(90);
        expect(packetsSent! - heard!.packetsReceived - heard!.earlyMedia).toBeLessThanOrEqual(3);
        expect(Math.abs(heard!.levelDbov! + 26)).toBeLessThan(0.5);
        expect(heard!.mos!.codec).toBe(codec);
        expect(recorded.get(record.id)!.sampleRate).toBe(CODECS[codec].sampleRate);
        expectTone(recorded.get(record.id)!, frequency);
      }
    }),
  );
});

it.each(['PCMA', 'G722'] as const)('SIPp plays a file of %s: its tone is what we record', async (codec) => {
  const { sampleRate } = CODECS[codec];
  const file = writePayload(`tone.${codec}`, sine(1000, sampleRate, 1, TONE_AMPLITUDE), codec);
  const sipp = await Sipp.callee(2, ['-sf', answering('callee-plays', codec, { AUDIO_FILE: file })]);
  const { records, recorded } = await runRecorded(profile(sipp.port, '22500-22599', `codecs: [${codec}]`));
  expect(await sipp.ended).toBe(0);
  for (const record of records) {
    const heard = record.downlink!.heard!;
    expect(record).toMatchObject({ outcome: 'completed', codec, farEnd: 'foreign', noMedia: false });
    expect(heard).toMatchObject({ echo: false, packetsLost: 0, undecodable: 0, verdict: { state: 'ok' } });
    expect(heard.packetsReceived).toBeGreaterThan(90);
    expectTone(recorded.get(record.id)!, 1000);
  }
});
