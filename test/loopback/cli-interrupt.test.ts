import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Summary } from '../../src/metrics/summary.js';
import { Cli, cli, commandLine, Scratch } from '../support/cli.js';

const scratch = new Scratch();
const summaryOf = (out: string) => JSON.parse(readFileSync(join(scratch.path, out, 'summary.json'), 'utf8')) as Summary;

/** Calls that are never over by themselves; half of them still ring when a signal comes after a second. */
const endless = scratch.write(
  'endless.yaml',
  `name: endless
load: [{ shape: constant, cps: 10, for: 30s }]
calls: { hold: 30s }
media: { rtpPorts: 28600-29899 }
trunk: { channels: 500, answerAfter: { min: 0, max: 2s } }
`,
);

function expectBalanced({ calls, run, verdict }: Summary): void {
  expect(verdict).toBe('interrupted');
  expect(run.interrupted).toBe(true);
  expect(calls.attempted).toBeGreaterThan(5);
  expect(calls.attempted).toBe(calls.answered + calls.failed + calls.cancelled);
  expect(calls.answered).toBe(calls.completed + calls.dropped + calls.stillUp);
}

describe('a run that is interrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('by %s hangs up every call, reports, and exits %i', async (signal, code) => {
    // The far end is a trunk in a process of its own: its books tell what really came over the wire.
    const trunk = Cli.start(
      ['trunk', '--port', '0', '--channels', '500', '--rtp-ports', '12000-13999', '--answer-after', '200ms', '--json'],
      scratch.path,
    );
    await trunk.says(/sip:127\.0\.0\.1:\d+/);
    const target = /sip:127\.0\.0\.1:\d+/.exec(trunk.stderr)![0];
    const run = Cli.start(['run', endless, '--to', target, '--out', signal], scratch.path);
    await run.says(/\n\s+00:0[2-9] +running/);
    run.child.kill(signal);
    expect(await run.ended, run.stderr).toBe(code);
    const summary = summaryOf(signal);
    expectBalanced(summary);
    expect(summary.calls).toMatchObject({ failed: 0, dropped: 0, completed: 0 });
    expect(summary.calls.stillUp).toBeGreaterThan(0);
    expect(run.stdout).toContain('Report: ');

    trunk.child.kill('SIGINT');
    expect(await trunk.ended).toBe(0);
    const books = JSON.parse(trunk.stdout);
    expect(books).toMatchObject({ endedByCaller: books.answered, stillUp: 0 });
    // An answer may cross the CANCEL: then the trunk saw one answered call more, which got its BYE.
    expect(books.answered).toBeGreaterThanOrEqual(summary.calls.answered);
    expect(books.answered).toBeLessThanOrEqual(summary.calls.answered + summary.calls.cancelled);
  });

  it('while calls still ring cancels those', async () => {
    const run = Cli.start(['run', endless, '--out', 'ringing', '--no-ui'], scratch.path);
    await run.says(/\n\s+00:0[1-9] +running/);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    const summary = summaryOf('ringing');
    expectBalanced(summary);
    expect(summary.calls.cancelled).toBeGreaterThan(0);
  });

  it('twice leaves at once', async () => {
    // Towards a target that never answers, hanging up in good order takes seconds.
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const run = Cli.start(
      ['run', endless, '--to', `sip:127.0.0.1:${silent.address().port}`, '--out', 'twice', '--no-ui'],
      scratch.path,
    );
    await run.says(/\n\s+00:0[1-9] +running/);
    run.child.kill('SIGINT');
    await run.says('hanging up every call');
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    silent.close();
    expect(existsSync(join(scratch.path, 'twice', 'summary.json'))).toBe(false);
  });

  it('at its very start places no call, and still says how it ended', async () => {
    const run = Cli.start(['run', endless, '--json', '--out', 'start'], scratch.path);
    await run.says('# trunkstorm');
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(JSON.parse(run.stdout)).toMatchObject({ verdict: 'interrupted', calls: { attempted: 0 } });
  });

  it('by the key q ends as by Ctrl-C, and the terminal is given back', async () => {
    const command = commandLine(`run ${endless} --out key`);
    const run = Cli.shell(`script -qec "stty cols 100 rows 40; ${command}" /dev/null`, scratch.path);
    // Between the word and its figure the screen changes colour.
    await run.says(/attempted(?: |\W\[\d*m)*(?:[6-9]|\d\d)/);
    run.child.stdin.write('q');
    expect(await run.ended).toBe(130);
    expectBalanced(summaryOf('key'));
    expect(run.stdout).toContain('\u001b[?1049h');
    expect(run.stdout.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(run.stdout.lastIndexOf('\u001b[?1049h'));
  });
});

describe('a trunk that is interrupted', () => {
  it('hangs up its calls and prints its books, which is how it ends', async () => {
    const trunk = Cli.start(['trunk', '--port', '0', '--rtp-ports', '12000-13999'], scratch.path);
    await trunk.says(/sip:127\.0\.0\.1:\d+/);
    const target = /sip:127\.0\.0\.1:\d+/.exec(trunk.stdout)![0];
    const short = scratch.write(
      'short.yaml',
      'name: short\nload: [{ shape: constant, cps: 10, for: 1s }]\ncalls: { hold: 3s }\nmedia: { rtpPorts: 28600-29899 }\n',
    );
    const calls = cli(['run', short, '--to', target, '--json'], scratch.path);
    await trunk.says('channels 10 of 100');
    trunk.child.kill('SIGTERM');
    expect(await trunk.ended).toBe(0);
    expect(trunk.stdout).toContain('10 still up when the trunk was stopped');
    const { code, stdout } = await calls;
    expect(JSON.parse(stdout).calls).toMatchObject({ answered: 10, dropped: 10 });
    // No gate was given; the calls' own machine may have been held up.
    expect([0, 4]).toContain(code);
  });
});
