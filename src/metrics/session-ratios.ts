import type { CallRecord } from './call-record.js';
import type { Quotient } from './quotient.js';

/** Final results of attempts, by status; `timeout` counts as 408 and `transport` as 503 (RFC 3261 8.1.3.1). */
export type Responses = Record<string, number>;

/** What an attempt counts as among the responses. */
export function resultOf({ cause, status }: Pick<CallRecord, 'cause' | 'status'>): string {
  return cause === 'timeout' || cause === 'transport' ? cause : String(status ?? 'internal');
}

function sumOf(responses: Responses, pick: (status: number) => boolean): number {
  let sum = 0;
  for (const [key, n] of Object.entries(responses)) {
    const status = key === 'timeout' ? 408 : key === 'transport' ? 503 : Number(key);
    if (pick(status)) sum += n;
  }
  return sum;
}

/** Statuses by which a session is effective without being answered (RFC 6076 4.7, SEER). */
const EFFECTIVE = new Set([480, 486, 600, 603]);
/** Statuses of ineffective session attempts (RFC 6076 4.8, ISA). */
const INEFFECTIVE = new Set([408, 500, 503, 504]);
/** Statuses that ask for something before the session can be set up (RFC 6076 4.3.2). */
const CHALLENGES = new Set([401, 402, 407]);
/** Busy, no answer, rejected by the called user: effective for the network (E.425). */
const USER_CAUSED = new Set([480, 486, 487, 600, 603, 607]);

/** What the ratios are over. */
export interface Attempts {
  attempted: number;
  /** Of them, those that we cancelled: their INVITE is a request as any, and `responses` has nothing of them. */
  cancelled: number;
  /** Of them, those that failed. */
  failed: number;
  /** Of them, those whose session ended as sessions do: a BYE of either side, answered with 2xx. */
  completed: number;
}

/**
 * Setup failures, SER, SEER, ISA and SCR of RFC 6076 4.6–4.9, ASR (E.411) and NER (E.425), as quotients. The RFC counts INVITEs of new
 * sessions, so that a challenge and its retry, and the tries of one attempt, are one request.
 */
export function sessionRatios(responses: Responses, { attempted, cancelled, failed, completed }: Attempts) {
  const answered = sumOf(responses, (s) => s >= 200 && s < 300);
  const redirected = sumOf(responses, (s) => s >= 300 && s < 400);
  const effective = sumOf(responses, (s) => EFFECTIVE.has(s));
  const userCaused = sumOf(responses, (s) => USER_CAUSED.has(s));
  const ineffective = sumOf(responses, (s) => INEFFECTIVE.has(s));
  return {
    // What we cancelled says nothing of the network.
    setupFailureRatio: [failed, attempted - cancelled],
    ner: [answered + userCaused, attempted - cancelled],
    asr: [answered, attempted],
    ser: [answered, attempted - redirected],
    seer: [answered + effective, attempted - redirected],
    isa: [ineffective, attempted],
    scr: [completed, attempted],
  } satisfies Record<string, Quotient>;
}

/** Whether a final response means that a session could not be set up (RFC 6076 4.3.2): no redirection, no challenge. */
export function isSetupFailure(status: number): boolean {
  return status >= 400 && !CHALLENGES.has(status);
}
