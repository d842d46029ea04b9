import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWav } from '../../src/audio/wav.js';
import { loudestFrequency } from '../audio/goertzel.js';
import { cli, Scratch } from '../support/cli.js';

const scratch = new Scratch();

describe('a run that records', () => {
  it.each(['PCMA', 'opus'])('leaves what the chosen calls heard as WAV files: %s', async (codec) => {
    const profile = scratch.write(
      `${codec}.yaml`,
      `name: recorded
load: [{ shape: constant, cps: 8, for: 1s }]
calls: { hold: 3s, codecs: [${codec}] }
trunk: { codecs: [${codec}], audio: "tone:700" }
media: { rtpPorts: 36400-36599, record: { share: 50%, calls: 3, for: 2s } }
`,
    );
    const out = join(scratch.path, codec);
    // A file of an earlier run goes, a file of somebody else stays.
    mkdirSync(join(out, 'audio'), { recursive: true });
    writeFileSync(join(out, 'audio', 'call-99.wav'), 'old');
    writeFileSync(join(out, 'audio', 'notes.txt'), 'mine');
    const { stderr } = await cli(['run', profile, '--out', out, '--no-ui'], scratch.path);
    expect(stderr).toBe('');
    expect(readdirSync(join(out, 'audio')).sort()).toEqual(['call-1.wav', 'call-3.wav', 'call-5.wav', 'notes.txt']);
    for (const call of [1, 3, 5]) {
      const { samples } = readWav(join(out, 'audio', `call-${call}.wav`), 8000);
      expect(samples.length).toBe(16_000);
      expect(loudestFrequency(samples.subarray(4000), 8000)).toBe(700);
    }
  });
});
