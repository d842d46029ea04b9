import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { Summary } from '../../src/metrics/summary.js';
import { Cli, cli, commandLine, Scratch, untroubled } from '../support/cli.js';

const scratch = new Scratch();
const run = (...args: string[]) => cli(args, scratch.path);
/** A run of which a verdict is expected. */
const judged = async (out: string, ...args: string[]) => {
  const program = await untroubled(() => Cli.start(['run', ...args, '--out', out], scratch.path), [inRun(out)]);
  return { code: await program.ended, stdout: program.stdout, stderr: program.stderr };
};
const inRun = (...path: string[]): string => join(scratch.path, ...path);
const read = (...path: string[]): string => readFileSync(inRun(...path), 'utf8');
const lines = <T>(text: string): T[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const quick = scratch.write(
  'quick.yaml',
  `# A comment that stays.
name: quick
load: [{ shape: constant, cps: 10, for: 1s }]
calls: { hold: 1s }
media: { rtpPorts: 28300-28499 }
gates: [calls.completed == 10]
`,
);

describe('a run', () => {
  it('leaves a directory with everything in it, from which it can be run and reported again', async () => {
    const first = await judged('first', quick, '--seed', '77', '--no-ui');
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    expect(readdirSync(inRun('first')).sort()).toEqual([
      'calls.ndjson',
      'junit.xml',
      'profile.yaml',
      'report.html',
      'summary.json',
      'timeline.ndjson',
    ]);
    const summary = JSON.parse(read('first', 'summary.json')) as Summary;
    expect(summary).toMatchObject({ schema: 1, verdict: 'pass', run: { name: 'quick', seed: 77, failure: null } });
    expect(
      lines<CallRecord>(read('first', 'calls.ndjson'))
        .map((r) => r.id)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(lines<{ phase: string }>(read('first', 'timeline.ndjson')).at(-1)?.phase).toBe('done');
    expect(read('first', 'junit.xml')).toContain('tests="1" failures="0" errors="0"');
    expect(read('first', 'report.html')).toContain('</html>');

    expect(read('first', 'profile.yaml')).toContain('# A comment that stays.');
    expect((await run('profile', 'check', 'first/profile.yaml')).code).toBe(0);
    const again = await run('run', 'first/profile.yaml', '--json', '--out', 'again');
    expect(JSON.parse(again.stdout).run).toMatchObject({ name: 'quick', seed: 77 });
    expect(read('again', 'profile.yaml')).toBe(read('first', 'profile.yaml'));

    writeFileSync(inRun('first', 'report.html'), '');
    const reported = await run('report', 'first');
    expect(reported.code).toBe(0);
    expect(reported.stdout).toContain('attempted 10');
    expect(read('first', 'report.html')).toContain('</html>');
    expect(JSON.parse((await run('report', 'first', '--json')).stdout)).toEqual(summary);
  });

  it('prints plain text where there is no terminal, even when colours are asked for', async () => {
    const piped = await untroubled(() => Cli.shell(`FORCE_COLOR=3 ${commandLine(`run ${quick}`)}`, scratch.path));
    expect(await piped.ended).toBe(0);
    expect(piped.stdout).toMatch(/^# trunkstorm/);
    expect(piped.stdout).toContain('calls.completed == 10');
    expect(piped.stdout + piped.stderr).not.toContain('\u001b');
  });

  it('with --json has nothing but JSON on stdout, and its progress on stderr', async () => {
    const { code, stdout, stderr } = await judged('json', quick, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, calls: { completed: 10 } });
    expect(stderr).toContain('attempts');
    expect(stderr).not.toContain('\u001b');
    expect(code).toBe(0);
  });

  it('whose reader leaves goes on to its report and exit status', async () => {
    const command = `set -o pipefail; ${commandLine(`run ${quick} --out piped`)} | head -1`;
    const piped = await untroubled(() => Cli.shell(command, scratch.path), [inRun('piped')]);
    expect(await piped.ended).toBe(0);
    expect(piped.stderr).toBe('');
    expect(JSON.parse(read('piped', 'summary.json'))).toMatchObject({ verdict: 'pass' });
  });

  it('exits 1 when a gate fails', async () => {
    const failing = scratch.write('failing.yaml', read(quick).replace('== 10', '== 11'));
    const { code, stdout } = await judged('failing', failing, '--no-ui');
    expect(stdout).toContain('calls.completed == 11');
    expect(code).toBe(1);
  });
});

describe('a run directory that is broken', () => {
  const broken = (name: string, summary?: string): string => {
    mkdirSync(inRun(name));
    if (summary !== undefined) writeFileSync(inRun(name, 'summary.json'), summary);
    return name;
  };
  const outline = {
    schema: 1,
    run: {},
    calls: {},
    responses: {},
    sip: {},
    trunk: {},
    media: {},
    dtmf: {},
    impairment: {},
  };

  it.each([
    ['is not there', 'nowhere', 'no such file'],
    ['is a file', quick, 'a file in place of the directory'],
    ['has no summary', broken('without'), 'no such file'],
    ['has half a summary', broken('half', '{"schema":1,'), 'no JSON'],
    ['has the summary of another version', broken('future', '{"schema":2}'), 'schema 2'],
    ['has an empty summary', broken('hollow', JSON.stringify({ ...outline, gates: [] })), 'incomplete'],
  ])('as it %s is told, and exits 2', async (_what, directory, text) => {
    const { code, stdout, stderr } = await run('report', directory);
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at .+:\d+:\d+/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('the same seed', () => {
  it('drops the same packets of every call, however the calls are timed', async () => {
    const lossy = scratch.write(
      'lossy.yaml',
      `name: lossy
load: [{ shape: constant, cps: 5, for: 2s }]
calls: { hold: 3s, expectAudio: false }
trunk: { expectAudio: false }
media: { rtpPorts: 28300-28499 }
impairment:
  uplink: [{ kind: loss, ratio: 10%, burst: 2 }]
  downlink: [{ kind: loss, ratio: 5% }]
`,
    );
    const records: CallRecord[][] = [];
    for (const [out, seed] of [
      ['one', '5'],
      ['two', '5'],
      ['other', '6'],
    ]) {
      expect((await judged(out, lossy, '--seed', seed, '--no-ui')).code).toBe(0);
      records.push(lines<CallRecord>(read(out, 'calls.ndjson')).sort((a, b) => a.id - b.id));
    }
    const [one, two, other] = records;
    expect(one.length).toBe(10);
    // The uplink starts at our own first packet, and a call's number of packets may differ by the last one or two.
    const uplink = (record: CallRecord) => record.impairment!.uplink;
    const pairs = one.map((record, i) => [uplink(record), uplink(two[i])] as const);
    for (const [a, b] of pairs)
      expect(Math.abs(a.dropped - b.dropped)).toBeLessThanOrEqual(Math.abs(a.packets - b.packets));
    const equal = pairs.filter(([a, b]) => a.packets === b.packets);
    expect(equal.length).toBeGreaterThan(0);
    for (const [a, b] of equal) expect(a).toEqual(b);
    const firstLost = (list: CallRecord[]) => list.map((r) => uplink(r).droppedBefore);
    expect(firstLost(two)).toEqual(firstLost(one));
    expect(other.map((r) => uplink(r).dropped)).not.toEqual(one.map((r) => uplink(r).dropped));
  });
});
