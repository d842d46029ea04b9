import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { cpuMsOf } from './cpu.js';
import { delayErrors } from './delay-errors.js';
import { compileLoad, type Loaded, runLoad } from './load.js';
import { OurRelay } from './ours.js';
import { RtpEngine } from './rtpengine.js';

// The relay beside rtpengine in user space: CPU a relayed packet with the same far ends, in turn, and how exact its delays are.
//   npm run bench:relay -- --calls 500,1000,1500 --seconds 8 --rounds 3

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    /** Of the run that holds observed against injected delays. */
    exact: { type: 'string', default: '300' },
    port: { type: 'string', default: '10000' },
  },
});
const curve = values.calls.split(',').map(Number);
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const port = Number(values.port);
const ENDS = [port, port + 2] as const;
const OURS = port + 1000;
const THEIRS = port + 9000;

const IMPAIRMENT = `impairment:
  uplink: [{ kind: loss, ratio: 2%, burst: 2 }, { kind: delay, base: 60ms, jitter: { distribution: uniform, spread: 20ms } }]
  downlink: [{ kind: loss, ratio: 2%, burst: 2 }, { kind: delay, base: 60ms, jitter: { distribution: uniform, spread: 20ms } }]
`;

interface Measured extends Loaded {
  /** CPU time of the relay, all its threads, a packet that was sent to it. */
  cpuUs: number;
}

async function measure(
  program: string,
  relay: { pid: number; targets: readonly (readonly [number, number])[] },
  delaysFile?: string,
): Promise<Measured> {
  const before = cpuMsOf(relay.pid);
  const loaded = await runLoad({ program, ports: ENDS, seconds, targets: relay.targets, delaysFile });
  // The far ends may be held up and take longer than they should: what counts is what they sent.
  return { ...loaded, cpuUs: ((cpuMsOf(relay.pid) - before) * 1000) / loaded.sent };
}

const median = (numbers: number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function line(name: string, measured: Measured, rest: string): void {
  const { cpuUs, sent, received, delayP50Ms, delayP99Ms } = measured;
  console.log(
    [
      name.padEnd(20),
      `${cpuUs.toFixed(2)} µs/packet`.padStart(16),
      `sent ${sent}`.padStart(13),
      `came ${received}`.padStart(13),
      `delay p50 ${delayP50Ms.toFixed(2)} ms, p99 ${delayP99Ms.toFixed(2)} ms`,
      rest,
    ].join('  '),
  );
}

async function measureOurs(program: string, calls: number, impairment: string | null, delaysFile?: string) {
  const relay = await OurRelay.start(calls, ENDS, OURS, impairment);
  const measured = await measure(program, relay, delaysFile);
  const { media, health } = await relay.stop();
  const { aToB, bToA } = media!.directions;
  const came = aToB.received + bToA.received;
  // Packets that were sent to us and never reached the path: dropped by the kernel for want of our reading them.
  const unread = measured.sent - came;
  const lost = unread + health!.sendErrors + (aToB.delivered + bToA.delivered - aToB.sent - bToA.sent);
  const late = health!.lateSeconds > 0 ? `, TOO LATE in ${health!.lateSeconds} of ${health!.seconds} s` : '';
  line(
    impairment === null ? 'ours, plain' : 'ours, loss + jitter',
    measured,
    `lost by us ${lost}, late p50 ${health!.lateness?.p50Ms.toFixed(1)} ms, p99 ${health!.lateness?.p99Ms.toFixed(1)} ms${late}`,
  );
  return { ...measured, lost };
}

async function measureTheirs(program: string, calls: number): Promise<Measured | null> {
  const engine = await RtpEngine.start(calls, ENDS, THEIRS, port + 4);
  if (engine === null) return null;
  const measured = await measure(program, engine);
  await engine.stop();
  line('rtpengine, plain', measured, `not relayed ${measured.sent - measured.received}`);
  return measured;
}

const folder = temporaryFolder();
const program = compileLoad(folder);
const impairment = join(folder, 'impairment.yaml');
writeFileSync(impairment, IMPAIRMENT);
for (const calls of curve) {
  console.log(`${calls} calls, ${calls * 100} packets a second in, ${seconds} s`);
  const figures = { plain: [] as number[], impaired: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const theirs = await measureTheirs(program, calls);
    if (theirs) figures.theirs.push(theirs.cpuUs);
    figures.impaired.push((await measureOurs(program, calls, impairment)).cpuUs);
    figures.plain.push((await measureOurs(program, calls, null)).cpuUs);
  }
  const [plain, impaired] = [median(figures.plain), median(figures.impaired)];
  const beside =
    figures.theirs.length === 0
      ? 'rtpengine is not installed (apt-get install rtpengine-daemon)'
      : `rtpengine plain ${median(figures.theirs).toFixed(2)} µs; ratio with loss and jitter ${(impaired / median(figures.theirs)).toFixed(2)}`;
  console.log(
    `${calls} calls, medians: with loss and jitter ${impaired.toFixed(2)} µs, plain ${plain.toFixed(2)} µs; ${beside}`,
  );
}

const calls = Number(values.exact);
console.log(`${calls} calls, observed against injected delay`);
const delaysFile = join(folder, 'delays');
await measureOurs(program, calls, impairment, delaysFile);
const { packets, p50Ms, p99Ms, maxMs, p99OfHalfSecondsMs, unlikely } = delayErrors(delaysFile, impairment);
const [least] = p99OfHalfSecondsMs;
console.log(
  `${packets} packets: |error| p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(2)} ms; p99 of half seconds median ${median(p99OfHalfSecondsMs).toFixed(2)} ms, least ${least.toFixed(2)} ms; ${unlikely} came that were to be lost`,
);
