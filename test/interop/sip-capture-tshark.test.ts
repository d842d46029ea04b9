import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { cli, Scratch } from '../support/cli.js';

const scratch = new Scratch();

it('tshark reads the capture of a run’s failed calls: every message of their traces, in order, at its time, and no fault', async () => {
  const profile = scratch.write(
    'full.yaml',
    `
name: full
load: [{ shape: constant, cps: 10, for: 1s }]
calls: { hold: 2s, audio: none }
trunk: { channels: 4, whenFull: "486" }
media: { rtpPorts: 28500-28599 }
`,
  );
  const { code, stderr } = await cli(['run', profile, '--no-ui', '--out', 'full'], scratch.path);
  // Whether the machine was held up is of no interest here.
  expect([0, 4], stderr).toContain(code);
  const { run } = JSON.parse(readFileSync(join(scratch.path, 'full', 'summary.json'), 'utf8'));
  const records = readFileSync(join(scratch.path, 'full', 'calls.ndjson'), 'utf8')
    .trim()
    .split('\n');
  const traced = records
    .map((line) => JSON.parse(line) as CallRecord)
    .flatMap(({ trace, trunkTrace }) => (trace ?? trunkTrace)?.messages ?? []);
  // INVITE, 100, 486 and ACK of each refused call.
  expect(traced.length).toBeGreaterThanOrEqual(6 * 4);

  const fields = [
    'frame.time_epoch',
    'udp.srcport',
    'udp.dstport',
    'sip.Call-ID',
    'sip.Request-Line',
    'sip.Status-Line',
  ];
  const asked = [...fields, '_ws.malformed'].flatMap((field) => ['-e', field]);
  const read = execFileSync('tshark', ['-r', join(scratch.path, 'full', 'sip.pcap'), '-T', 'fields', ...asked], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const expected = traced
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ direction, local, remote, text }) => {
      const ports = [local, remote].map((place) => place.replace(/^.*:/, ''));
      const [line] = text.split('\r\n');
      const isRequest = !line.startsWith('SIP/2.0');
      return [
        ...(direction === 'sent' ? ports : ports.reverse()),
        /^Call-ID: (.*)\r$/m.exec(text)![1],
        isRequest ? line : '',
        isRequest ? '' : line,
        '',
      ];
    });
  const rows = read
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
  expect(rows.map(([, ...rest]) => rest)).toEqual(expected);
  for (const [i, [seconds]] of rows.entries())
    expect(Math.abs(Number(seconds) * 1000 - Date.parse(run.startedAt) - traced[i].atMs)).toBeLessThan(0.01);
});
