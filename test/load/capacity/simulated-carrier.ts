import { Rng } from '../../../src/core/rng.js';
import type { AttemptOutcome, StepFigures, StepPlan } from '../../../src/load/capacity/step.js';
import { StepTally } from '../../../src/load/capacity/step.js';
import { Admission } from '../../../src/trunk/admission.js';

export type SimulatedAilment = 'slow-setup' | 'audio' | 'dtmf' | 'dropped';

/** What a search must find out. */
export interface HiddenCarrier {
  channels: number;
  cps: number;
  whenFull: 'refused' | 'silent';
  whenTooFast: 'refused' | 'silent';
  srdMs: number;
  ringMs: number;
  /** What goes wrong above a load, of calls at once or of attempts a second, with such a share of the calls. */
  ailment: { kind: SimulatedAilment; by: 'concurrency' | 'cps'; above: number; share: number } | null;
  /** Shares of calls with a fault at any load. */
  noise: { unheard: number; digits: number; dropped: number };
}

/** What is known of an attempt before anything came of it. */
export const UNTOLD: Omit<AttemptOutcome, 'index' | 'startedMs' | 'result'> = {
  response: null,
  srdMs: null,
  setupMs: null,
  endedMs: null,
  isDropped: false,
  isUnheard: null,
  mos: null,
  digitsSent: 0,
  digitsLost: 0,
};

const T64_MS = 32_000;
const DIGITS = 4;
const RATE_WINDOW_MS = 4000;

/** A carrier in simulated time: the real admission, and delays and faults around it. */
export class SimulatedCarrier {
  private readonly admission: Admission;
  private readonly rng: Rng;
  private readonly releases: number[] = [];
  private readonly recent: number[] = [];
  private nowMs = 0;
  attempts = 0;

  constructor(
    readonly hidden: HiddenCarrier,
    seed: number,
  ) {
    this.admission = new Admission(hidden);
    this.rng = new Rng(seed);
  }

  /** Makes a step, from an idle trunk to an idle trunk. */
  run(plan: StepPlan, leastMos: number): StepFigures {
    const tally = new StepTally(plan);
    const startMs = this.nowMs;
    for (let index = 0; index < plan.attempts; index++) {
      const dueMs = startMs + (index * 1000) / plan.cps;
      tally.add(this.attempt(plan, index, dueMs + this.rng.uniform(), startMs));
    }
    this.nowMs = startMs + (plan.attempts * 1000) / plan.cps + plan.length.ms + 2 * T64_MS;
    this.releaseUntil(this.nowMs);
    return tally.figures(leastMos, 0, []);
  }

  private attempt(plan: StepPlan, index: number, atMs: number, startMs: number): AttemptOutcome {
    const { hidden, rng } = this;
    this.attempts++;
    this.releaseUntil(atMs);
    const isTooMany = this.isAiling(atMs);
    const luck = { ailment: rng.uniform(), unheard: rng.uniform(), digits: rng.uniform(), dropped: rng.uniform() };
    const ails = (kind: SimulatedAilment): boolean =>
      isTooMany && hidden.ailment!.kind === kind && luck.ailment < hidden.ailment!.share;
    const refusal = this.admission.admit(atMs);
    const none: AttemptOutcome = { ...UNTOLD, index, startedMs: atMs - startMs, result: 'answered' };
    if (refusal) {
      const result = refusal === 'full' ? hidden.whenFull : hidden.whenTooFast;
      return { ...none, result, response: result === 'refused' ? '503' : null };
    }
    const srdMs =
      hidden.srdMs * (0.9 + 0.2 * rng.uniform()) * (ails('slow-setup') ? 4 : 1) + (ails('slow-setup') ? 200 : 0);
    const setupMs = srdMs + hidden.ringMs * rng.uniform();
    const isDropped = ails('dropped') || luck.dropped < hidden.noise.dropped;
    const lengthMs = plan.length.since === 'invite' ? plan.length.ms : setupMs + plan.length.ms;
    const endMs = isDropped ? atMs + setupMs + (lengthMs - setupMs) / 2 : atMs + lengthMs;
    this.release(endMs);
    const isUnheard = luck.unheard < hidden.noise.unheard;
    const setUp = { ...none, srdMs, setupMs, endedMs: endMs - startMs, isDropped };
    // Nobody hears what is wrong with a call that is over at once.
    if (!plan.isHeard) return setUp;
    return {
      ...setUp,
      isUnheard,
      mos: isUnheard ? null : ails('audio') ? 2.5 : 4.3,
      digitsSent: DIGITS,
      digitsLost: ails('dtmf') || luck.digits < hidden.noise.digits ? DIGITS : 0,
    };
  }

  /** Whether this attempt makes the load more than the carrier does well. */
  private isAiling(atMs: number): boolean {
    const { ailment } = this.hidden;
    if (!ailment) return false;
    if (ailment.by === 'concurrency') return this.admission.channelsInUse + 1 > ailment.above;
    this.recent.push(atMs);
    while (this.recent[0] <= atMs - RATE_WINDOW_MS) this.recent.shift();
    return this.recent.length > (ailment.above * RATE_WINDOW_MS) / 1000 + 1;
  }

  private releaseUntil(ms: number): void {
    while (this.releases.length > 0 && this.releases[0] <= ms) {
      this.admission.release();
      this.popRelease();
    }
  }

  /** Ends of calls as a binary heap, the earliest first. */
  private release(ms: number): void {
    const heap = this.releases;
    let at = heap.push(ms) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= heap[at]) break;
      [heap[parent], heap[at]] = [heap[at], heap[parent]];
      at = parent;
    }
  }

  private popRelease(): void {
    const heap = this.releases;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && heap[child] < heap[least]) least = child;
      if (least === at) return;
      [heap[least], heap[at]] = [heap[at], heap[least]];
      at = least;
    }
  }
}

/** A carrier whose limits are drawn: 5–2,000 channels and 2–400 cps, each size as likely as any other, and faults. */
export function drawCarrier(seed: number): HiddenCarrier {
  const rng = new Rng(seed);
  const logUniform = (from: number, to: number): number => from * (to / from) ** rng.uniform();
  const channels = Math.round(logUniform(5, 2000));
  const cps = Math.round(logUniform(2, 400));
  const how = (): 'refused' | 'silent' => (rng.uniform() < 0.75 ? 'refused' : 'silent');
  const kinds: SimulatedAilment[] = ['slow-setup', 'audio', 'dtmf', 'dropped'];
  const ailment = {
    kind: kinds[Math.floor(rng.uniform() * kinds.length)],
    share: 0.3 + 0.6 * rng.uniform(),
    by: rng.uniform() < 0.6 ? ('concurrency' as const) : ('cps' as const),
    part: 0.3 + 0.5 * rng.uniform(),
  };
  const isAiling = rng.uniform() < 0.5;
  const above = Math.floor((ailment.by === 'cps' ? cps : channels) * ailment.part);
  return {
    channels,
    cps,
    whenFull: how(),
    whenTooFast: how(),
    srdMs: 10 + 190 * rng.uniform(),
    ringMs: 500 * rng.uniform(),
    // Below four calls, or a call a second, nothing holds at the lowest load.
    ailment: isAiling && above >= 4 ? { ...ailment, above } : null,
    noise: { unheard: 0.004 * rng.uniform(), digits: 0.004 * rng.uniform(), dropped: 0.004 * rng.uniform() },
  };
}
