import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Snapshot } from '../../src/metrics/snapshot.js';
import type { Summary } from '../../src/metrics/summary.js';
import { Cli, cli, Scratch } from '../support/cli.js';

const scratch = new Scratch();
const started: Cli[] = [];
/** A process that a failed test leaves behind would go on for ever. */
afterEach(() => {
  for (const { child } of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

function start(...args: string[]): Cli {
  const program = Cli.start(args, scratch.path);
  started.push(program);
  return program;
}

const read = (file: string) => readFileSync(join(scratch.path, file), 'utf8');

const profile = scratch.write(
  'capacity.yaml',
  `name: search
load: [{ shape: constant, cps: 2, for: 1s }]
calls: { from: "+4930555[0000-0099]", audio: none, hold: 500ms }
media: { rtpPorts: 14200-14399 }
gates: [calls.failed == 0, trunk.exhausted == false]
readiness:
  - { criterion: a third beyond the peak, headroom: 33% }
  - { criterion: twice the peak, headroom: 100% }
`,
);

/** Calls that are up, by the last whole line of the timeline. */
function callsUp(directory: string): number {
  const path = join(directory, 'timeline.ndjson');
  const lines = existsSync(join(scratch.path, path)) ? read(path).split('\n').slice(0, -1) : [];
  return lines.length === 0 ? 0 : (JSON.parse(lines.at(-1)!) as Snapshot).calls.inProgress;
}

it('a search for capacity that is interrupted hangs up, tells what held until then, and readiness goes by that', async () => {
  const trunk = start('trunk', '--port', '0', '--channels', '50', '--rtp-ports', '14000-14199', '--json');
  await trunk.says(/sip:127\.0\.0\.1:\d+/);
  const target = /sip:127\.0\.0\.1:\d+/.exec(trunk.stderr)![0];
  const steps = ['--step-calls', '4', '--step-time', '500ms', '--shortest', '2s', '--expect', '3'];
  const search = start('capacity', profile, '--to', target, ...steps, '--out', 'found');
  await search.says(/\n \d baseline .* held\n/);
  while (callsUp('found') === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  search.child.kill('SIGINT');
  expect(await search.ended, search.stderr).toBe(130);

  expect(search.stdout).toMatch(/\n\d steps? in \d\d:\d\d, interrupted, a caller number for each call\n/);
  expect(search.stdout).toMatch(/\ncalls at once {6}at least 4\n {19}the search was ended\n/);
  expect(search.stdout).toContain('gate, each step    calls.failed == 0\n');
  expect(search.stdout).toContain('gate, not judged   trunk.exhausted == false (a figure of a whole run)\n');
  expect(JSON.parse(read('found/capacity.json'))).toMatchObject({
    isInterrupted: true,
    result: { concurrency: { value: 4, isAtLeast: true, cause: 'unfinished' } },
  });
  expect(read('found/capacity.html')).toContain('INTERRUPTED');
  trunk.child.kill('SIGINT');
  expect(await trunk.ended).toBe(0);
  const books = JSON.parse(trunk.stdout);
  expect(books).toMatchObject({ endedByCaller: books.answered, stillUp: 0 });

  const run = await cli(['run', profile, '--capacity', 'found', '--out', 'ready', '--no-ui'], scratch.path);
  const { readiness } = JSON.parse(read('ready/summary.json')) as Summary;
  expect(readiness, run.stderr).toMatchObject([
    { criterion: 'a third beyond the peak', threshold: '>= 33%', measured: 0.333333, pass: true },
    { criterion: 'twice the peak', threshold: '>= 100%', measured: null, pass: null },
  ]);
}, 60_000);
