/** What a search looks for: the most calls at once, or the most attempts a second. */
export type Dimension = 'concurrency' | 'cps';

/**
 * Why a step is made. `baseline`: the lowest load; `climb`: up until something fails; `below`, `above`: to either side of
 * what the trunk was seen to carry; `narrow`: between what held and what failed; `confirm`: once more below and above.
 */
export type StepPurpose = 'baseline' | 'climb' | 'below' | 'above' | 'narrow' | 'confirm';

/** One step of the load: attempts at an even rate, from an idle trunk until the last of them has ended. */
export interface StepPlan {
  dimension: Dimension;
  purpose: StepPurpose;
  /** Calls go wrong at lower levels: only whether they are turned away is sought. */
  isForRefusals: boolean;
  /** What is tried: calls at once, or attempts a second. */
  level: number;
  cps: number;
  attempts: number;
  /** Attempts until the level is reached; figures that depend on the load are of those that follow. */
  filling: number;
  /** Calls last long enough for what is heard in them, audio and digits, to be judged. */
  isHeard: boolean;
  /** How long a call lasts: since its INVITE, so that ringing takes nothing from the level's exactness, or since its answer. */
  length: { since: 'invite' | 'answer'; ms: number };
}

/** How one attempt of a step ended. Times in ms. */
export interface AttemptOutcome {
  /** Its number within the step, from 0. */
  index: number;
  /** When its INVITE left, since the step's start. */
  startedMs: number;
  /** `refused` and `silent` are the trunk's word that it takes no more; `failed` is any other failure. */
  result: 'answered' | 'refused' | 'silent' | 'failed' | 'cancelled';
  /** What refused or failed it: a status, `timeout` or `transport`; `null` of what was not, or was silent. */
  response: string | null;
  /** RFC 6076 session request delay, and INVITE to 2xx; `null` unless answered. */
  srdMs: number | null;
  setupMs: number | null;
  /** When it was over: its BYE or CANCEL was sent, or the far end's BYE came; `null` of a call that was turned away. */
  endedMs: number | null;
  /** Ended by the far end, or lost by it. */
  isDropped: boolean;
  /** A direction that hears nothing; `null` where neither end tells. */
  isUnheard: boolean | null;
  /** The worse direction's MOS-LQ; `null` where it was not measured. */
  mos: number | null;
  digitsSent: number;
  digitsLost: number;
}

/** Of how many calls something is known, and of how many it is bad. */
export interface Share {
  of: number;
  bad: number;
}

/**
 * What fails at a level. `refused`: the trunk says no; `silent`: attempts are not answered at all (Timer B); `failed`:
 * other failures; then what goes wrong with calls that are set up.
 * `gate`: a gate that is of none of these.
 */
export type Ailment = 'refused' | 'silent' | 'failed' | 'slow-setup' | 'audio' | 'dtmf' | 'dropped' | 'gate';

/** A gate that a step did not hold. */
export interface GateBreach {
  expression: string;
  /** What was measured, in words. */
  observed: string;
  ailment: Ailment;
}

/** The figures of a step. */
export interface StepFigures {
  attempts: number;
  answered: number;
  refused: number;
  silent: number;
  failed: number;
  /** What refused and failed ones ended by. */
  responses: Record<string, number>;
  cancelled: number;
  /** Attempts that the generator could not start on time, and those that it started more than `LATE_MS` late. */
  notStarted: number;
  late: number;
  /** Of answered attempts at the level (RFC 6076 4.3.1); `null` of none. */
  srdP95Ms: number | null;
  setupP95Ms: number | null;
  /** The most calls that were up at once, ringing ones included: from INVITE to BYE, of those that were not turned away. */
  peakCalls: number;
  /** Calls answered a second from the first refusal on; `null` without one. */
  admittedCps: number | null;
  /** Attempts turned away while clearly fewer calls were up than at the peak. */
  refusedBelowPeak: number;
  unheard: Share;
  /** Calls with a MOS-LQ below the least that is accepted. */
  poor: Share;
  mosP5: number | null;
  dropped: Share;
  /** Calls that lost digits, of those whose digits are known on both sides. */
  digits: Share;
  /** Gates that it did not hold, of those that are asked for beside what is always judged. */
  breaches: GateBreach[];
  /** Limits of the generator that were passed, in words; then the step says nothing of the trunk. */
  strain: string[];
}

