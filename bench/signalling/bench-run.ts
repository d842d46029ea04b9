import type { Summary } from '../../src/metrics/summary.js';
import type { RunOptions } from '../../src/run/run-options.js';
import { built } from './built.js';

const { parseProfile } = await built<typeof import('../../src/profile/read.js')>('profile/read.js');
const { planOf } = await built<typeof import('../../src/run/plan.js')>('run/plan.js');
const { Run } = await built<typeof import('../../src/run/run.js')>('run/run.js');

/**
 * A run of the product on one shard, all but its files and its screen: each call has its port pair and its session in the
 * media thread, but sends no RTP, and ends as soon as it is answered.
 * @param load the YAML of the one stage of its load
 */
export async function benchRun(
  target: string,
  load: string,
  listeners: Pick<RunOptions, 'onRecord'> & Partial<Pick<RunOptions, 'onTimeline'>>,
): Promise<Summary> {
  const profile = parseProfile(
    `name: bench
target: ${target}
load: [${load}]
calls: { to: service, hold: 0, audio: none, expectAudio: false }
`,
    'bench',
  );
  const { summary, failure } = await new Run({
    profile,
    id: 'bench',
    version: '0',
    startedAt: new Date(),
    plan: planOf(profile),
    shards: 1,
    rows: [],
    onSnapshot: () => {},
    onTimeline: () => {},
    ...listeners,
  }).execute();
  if (failure) throw failure;
  return summary;
}
