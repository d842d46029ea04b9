import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readCapture } from '../../src/pcap/reader.js';
import type { RelayResult } from '../../src/run/standalone-relay.js';
import { freePort } from '../interop/ports.js';
import { Cli, cli, Scratch } from '../support/cli.js';
import { FarEnd, talk } from '../support/far-ends.js';
import { until } from './sip-harness.js';

const scratch = new Scratch();
const ends: FarEnd[] = [];
const programs: Cli[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) end.close();
  for (const program of programs.splice(0)) {
    if (program.child.exitCode === null) program.child.kill('SIGKILL');
    await program.ended;
  }
});

async function farEnd(ssrc: number): Promise<FarEnd> {
  const end = await FarEnd.open(0, ssrc);
  ends.push(end);
  return end;
}

/** A relay with one static path between two far ends, once it listens. */
async function startRelay(args: string[], remotes = true) {
  const a = await farEnd(0xa);
  const b = await farEnd(0xb);
  const first = await freePort(4);
  const ports = { a: first, b: first + 2 };
  const side = (port: number, far: FarEnd): string => `127.0.0.1:${port}${remotes ? `=127.0.0.1:${far.port}` : ''}`;
  const path = `${side(ports.a, a)},${side(ports.b, b)}`;
  const program = Cli.start(['relay', '--static', path, '--no-ui', '--json', ...args], scratch.path);
  programs.push(program);
  await program.says('Ctrl-C ends it');
  return { program, a, b, ports };
}

async function end(program: Cli): Promise<RelayResult> {
  program.child.kill('SIGINT');
  expect(await program.ended).toBe(0);
  return JSON.parse(program.stdout) as RelayResult;
}

