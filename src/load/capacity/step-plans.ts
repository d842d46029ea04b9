import type { Trial } from './knee-search.js';
import type { StepPlan } from './step.js';

/** How long steps and their calls are. */
export interface StepOptions {
  /** A full step has at least so many attempts at its level, and takes at least so long. */
  stepCalls: number;
  stepMs: number;
  /** Attempts a second are sought as RFC 7502 says, by steps of so many attempts of which none may fail. */
  rfc7502Attempts?: number;
  /** Shortest that a call lasts while calls at once are sought. */
  shortestMs: number;
}

/** What is known of the trunk when a step is planned. */
export interface StepContext {
  isForRefusals: boolean;
  /** INVITE to 2xx at the lowest load. */
  setupMs: number;
}

/** Steps on the way up have this share of a full one's attempts. */
const CLIMB_SHARE = 0.25;
/** A call lasts no longer where the pace allows; a level is filled in as long as a call lasts. */
const USUAL_MS = 30_000;
/** Of the shortest call the share that is talk, however long it rings. */
const TALK_SHARE = 0.6;
/** Attempts a second by which levels are filled that need no call of either length. */
const FILL_CPS = 5;
/** The next call of a line comes so much after the end of the one before, so that jitter takes no channel twice. */
const GAP_MS = 50;
/** While attempts a second are sought: talk time in ms of calls that are only set up, and the share of what the trunk carries that may be in use. */
const TALK_MS = { least: 200, most: 1000 };
const CHANNEL_SHARE = 0.8;
/** Most calls at once for the sake of what is heard in them: it is the rate that is to load the trunk, and us. */
const MOST_HEARD = 300;
/** A cap on a rate does not show in less. */
const CPS_STEP_MS = 3000;

/** Calls at once at a level: each lasts `level` ÷ the pace, in attempts a second. */
export function concurrencyStep(
  { level, purpose, isFull }: Trial,
  options: StepOptions,
  { isForRefusals, setupMs }: StepContext,
  pace: { most: number } | { exactly: number },
): StepPlan {
  const { shortestMs } = options;
  const least = Math.max(shortestMs, setupMs * 2 + shortestMs * TALK_SHARE);
  const wanted = Math.max(least, Math.min(USUAL_MS, (level / FILL_CPS) * 1000));
  const cps = 'exactly' in pace ? pace.exactly : Math.min(pace.most, level / (wanted / 1000));
  return {
    dimension: 'concurrency',
    purpose,
    isForRefusals,
    level,
    cps,
    attempts: level + measured(options, cps, isFull),
    filling: level,
    isHeard: true,
    // How long calls ring is not known at first.
    length:
      purpose === 'baseline'
        ? { since: 'answer', ms: wanted }
        : { since: 'invite', ms: (level / cps) * 1000 - Math.min(GAP_MS, 500 / cps) },
  };
}

/**
 * Attempts a second at a level, by calls so short that they take four fifths of what is carried at most; where that leaves them as long as
 * the talk of the shortest call, what is heard in them counts as well.
 * @param carried calls at once
 */
export function cpsStep(
  { level, purpose, isFull }: Trial,
  options: StepOptions,
  { isForRefusals, setupMs }: StepContext,
  carried: number,
  rfc7502Attempts?: number,
): StepPlan {
  const freeMs = ((carried * CHANNEL_SHARE) / level) * 1000 - setupMs;
  const heardMs = options.shortestMs * TALK_SHARE;
  const isHeard = freeMs >= heardMs && (level * (setupMs + heardMs)) / 1000 <= MOST_HEARD;
  const mostMs = isHeard ? Math.max(TALK_MS.most, heardMs) : TALK_MS.most;
  return {
    dimension: 'cps',
    purpose,
    isForRefusals,
    level,
    cps: level,
    attempts: rfc7502Attempts ?? Math.max(measured(options, level, isFull), Math.ceil((level * CPS_STEP_MS) / 1000)),
    filling: 0,
    isHeard,
    length: { since: 'answer', ms: Math.max(TALK_MS.least, Math.min(mostMs, freeMs)) },
  };
}

/** Attempts a second that the shortest calls allow within four fifths of what is carried. @param carried calls at once */
export function mostCps(carried: number, setupMs: number): number {
  return (carried * CHANNEL_SHARE) / ((setupMs + TALK_MS.least) / 1000);
}

/** Attempts at the level. */
function measured({ stepCalls, stepMs }: StepOptions, cps: number, isFull: boolean): number {
  return Math.ceil(Math.max(stepCalls, (stepMs / 1000) * cps) * (isFull ? 1 : CLIMB_SHARE));
}
