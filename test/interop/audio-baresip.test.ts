import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wavOf } from '../../src/audio/recording.js';
import { readWav } from '../../src/audio/wav.js';
import { CODECS } from '../../src/core/codecs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endPhonesAfterEach, Phone } from './baresip.js';
import { of } from './phone-server.js';
import { expectTone, runRecorded, TONE_AMPLITUDE } from './recordings.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endPhonesAfterEach();
endTrunksAfterEach();
const folder = temporaryFolder();

/** What ffmpeg's tones have: an eighth of full scale. */
const FFMPEG_AMPLITUDE = 32_768 / 8;

/** Twenty seconds of a tone, made by ffmpeg, as baresip's codec wants it. */
function writeTone(frequency: number, codec: 'PCMA' | 'G722' | 'L16/16000' | 'opus'): string {
  const file = join(folder, `${frequency}-${codec.replace('/', '-')}.wav`);
  const tone = `sine=frequency=${frequency}:sample_rate=${CODECS[codec].sampleRate}:duration=20`;
  // baresip's Opus has two channels always.
  const format = [...(codec === 'opus' ? ['-af', 'pan=stereo|c0=c0|c1=c0'] : []), '-c:a', 'pcm_s16le'];
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', tone, ...format, file]);
  return file;
}

test('baresip plays and records while a run calls it with G.711, G.722, L16 and Opus: each hears the tone of the other', async () => {
  await Promise.all(
    (['PCMA', 'G722', 'L16/16000', 'opus'] as const).map(async (codec, i) => {
      const parameters = ['regint=0', 'answermode=auto'];
      const alice = await Phone.start({ account: 'sip:alice@127.0.0.1', parameters, plays: writeTone(700, codec) });
      const first = 25_400 + 50 * i;
      const { summary, records, recorded } = await runRecorded(`
name: audio-baresip
target: "${of(alice, 'udp')}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 3s, codecs: [${codec}], audio: "tone:1100" }
media: { rtpPorts: ${first}-${first + 49}, record: {} }
`);
      await alice.event('CALL_CLOSED');
      expect(summary.calls).toMatchObject({ attempted: 1, completed: 1 });
      expect(records[0]).toMatchObject({ codec, farEnd: 'foreign', noMedia: false });
      expect(records[0].downlink!.heard).toMatchObject({ undecodable: 0, malformed: 0, verdict: { state: 'ok' } });
      const ours = recorded.get(0)!;
      expectTone(ours, 700, { amplitude: FFMPEG_AMPLITUDE, seconds: 1.5 });
      expectTone(readWav(alice.recording, CODECS[codec].sampleRate), 1100, { seconds: 1.5 });

      // The file that a run leaves is a WAV file for others too.
      const wav = join(folder, `ours-${i}.wav`);
      writeFileSync(wav, wavOf(ours));
      const decoded = execFileSync('ffmpeg', ['-v', 'error', '-i', wav, '-f', 's16le', 'pipe:1'], {
        maxBuffer: 1 << 26,
      });
      expect(new Int16Array(Uint8Array.from(decoded).buffer)).toEqual(ours.samples);
    }),
  );
});

test.each(['PCMA', 'opus'] as const)(
  'baresip calls our trunk with %s and records the tone that the trunk plays',
  async (codec) => {
    const profile = join(folder, 'trunk.yaml');
    writeFileSync(
      profile,
      `name: trunk\nload: [{ shape: constant, cps: 1, for: 1s }]\ntrunk: { codecs: [${codec}], audio: "tone:900" }\n`,
    );
    const trunk = await TrunkProcess.start(['--channels', '1', '--profile', profile]);
    const alice = await Phone.start({
      account: 'sip:alice@127.0.0.1',
      parameters: ['regint=0'],
      plays: writeTone(500, codec),
    });
    await alice.command('dial', `sip:1000@127.0.0.1:${trunk.port}`);
    await alice.event('CALL_RTPESTAB');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await alice.command('hangup');
    await alice.event('CALL_CLOSED');
    const { code, result } = await trunk.interrupt();
    expect(code).toBe(0);
    expect(result).toMatchObject({ answered: 1, silentCalls: 0 });
    expect(result.packetsReceived).toBeGreaterThan(80);
    expectTone(readWav(alice.recording, CODECS[codec].sampleRate), 900, { amplitude: TONE_AMPLITUDE });
  },
);
