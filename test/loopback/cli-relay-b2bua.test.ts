import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cli, Scratch } from '../support/cli.js';
import { closedPort, Harness, SDP } from './sip-harness.js';

const scratch = new Scratch();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

test('trunkstorm relay --listen --to passes calls on, and tells at its end what they were', async () => {
  const [a, b] = [await h.endpoint(), await h.endpoint()];
  b.srf.invite((request, response) => {
    if (request.uri.startsWith('sip:busy')) response.send(486);
    else void b.srf.createUAS(request, response, { localSdp: SDP });
  });
  const port = await closedPort();
  const faults = '{ sdpFaults: [{ kind: direction, is: sendonly }] }';
  scratch.write('bad.yaml', `impairment: { uplink: [{ kind: loss, ratio: 1% }] }\ntrunk: ${faults}\n`);
  const options = [
    '--listen',
    `sip:127.0.0.1:${port}`,
    '--to',
    `sip:127.0.0.1:${b.port}`,
    '--network',
    'lte-poor',
    '--impairment',
    'bad.yaml',
  ];
  const relay = Cli.start(
    ['relay', ...options, '--rtp-ports', '40800-40899', '--out', 'calls', '--json', '--seed', '5'],
    scratch.path,
  );
  await relay.says(`sip:127.0.0.1:${port} → sip:127.0.0.1:${b.port}`);
  const uri = `sip:bob@127.0.0.1:${port}`;
  const dialog = await a.srf.createUAC(uri, { localSdp: SDP });
  expect(dialog.remote.sdp).toMatch(/m=audio 408\d\d /);
  expect(dialog.remote.sdp).toContain('a=sendonly');
  await dialog.destroy();
  await expect(a.srf.createUAC(uri.replace('bob', 'busy'), { localSdp: SDP })).rejects.toMatchObject({ status: 486 });
  const up = await a.srf.createUAC(uri, { localSdp: SDP });
  const ended = new Promise((resolve) => up.on('destroy', resolve));
  relay.child.kill('SIGINT');
  await ended;
  expect(await relay.ended, relay.stderr).toBe(0);
  const figures = JSON.parse(relay.stdout);
  expect(figures).toMatchObject({
    seed: 5,
    impairment: 'bad.yaml and lte-poor',
    calls: { opened: 3, refused: 0 },
    door: {
      calls: { attempts: 3, answered: 2, completed: 1, dropped: 1, failed: { 486: 1 }, up: 0, inProgress: 0 },
    },
  });
  const lines = readFileSync(join(scratch.path, 'calls/calls.ndjson'), 'utf8').trim().split('\n');
  const calls = lines.map((line) => JSON.parse(line));
  expect(calls.map(({ outcome, status, endedBy }) => [outcome, status, endedBy])).toEqual([
    ['completed', 200, 'a'],
    ['failed', 486, 'b'],
    ['dropped', 200, 'relay'],
  ]);
  expect(calls[0]).toMatchObject({ direction: 'to-target', callee: `sip:bob@127.0.0.1:${b.port}` });
  expect(Math.abs(Date.parse(calls[0].startedAt) - Date.now())).toBeLessThan(60_000);
  expect(calls[0].endedAfterMs).toBeGreaterThanOrEqual(calls[0].answeredAfterMs);
  expect(calls[0].media.ends.a.local.rtpPort).toBeGreaterThanOrEqual(40_800);
});
