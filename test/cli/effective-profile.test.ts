import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { effectiveProfile, profilePath } from '../../src/cli/effective-profile.js';
import { parseProfile } from '../../src/profile/read.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();
const file = join(folder, 'p.yaml');

describe('a profile with what the command line says', () => {
  it('has the overrides in its settings and in its text, comments kept', () => {
    writeFileSync(file, '# Why.\nname: p # how\nload: [{ shape: constant, cps: 1, for: 1s }]\ncalls: { hold: 1s }\n');
    const { profile, text } = effectiveProfile(file, {
      to: 'sip:example.net',
      rtpPorts: '21000-21999',
      numbers: 'n.csv',
      network: 'lte-poor',
      seed: 9,
    });
    expect(profile).toMatchObject({
      seed: 9,
      target: 'sip:example.net',
      media: { rtpPorts: '21000-21999' },
      calls: { hold: 1000, numbers: 'n.csv' },
      impairment: { network: 'lte-poor' },
    });
    expect(text).toContain('# Why.');
    expect(text).toContain('# how');
    expect(parseProfile(text, 'again')).toEqual(profile);
  });

  it('has its seed written out, so that the same run can be made again', () => {
    writeFileSync(file, 'name: p\nload: [{ shape: constant, cps: 1, for: 1s }]\n');
    expect(effectiveProfile(file, {}).text).toContain('seed: 1');
  });

  it('is kept without its secrets, and with the variables that stand for some', () => {
    const calls = (password: string): string =>
      `calls: { hold: 1s, credentials: { username: u, password: ${password} } }`;
    const rest = 'load: [{ shape: constant, cps: 1, for: 1s }]\n';
    const control = 'control: { port: 0, token: 0123456789abcdef-token }\n';
    writeFileSync(file, `name: p\n${rest}${control}${calls('"open: sesame"')}\n`);
    const { profile, text } = effectiveProfile(file, {});
    expect(profile).toMatchObject({
      control: { token: '0123456789abcdef-token' },
      calls: { credentials: { username: 'u', password: 'open: sesame' } },
    });
    expect(text).not.toMatch(/sesame|0123456789abcdef/);
    expect(parseDocument(text).toJS()).toMatchObject({
      control: { token: '***' },
      calls: { credentials: { username: 'u', password: '***' } },
    });
    // Whoever runs it again has to say the token.
    expect(() => parseProfile(text, 'kept')).toThrow('at least 16 characters');
    writeFileSync(file, `name: p\n${rest}${calls('"{secret}"')}\n`);
    expect(effectiveProfile(file, {}).text).toContain('"{secret}"');
  });

  it('is found by path, and by name when it comes with the program', () => {
    expect(profilePath(file)).toBe(file);
    expect(profilePath('demo')).toMatch(/profiles\/demo\.yaml$/);
    expect(profilePath('demo.yaml')).toMatch(/profiles\/demo\.yaml$/);
    expect(profilePath('./demo')).toBe('./demo');
    expect(profilePath('nothing-like-it')).toBe('nothing-like-it');
  });
});
