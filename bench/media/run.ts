import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { examineMachine } from '../../src/run/machine.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { diagnose } from './diagnosis.js';
import { compile, startEcho } from './far-end.js';
import { measureJitter } from './jitter.js';
import { type BenchOptions, type Measured, runMediaThread } from './media-thread.js';

// Our media thread beside the floor in C (which looks at nothing), in turn, over the same far end: a socket a call, or one for all.
// `curve` is the same from 100 to 3,000 calls.
//   npm run bench:media -- [curve] --calls 1000,2000 --seconds 8 --rounds 3 --tick 2 --drivers native,epoll [--shared]
// What measuring costs: packets that are only received and counted, everything measured that a run measures, and the probe on top:
//   npm run bench:media -- measuring --calls 2000 --seconds 8 --rounds 3
// Faults of audio by their causes, in whole runs: so many calls of each kind, and a matrix of what was injected and what was found:
//   npm run bench:media -- diagnosis --calls 48
// The jitter at the receiver, as tshark sees it, beside SIPp's:
//   npm run bench:media -- jitter --calls 1000 --seconds 8 --rounds 3

type Driver = BenchOptions['driver'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    tick: { type: 'string', default: '2' },
    drivers: { type: 'string', default: 'native' },
    port: { type: 'string', default: '7000' },
    shared: { type: 'boolean', default: false },
  },
});
const mode = positionals[0] ?? 'compare';
const curve = (values.calls ?? (mode === 'curve' ? '100,500,1000,2000,3000' : '1000')).split(',').map(Number);
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const tickMs = Number(values.tick);
const port = Number(values.port);
const sharedPorts = values.shared;
const drivers = values.drivers.split(',') as Driver[];

function runFloor(program: string, calls: number): Measured {
  const options = [port, calls, seconds, tickMs, ...(sharedPorts ? ['shared'] : [])];
  const text = execFileSync(program, options.map(String), { encoding: 'utf8' });
  return JSON.parse(text) as Measured;
}

function receiveBufferMax(): string {
  const { receiveBufferMaxBytes } = examineMachine();
  return receiveBufferMaxBytes === null ? 'not told by the system' : `${receiveBufferMaxBytes / 1024} KiB`;
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
    m.markers ? `${m.markers} markers heard` : '',
  ].join('  ');
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function measureCurve(): Promise<void> {
  const floor = compile(folder, 'rtp-limit');
  const echo = await startEcho(compile(folder, 'udp-echo'), port);
  for (const calls of curve) {
    console.log(
      `${calls} calls, 172 bytes each 20 ms both ways, ${seconds} s, tick ${tickMs} ms${sharedPorts ? `, one port, net.core.rmem_max ${receiveBufferMax()}` : ''}`,
    );
    const floors: number[] = [];
    const ours = new Map<Driver, number[]>(drivers.map((driver) => [driver, []]));
    for (let round = 0; round < rounds; round++) {
      const c = runFloor(floor, calls);
      floors.push(usPerPacket(c));
      console.log(line('C floor', c));
      for (const driver of drivers) {
        const own = await runMediaThread({ calls, seconds, tickMs, driver, port, sharedPorts });
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
}

/** Measured and unmeasured in turn; the unmeasured thread loses nothing that it could know of. */
async function measureMeasuring(): Promise<void> {
  const echo = await startEcho(compile(folder, 'udp-echo'), port);
  const options = { calls: curve[0], seconds, tickMs, driver: drivers[0], port, sharedPorts };
  const kinds = [
    { name: 'unmeasured', isUnmeasured: true, us: [] as number[] },
    { name: 'measured', us: [] as number[] },
    { name: 'with probe', isProbed: true, us: [] as number[] },
  ];
  for (let round = 0; round < rounds; round++) {
    for (const { name, us, ...kind } of kinds) {
      const found = await runMediaThread({ ...options, ...kind });
      us.push(usPerPacket(found));
      console.log(line(name, found));
    }
  }
  const [without, ...more] = kinds.map(({ name, us }) => ({ name, us: median(us) }));
  console.log(`${curve[0]} calls, median: ${without.us.toFixed(2)} µs ${without.name}`);
  for (const { name, us } of more)
    console.log(`  ${us.toFixed(2)} µs ${name}, ${(100 * (us / without.us - 1)).toFixed(0)} % more`);
  echo.stdin!.end();
}

const folder = temporaryFolder();
if (mode === 'jitter') await measureJitter(folder, { calls: curve[0], seconds, rounds, tickMs, port });
else if (mode === 'measuring') await measureMeasuring();
else if (mode === 'diagnosis') await diagnose(curve[0]);
else await measureCurve();
