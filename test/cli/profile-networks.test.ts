import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { networkName } from '../../src/cli/options.js';
import { defineProfile } from '../../src/cli/profile.js';
import type { AppError } from '../../src/core/errors.js';
import { networkNames } from '../../src/impair/networks.js';

afterEach(() => vi.restoreAllMocks());

function printed(...args: string[]): string {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  defineProfile(new Command())
    .exitOverride()
    .parse(['networks', ...args], { from: 'user' });
  return lines.join('\n');
}

describe('profile networks', () => {
  it('lists each with what it amounts to and where its figures are from', () => {
    const text = printed();
    for (const name of networkNames()) expect(text).toContain(`\n${name} `.slice(name === networkNames()[0] ? 1 : 0));
    expect(text).toContain('up 3 %, 97 ms · down 2 %, 73 ms');
    expect(text).toContain('TS 23.203');
  });

  it('prints them as JSON', () => {
    const networks = JSON.parse(printed('--json')) as { name: string; amountsTo: object; path: string }[];
    expect(networks.map(({ name }) => name)).toEqual(networkNames());
    for (const { path, name } of networks) expect(path).toContain(`networks/${name}.yaml`);
  });
});

describe('--network', () => {
  it('takes a network that there is, and names those that there are', () => {
    expect(networkName('--network')('lte-poor')).toBe('lte-poor');
    const refuse = (text: string): AppError => {
      try {
        networkName('--network')(text);
      } catch (error) {
        return error as AppError;
      }
      throw new Error('it was taken');
    };
    for (const text of ['', 'LTE', '../demo']) {
      expect(refuse(text)).toMatchObject({ code: 'ARGUMENT_INVALID', exitCode: 2 });
      expect(refuse(text).format()).toContain('busy-wifi');
    }
  });
});
