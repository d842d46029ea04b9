import type { AppError } from '../core/errors.js';
import type { CapacityResult, GateUse, StepRow } from '../load/capacity/capacity-result.js';
import { type CapacityOptions, CapacitySearch } from '../load/capacity/capacity-search.js';
import { mostFailures } from '../load/capacity/judge.js';
import { type StepPlan, StepTally } from '../load/capacity/step.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Gate } from '../metrics/gate-parser.js';
import type { Snapshot } from '../metrics/snapshot.js';
import { invalidities } from '../metrics/validity.js';
import { StepGates } from './capacity-gates.js';
import { outcomeOf } from './capacity-outcome.js';
import { Run } from './run.js';
import type { RunOptions } from './run-options.js';

/** How far a step is. */
export interface StepProgress {
  /** From 1. */
  number: number;
  plan: StepPlan;
  started: number;
  /** Attempts whose calls have ended. */
  ended: number;
  inProgress: number;
  failed: number;
}

export interface CapacityRunOptions extends Omit<RunOptions, 'onBegun' | 'onSnapshot'> {
  search: CapacityOptions;
  /** What each step is held to beside what is always judged; those of the profile are judged over the run. */
  stepGates: readonly Gate[];
  /** Four times a second while a step goes. */
  onProgress(progress: StepProgress): void;
  onStep(row: StepRow, number: number): void;
}

export interface CapacityOutcome {
  target: string;
  result: CapacityResult;
  gates: GateUse;
  steps: readonly StepRow[];
  durationMs: number;
  failure: AppError | null;
}

interface CurrentStep {
  plan: StepPlan;
  /** Number of its first attempt. */
  first: number;
  /** On the run's clock. */
  startMs: number;
  tally: StepTally;
  failed: number;
  /** Of the whole run, when it began. */
  attemptedBefore: number;
  notStartedBefore: number;
}

/** Lets a search for capacity drive one long run: step by step, each judged when its last call has ended. */
export class CapacityRun {
  private readonly run: Run;
  private readonly search: CapacitySearch;
  private readonly gates: StepGates;
  private readonly refusals: ReadonlySet<number>;
  private current: CurrentStep | null = null;
  private made = 0;
  private attempted = 0;
  private notStarted = 0;

  constructor(private readonly options: CapacityRunOptions) {
    this.search = new CapacitySearch(options.search);
    this.gates = new StepGates(options.stepGates);
    this.refusals = new Set(options.profile.refusals);
    this.run = new Run({
      ...options,
      onBegun: () => this.makeNext(),
      onSnapshot: (snapshot) => this.look(snapshot),
      onRecord: (record) => {
        this.take(record);
        options.onRecord(record);
      },
    });
  }

  /** Searches to the end. Rejects with AppError where nothing could begin; what broke later is in `failure`. */
  async execute(): Promise<CapacityOutcome> {
    const { summary, failure } = await this.run.execute();
    const { target, durationMs } = summary.run;
    const { result, steps } = this.search;
    return { target, result, gates: this.gates.use, steps, durationMs, failure };
  }

  /** Ends the search because the user wants it; what was found until then is the result. */
  stop(): void {
    this.current = null;
    this.run.stop();
  }

  private makeNext(): void {
    const plan = this.search.next;
    if (!plan) {
      this.current = null;
      this.run.hangUpAll();
      return;
    }
    const { cps, attempts, length } = plan;
    const first = this.made;
    this.made += attempts;
    this.gates.begin(plan);
    this.current = {
      plan,
      first,
      startMs: this.run.makeStep({ first, cps, attempts, length }),
      tally: new StepTally(plan),
      failed: 0,
      attemptedBefore: this.attempted,
      notStartedBefore: this.notStarted,
    };
  }

  private take(record: CallRecord): void {
    const step = this.current;
    if (!step || record.id < step.first) return;
    const outcome = outcomeOf(record, record.id - step.first, step.startMs, this.refusals);
    // Callers that send nothing are not heard, and nothing is wrong with that.
    step.tally.add(this.options.profile.calls.audio === 'none' ? { ...outcome, isUnheard: null } : outcome);
    this.gates.add(record, outcome.index);
    if (record.outcome === 'failed') step.failed++;
  }

  private look({ calls, phase }: Snapshot): void {
    this.attempted = calls.attempted;
    this.notStarted = calls.notStarted;
    const step = this.current;
    if (!step || (phase !== 'running' && phase !== 'draining')) return;
    const { plan, tally, failed } = step;
    const started = calls.attempted - step.attemptedBefore;
    const notStarted = calls.notStarted - step.notStartedBefore;
    const number = this.search.steps.length + 1;
    this.options.onProgress({ number, plan, started, ended: tally.count, inProgress: calls.inProgress, failed });
    if (started + notStarted < plan.attempts || tally.count < started) return;
    const strain = invalidities(this.run.strainOfStep(notStarted, plan.attempts));
    const { leastMos } = this.options.search.criteria;
    const figures = tally.figures(
      leastMos,
      notStarted,
      strain.map(({ observed, limit }) => `${observed}, limit ${limit}`),
    );
    this.search.take({ ...figures, breaches: this.gates.breaches(mostFailures(figures)) });
    this.options.onStep(this.search.steps.at(-1)!, number);
    this.makeNext();
  }
}
