import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { defineProfile } from '../../src/cli/profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const { exitCode } = process;
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = exitCode;
});

/** What is told of a profile with these lines. */
function check(...lines: string[]): string {
  const told: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const file = join(folder, 'checked.yaml');
  writeFileSync(file, ['name: x', 'load: [{ shape: constant, cps: 1, for: 1s }]', ...lines].join('\n'));
  defineProfile(new Command()).parse(['check', file], { from: 'user' });
  return told.join('\n');
}

const folder = temporaryFolder();
const noise = join(folder, 'noise.wav');
writeFileSync(noise, 'RIFF    WAVE no more');

it.each([
  [`calls: { audio: ${noise} }`, 'is no WAV file that can be read'],
  ['calls: { noise: { kind: street, snr: 20 } }', 'the audio file street cannot be opened'],
  [`trunk: { codecs: [G729], frames: { G729: { file: ${noise}, bytes: 7 } } }`, 'does not hold whole frames'],
  ['trunk: { flow: [{ step: answer }, { step: play, audio: hello.wav }] }', 'hello.wav cannot be opened'],
  ['sip: { tls: { ca: ca.pem } }', 'It is named by sip.tls.ca of the profile.'],
])('a file that a run could not read is told before it: %s', (lines, message) => {
  expect(check(lines)).toContain(message);
  expect(process.exitCode).toBe(2);
});

it('a file of a trunk that is not ours is nobody’s business', () => {
  expect(check('target: sip:192.0.2.1', 'trunk: { audio: gone.wav }')).toContain('fine: x');
});

it('a check of several profiles goes on behind one that is wrong, and exits 2', () => {
  const told: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  const wrong = join(temporaryFolder(), 'wrong.yaml');
  writeFileSync(wrong, 'name: x\n');
  defineProfile(new Command()).parse(['check', wrong, 'headroom'], { from: 'user' });
  expect(told[0]).toContain('load: is missing');
  expect(told[1]).toMatch(/^headroom: fine: headroom, /);
  expect(process.exitCode).toBe(2);
});