/** What leaves so much late comes to the trunk as a bunch with what follows, and may be one too many within a second. */
export const LATE_MS = 20;
/** A refusal is at the peak within this share of it, or one call. */
const PEAK_TOLERANCE = 0.02;

/** Adds up the attempts of a step. */
export class StepTally {
  private readonly outcomes: AttemptOutcome[] = [];

  constructor(private readonly plan: StepPlan) {}

  get count(): number {
    return this.outcomes.length;
  }

  add(outcome: AttemptOutcome): void {
    this.outcomes.push(outcome);
  }

  /** @param leastMos MOS-LQ below which a call is poor */
  figures(leastMos: number, notStarted: number, strain: string[]): StepFigures {
    const { outcomes, plan } = this;
    const answered = outcomes.filter((o) => o.result === 'answered');
    const turnedAway = outcomes.filter((o) => o.result === 'refused' || o.result === 'silent');
    const atLevel = answered.filter((o) => o.index >= plan.filling);
    const rated = answered.flatMap((o) => o.mos ?? []).sort((a, b) => a - b);
    const known = answered.filter((o) => o.isUnheard !== null);
    const calls = new CallsUp(outcomes);
    const least = calls.peak - Math.max(1, calls.peak * PEAK_TOLERANCE);
    const count = (result: AttemptOutcome['result']): number => outcomes.filter((o) => o.result === result).length;
    return {
      attempts: outcomes.length,
      answered: answered.length,
      refused: count('refused'),
      silent: count('silent'),
      failed: count('failed'),
      responses: countBy(outcomes.flatMap((o) => o.response ?? [])),
      cancelled: count('cancelled'),
      notStarted,
      late: outcomes.filter((o) => o.startedMs - (o.index * 1000) / plan.cps > LATE_MS).length,
      srdP95Ms: percentile95(atLevel.map((o) => o.srdMs)),
      setupP95Ms: percentile95(atLevel.map((o) => o.setupMs)),
      peakCalls: calls.peak,
      admittedCps: admittedSince(turnedAway, answered, plan),
      refusedBelowPeak: turnedAway.filter((o) => calls.at(o.startedMs) < least).length,
      unheard: { of: known.length, bad: known.filter((o) => o.isUnheard).length },
      poor: { of: rated.length, bad: rated.filter((mos) => mos < leastMos).length },
      mosP5: rated.length === 0 ? null : rated[Math.floor(rated.length * 0.05)],
      dropped: { of: answered.length, bad: answered.filter((o) => o.isDropped).length },
      digits: {
        of: answered.filter((o) => o.digitsSent > 0).length,
        bad: answered.filter((o) => o.digitsLost > 0).length,
      },
      breaches: [],
      strain,
    };
  }
}

/**
 * How many calls were up at a time. From our INVITE to our BYE, and not from what comes back: a channel is held for as long,
 * by whatever time both take to the trunk.
 */
class CallsUp {
  readonly peak: number;
  /** When calls began and ended, ascending. */
  private readonly begins: number[];
  private readonly ends: number[];

  constructor(outcomes: readonly AttemptOutcome[]) {
    const held = outcomes.filter((o) => o.endedMs !== null);
    this.begins = held.map((o) => o.startedMs).sort((a, b) => a - b);
    this.ends = held.map((o) => o.endedMs!).sort((a, b) => a - b);
    let peak = 0;
    let ended = 0;
    for (const [n, begin] of this.begins.entries()) {
      while (ended < this.ends.length && this.ends[ended] <= begin) ended++;
      peak = Math.max(peak, n + 1 - ended);
    }
    this.peak = peak;
  }

  at(timeMs: number): number {
    return countUntil(this.begins, timeMs) - countUntil(this.ends, timeMs);
  }
}

/** How many of ascending times are no later. */
function countUntil(times: readonly number[], timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countBy(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** What was admitted a second once the trunk had begun to turn calls away. */
function admittedSince(
  turnedAway: readonly AttemptOutcome[],
  answered: readonly AttemptOutcome[],
  plan: StepPlan,
): number | null {
  if (turnedAway.length === 0) return null;
  const fromMs = turnedAway.reduce((first, o) => Math.min(first, o.startedMs), Number.POSITIVE_INFINITY);
  const untilMs = (plan.attempts / plan.cps) * 1000;
  if (untilMs <= fromMs) return null;
  return answered.filter((o) => o.startedMs >= fromMs).length / ((untilMs - fromMs) / 1000);
}

function percentile95(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length === 0 ? null : known[Math.min(known.length - 1, Math.floor(known.length * 0.95))];
}
