import type { AppError } from '../../src/core/errors.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { Snapshot } from '../../src/metrics/snapshot.js';
import type { Summary } from '../../src/metrics/summary.js';
import { parseProfile } from '../../src/profile/read.js';
import { planOf } from '../../src/run/plan.js';
import { Run } from '../../src/run/run.js';
import type { RunOptions } from '../../src/run/run-options.js';

export interface TestOptions extends Partial<RunOptions> {
  /** Called before the threads are up. */
  atOnce?(run: Run): void;
}

export interface FinishedRun {
  summary: Summary;
  failure: AppError | null;
  records: CallRecord[];
  timeline: Snapshot[];
}

/**
 * Runs a profile given as YAML through the same engine as the command line, threads and sockets included.
 * @param during called once the first call was attempted, however long the threads took to start
 */
export async function runProfile(
  yaml: string,
  options: TestOptions = {},
  during?: (run: Run) => void,
): Promise<FinishedRun> {
  const profile = parseProfile(yaml, 'test.yaml');
  const records: CallRecord[] = [];
  const timeline: Snapshot[] = [];
  let hasBegun = false;
  const run = new Run({
    profile,
    plan: planOf(profile),
    rows: [],
    id: 'test',
    version: '0.0.0',
    shards: 1,
    startedAt: new Date(),
    onTimeline: (snapshot) => timeline.push(snapshot),
    onRecord: (record) => records.push(record),
    ...options,
    onSnapshot: (snapshot) => {
      options.onSnapshot?.(snapshot);
      if (hasBegun || snapshot.calls.attempted === 0) return;
      hasBegun = true;
      during?.(run);
    },
  });
  const finished = run.execute();
  options.atOnce?.(run);
  return { ...(await finished), records, timeline };
}
