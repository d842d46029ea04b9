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
