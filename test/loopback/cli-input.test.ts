import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Cli, cli, commandLine, Scratch } from '../support/cli.js';

const scratch = new Scratch();
const run = (...args: string[]) => cli(args, scratch.path);

const STACK = /\n\s+at .+:\d+:\d+/;

/** Told on stderr, without a stack trace, and nothing on stdout. */
function expectTold(result: Awaited<ReturnType<typeof run>>, code: number, ...texts: string[]): void {
  for (const text of texts) expect(result.stderr).toContain(text);
  expect(result.stderr).not.toMatch(STACK);
  expect(result.stdout).toBe('');
  expect(result.code).toBe(code);
}

const minimal = 'name: x\nload: [{ shape: constant, cps: 1, for: 1s }]\n';

describe('a profile', () => {
  const mistaken = scratch.write(
    'mistaken.yaml',
    [
      'name: Bad Name',
      'load:',
      '  - { shape: constant, cps: -1, for: 1s }',
      'calls:',
      '  hold: forever',
      '  colour: red',
      'trunk: { channels: many }',
      'gates: [sip.nothing < 3]',
    ].join('\n'),
  );

  it.each([['run'], ['profile', 'check']])('with several mistakes has them all listed by `%s`', async (...verb) => {
    expectTold(
      await run(...verb, mistaken),
      2,
      '6 mistakes',
      'mistaken.yaml:1  name: small letters, digits and hyphens',
      'mistaken.yaml:3  load.0.cps: Too small: expected number to be >0, found -1',
      'mistaken.yaml:5  calls.hold: expected a duration such as 500ms, 20s or 2m, found "forever"',
      'mistaken.yaml:6  calls.colour: there is no such field',
      'mistaken.yaml:7  trunk.channels: expected number, found "many"',
      'mistaken.yaml:8  gates.0: there is no figure `sip.nothing`',
    );
  });

  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    .concat([...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`))
    .join('\n');
  it.each<[string, string | Uint8Array, string]>([
    ['is empty', '', 'load: is missing'],
    ['is binary garbage', Uint8Array.from({ length: 3000 }, (_, i) => (i * 7919) % 256), 'mistake'],
    ['grows without bound by its aliases', bomb, 'Excessive alias count'],
    ['is nested beyond all measure', '['.repeat(200_000), 'mistakes'],
    ['is a list', '- 1\n- 2\n', 'mistake'],
    [
      'calls what is no SIP URI',
      `${minimal}target: sip:127.0.0.1:99999\n`,
      'hostile.yaml:3  target: expected a SIP URI',
    ],
    [
      'never ends',
      'name: x\nload: [{ shape: constant, cps: 20000, for: 100000h }]\n',
      'more attempts than a run can make',
    ],
    ['holds no call', 'name: x\nload: [{ shape: concurrent, calls: 5, for: 1s }]\ncalls: { hold: 0 }\n', 'calls.hold'],
    ['would steer the terminal', 'name: "\u001b[2J"\n', 'name'],
  ])('that %s is refused', async (_what, content, text) => {
    const result = await run('run', scratch.write('hostile.yaml', content));
    expectTold(result, 2, text);
    expect(result.stderr).not.toContain('\u001b');
    expect(result.stderr.split('\n').length).toBeLessThan(60);
  });

  it('that is missing, or a directory, is named with the reason', async () => {
    expectTold(await run('run', 'nowhere.yaml'), 2, 'nowhere.yaml', 'ENOENT');
    mkdirSync(join(scratch.path, 'folder'));
    expectTold(await run('run', 'folder'), 2, 'folder', 'EISDIR');
  });
});

describe('a wrong option', () => {
  it.each<[string[], string[]]>([
    [['rnu'], ['unknown command', 'Did you mean run?']],
    [
      ['run', '--sed', '7'],
      ['unknown option', 'Did you mean --seed?', '--help'],
    ],
    [
      ['run', '--seed'],
      ['argument missing', '--help'],
    ],
    [['run', 'demo', 'demo'], ['too many arguments']],
    [['profile', 'check'], ['missing required argument']],
    [['report'], ['missing required argument']],
    [
      ['run', '--seed', '-1'],
      ['--seed', 'a whole number from 0 to 4294967295', '-1'],
    ],
    [
      ['run', '--seed', '1e3'],
      ['--seed', 'a whole number'],
    ],
    [
      ['run', '--rtp-ports', '30000-20000'],
      ['--rtp-ports', 'a range that ascends', '30000-20000'],
    ],
    [
      ['run', '--rtp-ports', '5060'],
      ['--rtp-ports', 'such as 20000-29999'],
    ],
    [
      ['run', '--to', 'http://example.net'],
      ['--to', 'a SIP URI such as'],
    ],
    [
      ['run', '--to', 'sips:127.0.0.1'],
      ['sips:127.0.0.1', 'does not say how to speak TLS', 'sip.tls'],
    ],
    [
      ['run', '--to', 'sip:127.0.0.1;transport=sctp'],
      ['transport=sctp', 'does not speak SCTP', '--drachtio'],
    ],
    [
      ['run', '--to', 'sip:127.0.0.1:99999'],
      ['--to', 'a SIP URI such as', '99999'],
    ],
    [
      ['run', '--to', 'sip:a@b\r\nX: y'],
      ['--to', 'a SIP URI such as'],
    ],
    [
      ['run', '--drachtio', 'localhost'],
      ['--drachtio', 'HOST:PORT'],
    ],
    // Of no private network, and of nobody: no packet can be sent there (RFC 1112 4).
    [
      ['run', 'spike', '--to', 'sip:240.0.0.1'],
      ['sip:240.0.0.1', 'up to 40 attempts a second', '--yes', '`allow: [240.0.0.1]` in the profile'],
    ],
    [['run', '--drachtio', 'localhost:9022', '--sip-port', '5060'], ['--sip-port has no effect with --drachtio']],
    [['run', '--secret', 'x'], ['--secret has no effect without --drachtio']],
    [
      ['run', '--sip-port', '0'],
      ['--sip-port', 'from 1 to 65535'],
    ],
    [
      ['run', '--local', 'eth0'],
      ['--local', 'an IPv4 or IPv6 address'],
    ],
    [
      ['run', '--advertise', 'me\r\nX: y'],
      ['--advertise', 'an IPv4 or IPv6 address'],
    ],
    [
      ['run', '--numbers', 'nowhere.csv'],
      ['The file of numbers cannot be read', 'nowhere.csv'],
    ],
    [
      ['trunk', '--channels', '0'],
      ['--channels', 'from 1 to 100000'],
    ],
    [
      ['trunk', '--port', '70000'],
      ['--port', 'from 0 to 65535'],
    ],
    [
      ['trunk', '--when-full', '404'],
      ['--when-full', '503, 486, silence', '404'],
    ],
    [
      ['trunk', '--without-rtp', 'often'],
      ['--without-rtp', 'a share such as 2%', 'often'],
    ],
    [
      ['trunk', '--answer-after', 'soon'],
      ['--answer-after', 'a duration such as 500ms', 'soon'],
    ],
    [['trunk', '--silence', '60%', '--drop', '60%'], ['must not exceed 100 %']],
    [['trunk', '--rtp-ports', 'x'], ['--rtp-ports']],
  ])('%j is told with what was expected, and exits 2', async (args, texts) => {
    expectTold(await run(...args), 2, ...texts);
  });

  it('for a place that cannot be written exits 3, before any call', async () => {
    scratch.write('file', '');
    expectTold(await run('run', '--out', 'file/below'), 3, 'cannot be written', 'a part of the path is a file');
    expectTold(await run('run', '--out', '/proc/nowhere/below'), 3, 'cannot be written', '--out DIR');
  });
});

describe('help', () => {
  it.each([
    [[]],
    [['run']],
    [['capacity']],
    [['trunk']],
    [['capture', 'analyze']],
    [['drachtio']],
    [['report']],
    [['doctor']],
    [['profile', 'check']],
    [['profile', 'list']],
    [['profile', 'schema']],
  ])('of %j has an example and exits 0', async (verb) => {
    const { code, stdout, stderr } = await run(...verb, '--help');
    expect(stdout).toMatch(/Examples?:\n\s+trunkstorm /);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('of the relay has an example of each door', async () => {
    const { code, stdout } = await run('relay', '--help');
    const [, examples] = stdout.split('\nExamples:\n');
    for (const door of ['--static', '--listen', '--ng'])
      expect(examples).toMatch(new RegExp(`\\$ trunkstorm relay [^$]*${door} `));
    expect(code).toBe(0);
  });

  it('of a verb is what `help` and its name give, and of none that there is no such verb', async () => {
    expect(await run('help', 'run')).toEqual(await run('run', '--help'));
    const { code, stdout, stderr } = await run('help', 'nonsense');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain("unknown command 'nonsense'");
  });

  it('is what a bare call gives, which exits 2', async () => {
    const { code, stderr } = await run();
    expect(stderr).toContain('Usage: trunkstorm');
    expect(code).toBe(2);
  });
});

describe('the doctor', () => {
  it('finds nothing against a small run on this machine, and what is missing for one that no machine carries', async () => {
    const small = await run('doctor', '--calls', '1', '--json');
    expect(JSON.parse(small.stdout)).toMatchObject({ calls: 1, sides: 2, ok: true });
    expect(small.code).toBe(0);

    const one = await run('doctor', '--calls', '1', '--to', 'sip:192.0.2.1', '--json');
    expect(JSON.parse(one.stdout)).toMatchObject({ sides: 1, ok: true });

    const huge = await run('doctor', 'headroom', '--calls', '1000000');
    expect(huge.stdout).toMatch(/FAIL +RTP ports/);
    expect(huge.stdout).toMatch(/remedy: /);
    expect(huge.stdout).toContain('would not start or not finish');
    expect(huge.code).toBe(3);
  });
});

describe('the profiles that come with trunkstorm', () => {
  it('are listed as JSON, and each passes its own check', async () => {
    const { code, stdout } = await run('profile', 'list', '--json');
    expect(code).toBe(0);
    const profiles = JSON.parse(stdout) as { name: string; description: string; path: string }[];
    expect(profiles.map((p) => p.name)).toEqual(expect.arrayContaining(['demo', 'headroom']));
    const checked = await run('profile', 'check', ...profiles.map((p) => p.path));
    expect(checked.code).toBe(0);
    expect(checked.stdout.trim().split('\n').length).toBe(profiles.length);
  });

  it('have a schema that is JSON, also for a reader who leaves early', async () => {
    expect(JSON.parse((await run('profile', 'schema')).stdout)).toHaveProperty('properties.load');
    const piped = Cli.shell(`set -o pipefail; ${commandLine('profile schema')} | head -1`, scratch.path);
    expect(await piped.ended).toBe(0);
    expect(piped.stderr).toBe('');
  });
});
