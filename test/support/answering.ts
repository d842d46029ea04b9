import type { AppError } from '../../src/core/errors.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { Summary } from '../../src/metrics/summary.js';
import { parseProfile } from '../../src/profile/read.js';
import { InboundRun } from '../../src/run/inbound-run.js';
import { planOf } from '../../src/run/plan.js';
import type { RunOptions } from '../../src/run/run-options.js';

/** A run that answers. */
export interface Answering {
  run: InboundRun;
  /** Resolves when it takes calls. */
  listening: Promise<void>;
  finished: Promise<{ summary: Summary; failure: AppError | null; records: CallRecord[] }>;
}

/** Starts a run of a profile with `inbound`, through the same engine as the command line, threads and sockets included. */
export function answering(
  yaml: string,
  local: string,
  sipPort: number,
  onPackets?: RunOptions['onPackets'],
): Answering {
  const profile = parseProfile(yaml, 'inbound.yaml');
  const records: CallRecord[] = [];
  let isUp!: () => void;
  const listening = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  const run = new InboundRun({
    profile,
    plan: planOf(profile),
    rows: [],
    shards: 1,
    id: 'inbound',
    version: '0.0.0',
    startedAt: new Date(),
    local,
    sipPort,
    onTimeline: () => {},
    onRecord: (record) => records.push(record),
    onPackets,
    onSnapshot: ({ phase }) => phase === 'running' && isUp(),
  });
  return { run, listening, finished: run.execute().then((finished) => ({ ...finished, records })) };
}
