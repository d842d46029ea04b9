import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, startEcho } from './far-end.js';
import { type BenchOptions, type Measured, runMediaThread } from './media-thread.js';

// Our media thread beside the floor in C (one socket a call, nothing looked at), in turn, over the same far end.
//   npm run bench:media -- --calls 100,500,1000,2000,3000 --seconds 8 --rounds 3 --tick 2 --drivers native,epoll

type Driver = BenchOptions['driver'];

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    tick: { type: 'string', default: '2' },
    drivers: { type: 'string', default: 'native' },
    port: { type: 'string', default: '7000' },
  },
});
const curve = values.calls.split(',').map(Number);
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const tickMs = Number(values.tick);
const port = Number(values.port);
const drivers = values.drivers.split(',') as Driver[];

function runFloor(program: string, calls: number): Measured {
  const text = execFileSync(program, [port, calls, seconds, tickMs].map(String), { encoding: 'utf8' });
  return JSON.parse(text) as Measured;
}

const usPerPacket = (m: Measured): number => m.cpuUs / m.sent;

function line(name: string, m: Measured): string {
  const lost = m.sent - m.received;
  return [
    name.padEnd(12),
    `${usPerPacket(m).toFixed(2)} µs/packet`.padStart(15),
    `cpu ${((m.cpuUs / 1e4) * (1 / seconds)).toFixed(1)} %`.padStart(11),
    `sent ${m.sent}`.padStart(14),
    `lost ${lost} (${((100 * lost) / m.sent).toFixed(3)} %)`.padStart(18),
    `late p50 ${m.lateP50Ms.toFixed(2)} ms`.padStart(17),
    `p99 ${m.lateP99Ms.toFixed(2)} ms`.padStart(13),
    m.jitterMs === undefined ? '' : `jitter ${m.jitterMs.toFixed(3)} ms`,
  ].join('  ');
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const folder = mkdtempSync(join(tmpdir(), 'trunkstorm-bench-'));
try {
  const floor = compile(folder, 'rtp-limit');
  const echo = await startEcho(compile(folder, 'udp-echo'), port);
  for (const calls of curve) {
    console.log(`${calls} calls, 172 bytes each 20 ms both ways, ${seconds} s, tick ${tickMs} ms`);
    const floors: number[] = [];
    const ours = new Map<Driver, number[]>(drivers.map((driver) => [driver, []]));
    for (let round = 0; round < rounds; round++) {
      const c = runFloor(floor, calls);
      floors.push(usPerPacket(c));
      console.log(line('C floor', c));
      for (const driver of drivers) {
        const own = await runMediaThread({ calls, seconds, tickMs, driver, port });
        ours.get(driver)!.push(usPerPacket(own));
        console.log(line(driver, own));
      }
    }
    const floorUs = median(floors);
    for (const [driver, figures] of ours) {
      const us = median(figures);
      console.log(
        `${calls} calls, ${driver}, median: ${us.toFixed(2)} µs against ${floorUs.toFixed(2)} µs in C, ratio ${(us / floorUs).toFixed(2)}`,
      );
    }
  }
  echo.stdin!.end();
} finally {
  rmSync(folder, { recursive: true });
}
