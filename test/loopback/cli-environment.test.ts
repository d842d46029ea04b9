import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Cli, cli, commandLine, Scratch, untroubled } from '../support/cli.js';
import { runProfile } from '../support/run-profile.js';

const scratch = new Scratch();
const run = (...args: string[]) => cli(args, scratch.path);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A bound UDP port on which nothing is ever said. */
async function taken(port = 0): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind({ port, address: '127.0.0.1', exclusive: true });
  await once(socket, 'listening');
  sockets.push(socket);
  return socket.address().port;
}

const quick = scratch.write(
  'quick.yaml',
  'name: quick\nload: [{ shape: constant, cps: 5, for: 1s }]\ncalls: { hold: 500ms }\nmedia: { rtpPorts: 28000-28199 }\n',
);

function expectUnusable(result: Awaited<ReturnType<typeof run>>, ...texts: (string | RegExp)[]): void {
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.stderr).not.toMatch(/\n\s+at .+:\d+:\d+/);
  expect(result.code).toBe(3);
}

describe('a target', () => {
  it('whose name is unknown is told before anything is written', async () => {
    expectUnusable(
      await run('run', quick, '--to', 'sip:nowhere.invalid'),
      'cannot be resolved',
      'nowhere.invalid',
      '--to',
    );
    expect(existsSync(join(scratch.path, 'runs'))).toBe(false);
  });

  it('that is of another family than the local address is told so', async () => {
    expectUnusable(
      await run('run', quick, '--to', 'sip:[::1]:5060', '--local', '127.0.0.1'),
      'different families',
      '::1',
    );
  });

  it('at whose port nobody listens is told at the first attempt, with a report', async () => {
    const port = await taken();
    sockets.pop()?.close();
    const result = await run('run', quick, '--to', `sip:127.0.0.1:${port}`, '--out', 'closed', '--json');
    expectUnusable(result, 'The target never answered', 'ECONNREFUSED', `sip:127.0.0.1:${port}`);
    const { verdict, run: about, responses } = JSON.parse(result.stdout);
    expect({ verdict, failure: about.failure.code }).toEqual({ verdict: 'fail', failure: 'TARGET_SILENT' });
    expect(responses.transport).toBeGreaterThan(0);
    expect(readFileSync(join(scratch.path, 'closed', 'junit.xml'), 'utf8')).toContain('<error type="TARGET_SILENT"');
    expect(readdirSync(join(scratch.path, 'closed')).sort()).toEqual([
      'calls.ndjson',
      'junit.xml',
      'profile.yaml',
      'report.html',
      'sip.pcap',
      'summary.json',
      'timeline.ndjson',
    ]);
  });

  it('that never says anything is told when Timer B ends the first attempt', async () => {
    const { summary, failure } = await runProfile(`
name: silent
target: sip:127.0.0.1:${await taken()}
load: [{ shape: constant, cps: 1, for: 60s }]
calls: { hold: 1s }
media: { rtpPorts: 28000-28199 }
`);
    expect(failure).toMatchObject({ code: 'TARGET_SILENT', exitCode: 3 });
    expect(failure!.format()).toContain('Timer B');
    expect(summary.responses).toEqual({ timeout: 1 });
    expect(summary.calls.attempted).toBe(summary.calls.failed + summary.calls.cancelled);
  });
});

describe('what is taken', () => {
  it('as the SIP port is told, and leaves no run behind', async () => {
    const port = await taken();
    expectUnusable(await run('run', quick, '--sip-port', String(port)), `SIP port 127.0.0.1:${port} is taken`, 'hint');
    expect(existsSync(join(scratch.path, 'runs'))).toBe(false);
    const few = ['--max', '4', '--max-cps', '0', '--out', 'nothing-found'];
    const search = await run('capacity', quick, '--sip-port', String(port), ...few);
    expectUnusable(search, `SIP port 127.0.0.1:${port} is taken`);
    expect(readdirSync(join(scratch.path, 'nothing-found'))).toEqual([]);
    expectUnusable(await run('trunk', '--port', String(port)), `SIP port 127.0.0.1:${port} is taken`);
  });

  it('as every pair of the RTP range is told as exhausted, though the range is wide enough', async () => {
    for (let port = 28_200; port < 28_240; port += 2) await taken(port);
    expectUnusable(
      await run('run', quick, '--rtp-ports', '28200-28239'),
      'No RTP port pair is left',
      '28220-28239',
      'taken by other programs',
      '--rtp-ports',
    );
  });

  it('as some of the RTP range does no harm', async () => {
    for (let port = 28_200; port < 28_240; port += 4) await taken(port);
    const few = ['run', quick, '--rtp-ports', '28200-28239', '--no-ui'];
    expect(await (await untroubled(() => Cli.start(few, scratch.path))).ended).toBe(0);
  });

  it('as all but a pair makes the run invalid, and says why', async () => {
    for (let port = 28_200; port < 28_240; port += 2) if (port !== 28_210 && port !== 28_220) await taken(port);
    const result = await run('run', quick, '--rtp-ports', '28200-28239', '--no-ui');
    expect(result.stdout).toContain('No RTP port pair is left in the range');
    expect(result.code).toBe(4);
  });

  it('by a range that is too small for the plan is told before the first call', async () => {
    expectUnusable(
      await run('run', 'demo', '--rtp-ports', '28200-28239'),
      'too small for the plan',
      '20 pairs',
      '--rtp-ports',
    );
  });
});

describe('too few file descriptors', () => {
  it.each([
    [100, 'Too few file descriptors to start'],
    [300, 'Too few file descriptors for the plan'],
  ])('such as %i are told with what the run needs', async (limit, text) => {
    const limited = Cli.shell(`ulimit -n ${limit}; ${commandLine('run demo')}`, scratch.path);
    const code = await limited.ended;
    expectUnusable(
      { code, stdout: limited.stdout, stderr: limited.stderr },
      text,
      new RegExp(`found:\\s+${limit}`),
      /ulimit -n \d+/,
    );
  });
});

describe('an address that is not of this machine', () => {
  it('is told', async () => {
    expectUnusable(await run('run', quick, '--local', '192.0.2.7'), '192.0.2.7');
  });
});

describe('an external drachtio-server', () => {
  it('that is not there is told', async () => {
    expectUnusable(
      await run('run', quick, '--drachtio', '127.0.0.1:1'),
      'no drachtio server at 127.0.0.1:1',
      'ECONNREFUSED',
    );
  });

  it('that refuses the secret is told', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        const id = String(data).split('#')[1]?.split('|')[0] ?? '';
        const answer = `0|response|${id}|NO|incorrect secret`;
        socket.write(`${answer.length}#${answer}`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const result = await run('run', quick, '--drachtio', `127.0.0.1:${port}`, '--secret', 'wrong');
    server.close();
    expectUnusable(result, `127.0.0.1:${port}`, 'failed to authenticate', "the server's admin secret");
  });

  it('that is something else and says nothing is told', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const result = await run('run', quick, '--drachtio', `127.0.0.1:${port}`);
    server.close();
    expectUnusable(result, `no drachtio server at 127.0.0.1:${port}`, 'admin port');
  });
});
