import type { HeapProfiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/core/clock.js';
import { AudioLibrary } from '../../src/media/audio-library.js';
import { openDriver } from '../../src/media/driver.js';
import type { Lease } from '../../src/media/link/messages.js';
import { Plane } from '../../src/media/plane.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { compile, startEcho } from './far-end.js';
import { echoAt, MEASURED } from './measured-call.js';

// Memory of a call, and what a packet allocates: a plane in this thread, towards the echo.
//   node --expose-gc --max-semi-space-size=128 --import tsx bench/media/memory.ts --calls 1000
// The young generation is so large that nothing is collected within a round: what the heap grows by was allocated.

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    driver: { type: 'string', default: 'native' },
    port: { type: 'string', default: '7000' },
  },
});
const calls = Number(values.calls);
const port = Number(values.port);
const collect = globalThis.gc;
if (!collect) throw new Error('start it with node --expose-gc --max-semi-space-size=128');

const TICK_MS = 2;
/** Places that allocate, as many as are listed. */
const SITES = 8;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const leases: Lease[] = [];
const plane = new Plane(
  {
    driver: openDriver(values.driver as 'native' | 'epoll', systemClock),
    clock: systemClock,
    utcOffsetMs: Date.now() - systemClock.now(),
    seed: 1,
    addresses: ['127.0.0.1'],
    portMin: 10000,
    portMax: 10000 + 2 * calls + 199,
    audio: new AudioLibrary({ speech: { audio: 'speech' } }, 1),
  },
  {
    onLeased: (_address, leased, refusal) => {
      if (refusal) throw refusal;
      leases.push(...leased);
    },
    onRelay: () => {},
    onDigitsSent: () => {},
    onHeard: () => {},
    onSaid: () => {},
    onClosed: () => {},
  },
);

function runFor(ms: number): void {
  const endMs = systemClock.now() + ms;
  for (let nextMs = systemClock.now(); nextMs < endMs; nextMs = Math.max(nextMs + TICK_MS, systemClock.now())) {
    const waitMs = nextMs - systemClock.now();
    if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
    plane.tick(systemClock.now());
  }
}

/** What functions allocated meanwhile, by sampling, what was collected already included; the largest first. */
async function allocationsDuring(work: () => void): Promise<[site: string, bytes: number][]> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 1024,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const sites = new Map<string, number>();
  const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): void => {
    const site = `${callFrame.functionName} (${callFrame.url.split('/').slice(-2).join('/')})`;
    sites.set(site, (sites.get(site) ?? 0) + selfSize);
    for (const child of children) add(child);
  };
  add(profile.head);
  return [...sites].sort((a, b) => b[1] - a[1]);
}

function memory(): { heap: number; arrays: number; resident: number } {
  collect!();
  collect!();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed, arrays: arrayBuffers, resident: rss };
}

const folder = temporaryFolder();
const echo = await startEcho(compile(folder, 'udp-echo'), port);
plane.lease(calls);
while (leases.length < calls) plane.tick(systemClock.now());
const before = memory();
for (const [call, { pair }] of leases.entries()) {
  plane.open(pair, { call, name: `call-${call}`, session: MEASURED, uplink: [], downlink: [] });
  plane.connect(call, echoAt(port), true, systemClock.now());
}
runFor(3000);
const after = memory();
const perCall = (grown: number): string => `${(grown / calls / 1024).toFixed(1)} KB`;
console.log(
  `${calls} calls, each: heap ${perCall(after.heap - before.heap)}, typed arrays ${perCall(after.arrays - before.arrays)}, resident ${perCall(after.resident - before.resident)}`,
);
for (let round = 0; round < 3; round++) {
  const sentBefore = plane.snapshot(systemClock.now()).packetsSent;
  collect();
  const { heapUsed } = process.memoryUsage();
  runFor(2000);
  const grown = process.memoryUsage().heapUsed - heapUsed;
  const sent = plane.snapshot(systemClock.now()).packetsSent - sentBefore;
  console.log(`${sent} packets sent, ${(grown / sent).toFixed(1)} bytes allocated for each, sent and received`);
}
const sentBefore = plane.snapshot(systemClock.now()).packetsSent;
const sites = await allocationsDuring(() => runFor(4000));
const sent = plane.snapshot(systemClock.now()).packetsSent - sentBefore;
console.log('Bytes a packet, by the function that allocated them:');
for (const [site, bytes] of sites.slice(0, SITES)) console.log(`${(bytes / sent).toFixed(2).padStart(8)}  ${site}`);
echo.stdin!.end();
process.exit(0);
