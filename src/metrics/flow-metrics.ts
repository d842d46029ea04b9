import { Distribution } from './distribution.js';
import type { FlowRecord } from './flow-record.js';
import { withQuotients } from './quotient.js';
import type { FlowSummary } from './summary.js';

interface StepSums {
  started: number;
  passed: number;
  failed: number;
  ms: Distribution;
}

/** Adds up how the calls of one side went through its list of steps. */
export class FlowMetrics {
  private readonly calls = { passed: 0, failed: 0, unfinished: 0 };
  /** By name, in the order of the list. */
  private readonly steps = new Map<string, StepSums>();

  add({ result, steps }: FlowRecord): void {
    this.calls[result]++;
    for (const { name, started, passed, failed, ms } of steps) {
      const sums = this.sumsOf(name);
      sums.started += started;
      sums.passed += passed;
      sums.failed += failed;
      for (const time of ms) sums.ms.record(time);
    }
  }

  /** `null` where no call began a list. */
  summary(): FlowSummary | null {
    const { passed, failed, unfinished } = this.calls;
    const calls = passed + failed + unfinished;
    if (calls === 0) return null;
    const figures = {
      calls,
      callsPassed: passed,
      callsFailed: failed,
      callsUnfinished: unfinished,
      steps: [...this.steps].map(([name, sums]) => ({
        name,
        started: sums.started,
        passed: sums.passed,
        failed: sums.failed,
        ms: sums.ms.percentiles(),
      })),
    };
    return withQuotients(figures, { failedRatio: [failed, passed + failed] });
  }

  private sumsOf(name: string): StepSums {
    const known = this.steps.get(name);
    if (known) return known;
    const sums = { started: 0, passed: 0, failed: 0, ms: new Distribution() };
    this.steps.set(name, sums);
    return sums;
  }
}