describe('trunkstorm relay --static', () => {
  it.each(['native', 'epoll', 'dgram'])('relays both ways by the driver %s, and says what it did', async (driver) => {
    scratch.write('lossy.yaml', 'impairment:\n  uplink: [{ kind: loss, ratio: 25%, burst: 2 }]\n');
    const args = ['--driver', driver, '--impairment', 'lossy.yaml', '--seed', '3', '--packet-log', `${driver}.ndjson`];
    const { program, a, b, ports } = await startRelay(args);
    await talk(50, { end: a, to: ports.a }, { end: b, to: ports.b });
    const log = readFileSync(join(scratch.path, `${driver}.ndjson`), 'utf8');
    expect(log.length).toBeGreaterThan(0);
    await until(
      () => a.came.length === 50,
      () => a.came,
    );
    const { media, calls, door } = await end(program);
    const { aToB, bToA } = media!.directions;
    expect(calls).toEqual({ opened: 1, peak: 1, refused: 0, timedOut: 0 });
    expect(aToB).toMatchObject({ received: 50, packets: 50, delivered: b.came.length, sent: b.came.length });
    expect(aToB.dropped).toBe(50 - b.came.length);
    expect(aToB.dropped).toBeGreaterThan(2);
    expect(bToA).toMatchObject({ received: 50, sent: 50, dropped: 0 });
    expect(door).toMatchObject({ paths: [{ ends: { a: { streams: [{ ssrc: 0xa, packets: 50 }] } } }] });
    // The log says of each packet whether it came.
    const lines = readFileSync(join(scratch.path, `${driver}.ndjson`), 'utf8')
      .trimEnd()
      .split('\n');
    const fates = lines.map((line) => JSON.parse(line)).filter(({ direction }) => direction === 'aToB');
    expect(fates.filter(({ fate }) => fate === 'delivered').map(({ seq }) => seq)).toEqual(b.came);
    expect(lines).toHaveLength(100);
  });

  it('learns where the far ends are from their first packets, and from no flood that comes after', async () => {
    const { program, a, b, ports } = await startRelay([], false);
    const stranger = await farEnd(0x666);
    b.send(ports.b);
    // Which of two ports is read first nobody says: what comes of A before B is known goes nowhere.
    let sent = 0;
    for (; b.came.length === 0; sent++) await talk(1, { end: a, to: ports.a });
    await until(() => b.came.at(-1) === sent - 1);
    const before = b.came.length;
    for (let i = 0; i < 500; i++) stranger.send(ports.a);
    stranger.sendRaw(Buffer.from('garbage'), ports.b);
    await talk(5, { end: a, to: ports.a }, { end: b, to: ports.b });
    await until(
      () => a.came.length === 5 && b.came.length === before + 5,
      () => [a.came, b.came],
    );
    expect(stranger.came).toEqual([]);
    const { media } = await end(program);
    // A burst may be more than a socket's buffer holds; what was read was left out.
    expect(media!.wrongSource).toBeGreaterThan(50);
    expect(media!.malformed).toBe(1);
    expect(media!.directions.aToB).toMatchObject({ received: sent + 5, sent: before + 5 });
  });

  it('changes what it does while it goes on, for whoever knows the token', async () => {
    const port = await freePort();
    const token = 'token-of-this-test';
    const args = ['--network', 'clean', '--control-port', String(port), '--control-token', token];
    const { program, a, b, ports } = await startRelay(args);
    const ask = (method: string, body?: string, authorization = `Bearer ${token}`): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/impairment`, { method, body, headers: { authorization } });
    await talk(10, { end: a, to: ports.a }, { end: b, to: ports.b });
    await until(
      () => b.came.length === 10,
      () => b.came,
    );
    expect((await ask('PUT', '{}', 'Bearer no')).status).toBe(401);
    expect(await (await ask('GET')).json()).toMatchObject({ impairment: { network: 'clean' }, changes: [] });
    const byNumber = await ask('PUT', JSON.stringify({ select: { from: '+49*' } }));
    expect([byNumber.status, JSON.stringify(await byNumber.json())]).toEqual([
      400,
      expect.stringContaining('only --listen knows'),
    ]);
    const outage = await ask('PUT', JSON.stringify({ uplink: [{ kind: 'one-way' }] }));
    expect(await outage.json()).toMatchObject({ changes: [{ name: 'change 1' }] });
    await talk(10, { end: a, to: ports.a }, { end: b, to: ports.b });
    await until(
      () => a.came.length === 20,
      () => a.came,
    );
    const { media, door } = await end(program);
    expect(b.came).toHaveLength(10);
    expect(media!.directions).toMatchObject({
      aToB: { received: 20, dropped: 10 },
      bToA: { received: 20, dropped: 0 },
    });
    expect(JSON.stringify(door)).toContain('"name":"change 1"');
  });

  it('relays over IPv6, and from there to IPv4 and back', async () => {
    const a = await FarEnd.open(0, 0xa, '::1');
    ends.push(a);
    const b = await farEnd(0xb);
    const first = await freePort(4);
    const path = `[::1]:${first}=[::1]:${a.port},127.0.0.1:${first + 2}=127.0.0.1:${b.port}`;
    const program = Cli.start(['relay', '--static', path, '--json', '--pcap', 'v6'], scratch.path);
    programs.push(program);
    await program.says('Ctrl-C ends it');
    await talk(5, { end: a, to: first }, { end: b, to: first + 2 });
    await until(
      () => a.came.length === 5 && b.came.length === 5,
      () => [a.came, b.came],
    );
    const { door } = await end(program);
    expect(door).toMatchObject({ paths: [{ ends: { a: { remote: { address: '::1', port: a.port } } } }] });
    const captured: number[] = [];
    await readCapture(join(scratch.path, 'v6-a.pcap'), ({ bytes, start }) => captured.push(bytes[start] >> 4));
    expect(captured).toEqual(new Array(10).fill(6));
  });

  it.each(['native', 'epoll', 'dgram'])(
    'goes over to another port as a NAT that rebinds, by the driver %s',
    async (driver) => {
      scratch.write('rebound.yaml', 'impairment: { uplink: [{ kind: port-change, after: 100ms }] }\n');
      const { program, a, b, ports } = await startRelay(['--driver', driver, '--impairment', 'rebound.yaml']);
      await talk(30, { end: a, to: ports.a }, { end: b, to: ports.b });
      await until(
        () => b.came.length === 30,
        () => b.came,
      );
      const { media, door } = await end(program);
      // What B sends to the port that it knows comes to nothing from then on.
      expect(a.came.length).toBeGreaterThan(2);
      expect(a.came.length).toBeLessThan(25);
      expect(media!.directions).toMatchObject({ aToB: { received: 30, sent: 30 }, bToA: { received: a.came.length } });
      expect(JSON.stringify(door)).toContain('"port-change":1');
    },
  );

  it('tells people how it went, without --json', async () => {
    const first = await freePort(4);
    const path = `127.0.0.1:${first},127.0.0.1:${first + 2}`;
    const program = Cli.start(['relay', '--static', path], scratch.path);
    programs.push(program);
    await program.says('Ctrl-C ends it');
    const a = await farEnd(1);
    await talk(3, { end: a, to: first });
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(program.stdout).toContain('A→B  in 3 · out 0 · dropped 0 (0%)');
    expect(program.stdout).toContain('1 calls, 1 at a time');
    expect(program.stderr).toBe('');
  });

  it.each([
    ['no door', '', 2, 'one front door'],
    ['a route that is none', '--static 127.0.0.1:4000', 2, 'two sides'],
    ['a network that is none', '--static 127.0.0.1:4000,127.0.0.1:5000 --network nowhere', 2, 'congested-sip-trunk'],
    [
      'a control endpoint without its token',
      '--static 127.0.0.1:4000,127.0.0.1:5000 --control-port 8089',
      2,
      'no token',
    ],
    [
      'an option of another door',
      '--static 127.0.0.1:4000,127.0.0.1:5000 --out x',
      2,
      '--out has no effect with --static',
    ],
    ['a file that is not there', '--static 127.0.0.1:4000,127.0.0.1:5000 --impairment no.yaml', 2, 'no.yaml'],
    ['an address of another machine', '--static 192.0.2.1:4000,127.0.0.1:5000', 3, 'EADDRNOTAVAIL'],
    ['a log that cannot be written', '--static 127.0.0.1:4000,127.0.0.1:5000 --packet-log no/x', 3, 'no/x'],
  ])('refuses %s, and says why', async (_name, args, status, why) => {
    const { code, stderr } = await cli(['relay', ...args.split(' ').filter((arg) => arg !== '')], scratch.path);
    expect(stderr).toContain(why);
    expect(code).toBe(status);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('refuses what goes wrong within a file, with its line', async () => {
    scratch.write('wrong.yaml', 'impairment:\n  uplink:\n    - { kind: loss, ratio: 2 }\n  sideways: []\n');
    const path = '127.0.0.1:4000,127.0.0.1:5000';
    const { code, stderr } = await cli(['relay', '--static', path, '--impairment', 'wrong.yaml'], scratch.path);
    expect(code).toBe(2);
    expect(stderr).toContain('wrong.yaml:3');
    expect(stderr).toContain('wrong.yaml:4');
  });

  it('refuses in a file what its door knows nothing of', async () => {
    scratch.write('by-number.yaml', 'impairment: { uplink: [{ kind: loss, ratio: 2% }], select: { to: "49*" } }\n');
    scratch.write('sdp.yaml', 'calls: { sdpFaults: [{ kind: remove-telephone-event }] }\n');
    for (const [file, why] of [
      ['by-number.yaml', 'which only --listen knows'],
      ['sdp.yaml', '--static sees no descriptions'],
    ]) {
      const { code, stderr } = await cli(
        ['relay', '--static', '127.0.0.1:4000,127.0.0.1:5000', '--impairment', file],
        scratch.path,
      );
      expect(stderr).toContain(why);
      expect(code).toBe(2);
    }
  });

  it('refuses a trace that is not there before anything is relayed', async () => {
    scratch.write('trace.yaml', 'impairment:\n  downlink: [{ kind: loss-trace, file: no-such.txt }]\n');
    const first = await freePort(4);
    const path = `127.0.0.1:${first},127.0.0.1:${first + 2}`;
    const { code, stderr } = await cli(['relay', '--static', path, '--impairment', 'trace.yaml'], scratch.path);
    expect(stderr).toContain('no-such.txt');
    expect(code).toBe(2);
  });

  it('refuses ports that are taken, and more paths than calls are allowed', async () => {
    const taken = await farEnd(1);
    const first = await freePort(8);
    const beside = `127.0.0.1:${first}`;
    const refused = await cli(['relay', '--static', `${beside},127.0.0.1:${taken.port}`], scratch.path);
    expect(refused.stderr).toContain(`${taken.port}`);
    expect(refused.code).toBe(3);
    const two = [
      '--static',
      `${beside},127.0.0.1:${first + 2}`,
      '--static',
      `127.0.0.1:${first + 4},127.0.0.1:${first + 6}`,
    ];
    const many = await cli(['relay', ...two, '--max-calls', '1'], scratch.path);
    expect(many.stderr).toContain('no more calls');
    expect(many.code).toBe(3);
  });
});
