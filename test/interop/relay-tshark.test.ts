import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Cli, Scratch } from '../support/cli.js';
import { FarEnd, talk } from '../support/far-ends.js';
import { freePort } from './ports.js';
import type { Fate } from './relay-process.js';
import { Capture } from './tshark.js';

const PACKETS = 400;
const TICK_MS = 2;
const IMPAIRMENT = `impairment:
  uplink:
    - { kind: loss, ratio: 12%, burst: 3 }
    - { kind: delay, base: 60ms, keepOrder: true, jitter: { distribution: uniform, spread: 25ms } }
  downlink: [{ kind: loss, ratio: 4% }]
`;

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What tshark makes of the RTP of a capture: by SSRC and the port it went to. */
interface Stream {
  ssrc: number;
  to: number;
  packets: number;
  lost: number;
  jitterMs: number;
}

/** `tshark -z rtp,streams` over a capture file, whose RTP is on these ports. */
function streamsIn(file: string, ports: readonly number[]): Stream[] {
  const decode = ports.flatMap((port) => ['-d', `udp.port==${port},rtp`]);
  const out = execFileSync('tshark', ['-r', file, ...decode, '-q', '-z', 'rtp,streams'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return out.split('\n').flatMap((line) => {
    const match =
      /127\.0\.0\.1\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+0x([0-9A-F]+)\s+\S+\s+(\d+)\s+(-?\d+) \([^)]*\)\s+(.*)$/.exec(line);
    if (!match) return [];
    const [, to, ssrc, packets, lost, rest] = match;
    const jitterMs = Number(rest.trim().split(/\s+/)[4]);
    return [
      { to: Number(to), ssrc: Number.parseInt(ssrc, 16), packets: Number(packets), lost: Number(lost), jitterMs },
    ];
  });
}

/** Sequence number and time in ms of a stream's packets to a port, as tshark reads them. */
function times(file: string, to: number): Map<number, number> {
  const fields = ['-T', 'fields', '-e', 'rtp.seq', '-e', 'frame.time_epoch'];
  const out = execFileSync(
    'tshark',
    ['-r', file, '-d', `udp.port==${to},rtp`, '-Y', `udp.dstport==${to} && rtp`, ...fields],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').map(Number));
  return new Map(rows.map(([sequence, seconds]) => [sequence, seconds * 1000]));
}

/** Mean of RFC 3550's J over a stream whose packets came at these times, 20 ms of audio each. */
function jitterOf(came: readonly { seq: number; atMs: number }[]): number {
  let [jitter, sum] = [0, 0];
  for (let i = 1; i < came.length; i++) {
    const apart = came[i].atMs - came[i - 1].atMs - 20 * (came[i].seq - came[i - 1].seq);
    jitter += (Math.abs(apart) - jitter) / 16;
    sum += jitter;
  }
  return sum / (came.length - 1);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

it('tshark sees on the wire, and in our captures of both sides, what the relay says it did', async () => {
  const scratch = new Scratch();
  scratch.write('bad.yaml', IMPAIRMENT);
  const first = await freePort(8);
  const [a, b] = await Promise.all([FarEnd.open(first, 0xaaaa), FarEnd.open(first + 2, 0xbbbb)]);
  cleanups.push(
    () => a.close(),
    () => b.close(),
  );
  const [atA, atB] = [first + 4, first + 6];
  const wire = await Capture.start(1, `${first}-${first + 7}`);
  cleanups.push(() => wire.remove());
  const path = `127.0.0.1:${atA}=127.0.0.1:${a.port},127.0.0.1:${atB}=127.0.0.1:${b.port}`;
  const files = ['--packet-log', 'packets.ndjson', '--pcap', 'relay'];
  const program = Cli.start(
    ['relay', '--static', path, '--impairment', 'bad.yaml', '--seed', '5', '--json', ...files],
    scratch.path,
  );
  cleanups.push(() => void program.child.kill('SIGKILL'));
  await program.says('Ctrl-C ends it');
  await talk(PACKETS, { end: a, to: atA }, { end: b, to: atB });
  await new Promise((resolve) => setTimeout(resolve, 300));
  program.child.kill('SIGINT');
  expect(await program.ended).toBe(0);
  await wire.stop();

  const { truth } = JSON.parse(program.stdout).door.paths[0].directions.aToB;
  const { truth: back } = JSON.parse(program.stdout).door.paths[0].directions.bToA;
  expect(truth.packets).toBe(PACKETS);
  expect(truth.droppedWithin).toBeGreaterThan(15);
  const fates = readFileSync(join(scratch.path, 'packets.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Fate);
  const delivered = fates.filter(({ direction, fate }) => direction === 'aToB' && fate === 'delivered');
  const ports = [a.port, b.port, atA, atB];
  const ours = { a: join(scratch.path, 'relay-a.pcap'), b: join(scratch.path, 'relay-b.pcap') };

  // Loss, exactly: what a receiver can see of it.
  const judged = (streams: Stream[], to: number): Stream => streams.find((stream) => stream.to === to)!;
  for (const streams of [streamsIn(wire.file, ports), streamsIn(ours.b, ports)])
    expect(judged(streams, b.port)).toMatchObject({
      ssrc: 0xaaaa,
      packets: truth.delivered,
      lost: truth.droppedWithin,
    });
  for (const streams of [streamsIn(wire.file, ports), streamsIn(ours.a, ports)]) {
    expect(judged(streams, a.port)).toMatchObject({ ssrc: 0xbbbb, packets: back.delivered, lost: back.droppedWithin });
    expect(judged(streams, atA)).toMatchObject({ ssrc: 0xaaaa, packets: PACKETS, lost: 0 });
  }

  // Delay and jitter: the same in both captures up to a tick, and what was injected. Held against the wire's own clock.
  const [entered, left] = [times(wire.file, atA), times(wire.file, b.port)];
  const errors = delivered.map(({ seq, delayMs }) => left.get(seq)! - entered.get(seq)! - delayMs!);
  expect(Math.min(...errors)).toBeGreaterThan(-0.5);
  expect(median(errors)).toBeLessThan(TICK_MS + 0.5);
  const wireJitterMs = judged(streamsIn(wire.file, ports), b.port).jitterMs;
  const injected = delivered
    .map(({ seq, time, delayMs }) => ({ seq, atMs: time * 1000 + delayMs! }))
    .sort((one, other) => one.atMs - other.atMs);
  expect(Math.abs(wireJitterMs - jitterOf(injected))).toBeLessThan(TICK_MS);
  expect(Math.abs(judged(streamsIn(ours.b, ports), b.port).jitterMs - wireJitterMs)).toBeLessThan(TICK_MS);
});
