/**
 * Whether memory grows: many calls at once against a trunk of the run's own, each replaced when it ends, and what is alive in every
 * thread after a full collection, again and again, with the slope of that and its 95 % confidence interval.
 *
 * Usage: npm run build && npx tsx bench/soak/run.ts [--calls 10000] [--minutes 30] [--cps 25] [--every 60]
 */
import { parseArgs } from 'node:util';
import { built } from '../signalling/built.js';
import { Collector } from './collector.js';
import { type Point, slopeAtEqualCalls } from './equal-calls.js';

const { parseProfile } = await built<typeof import('../../src/profile/read.js')>('profile/read.js');
const { planOf } = await built<typeof import('../../src/run/plan.js')>('run/plan.js');
const { Run } = await built<typeof import('../../src/run/run.js')>('run/run.js');

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    minutes: { type: 'string', default: '30' },
    cps: { type: 'string', default: '25' },
    /** Seconds from one collection to the next. */
    every: { type: 'string', default: '60' },
  },
});
const calls = Number(values.calls);
const cps = Number(values.cps);
const soakS = Number(values.minutes) * 60;
const everyS = Number(values.every);
const holdS = calls / cps;
/**
 * Timers L and M hold transactions for 32 s after a call: before that not even a constant load has constant memory. And the calls of the
 * ramp, which found new memory, weigh less than those that took their place: one time of theirs more.
 */
const warmUpS = 2 * holdS + 60;

const profile = parseProfile(
  `name: soak
load: [{ shape: constant, cps: ${cps}, for: ${warmUpS + soakS}s }]
calls: { hold: ${holdS}s, audio: none, expectAudio: false, codecs: [PCMU] }
media: { rtpPorts: 20000-59998, sharedPorts: true, rtcp: { enabled: false } }
trunk: { channels: ${calls * 2}, audio: none }
`,
  'soak',
);

const MEBI = 1 << 20;
const found: Point[] = [];
const collector = new Collector();
let inProgress = 0;
let atMs = 0;
let points = 0;
let nextS = warmUpS;
let collecting: Promise<void> | null = null;

async function point(): Promise<void> {
  const at = atMs;
  const up = inProgress;
  // What grew old in the warm-up takes the first collection two rounds.
  if (points++ === 0) await collector.collect();
  const threads = await collector.collect();
  const bytes = threads.reduce((a, b) => a + b, 0);
  found.push({ hours: at / 3_600_000, calls: up, bytes });
  const each = threads.map((thread) => (thread / MEBI).toFixed(1)).join(' ');
  const resident = process.memoryUsage.rss() / MEBI;
  console.log(
    `${(at / 1000).toFixed(0)} s   ${up} calls   alive ${(bytes / MEBI).toFixed(2)} MiB (${each})   resident ${resident.toFixed(0)} MiB`,
  );
}

const run = new Run({
  profile,
  id: 'soak',
  version: '0',
  startedAt: new Date(),
  plan: planOf(profile),
  shards: 1,
  rows: [],
  accounts: [],
  onSnapshot: () => {},
  onTimeline: (snapshot) => {
    inProgress = snapshot.calls.inProgress;
    atMs = snapshot.atMs;
    if (atMs < nextS * 1000 || nextS > warmUpS + soakS || collecting) return;
    nextS += everyS;
    collecting = point().finally(() => {
      collecting = null;
    });
  },
  onRecord: () => {},
});
console.log(
  `${calls} calls at once: ${cps} a second, each of ${holdS} s; from ${warmUpS} s on for ${soakS} s, a collection every ${everyS} s`,
);
// Ends the load where it is; calls are hung up, and the slope so far is told.
process.once('SIGINT', () => run.stop());
await collector.start();
const { summary, failure } = await run.execute();
await collecting;
collector.stop();
if (failure) throw failure;
const { attempted, answered, failed, dropped } = summary.calls;
console.log(
  `attempted ${attempted}, answered ${answered}, failed ${failed}, dropped ${dropped}; peak ${summary.calls.peakInProgress} in progress`,
);
for (const { observed } of summary.run.invalidReasons) console.log(`not valid: ${observed}`);
const slope = slopeAtEqualCalls(found);
if (slope === null) console.log('too few points for a slope');
else {
  const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;
  console.log(
    `memory at the same number of calls: ${percent(slope.perHour)} an hour, 95 % confidence interval ${percent(slope.low)} to ${percent(slope.high)}, ${slope.points} points`,
  );
}
