import { round } from './distribution.js';

/** Final results of attempts, by status; `timeout` counts as 408 and `transport` as 503 (RFC 3261 8.1.3.1). */
export type Responses = Record<string, number>;

export interface SessionRatios {
  ner: number | null;
  asr: number | null;
  ser: number | null;
  seer: number | null;
  isa: number | null;
}

function sumOf(responses: Responses, pick: (status: number) => boolean): number {
  let sum = 0;
  for (const [key, n] of Object.entries(responses)) {
    const status = key === 'timeout' ? 408 : key === 'transport' ? 503 : Number(key);
    if (pick(status)) sum += n;
  }
  return sum;
}

const ratioOf = (part: number, whole: number): number | null => (whole > 0 ? round(part / whole) : null);

/** Statuses by which a session is effective without being answered (RFC 6076 4.7, SEER). */
const EFFECTIVE = new Set([480, 486, 600, 603]);
/** Statuses of ineffective session attempts (RFC 6076 4.8, ISA). */
const INEFFECTIVE = new Set([408, 500, 503, 504]);
/** Busy, no answer, rejected by the called user: effective for the network (E.425). */
const USER_CAUSED = new Set([480, 486, 487, 600, 603, 607]);

/**
 * SER, SEER and ISA of RFC 6076 4.6–4.8, ASR and NER of E.425, as ratios 0–1; a ratio over nothing is `null`.
 * @param total session requests that had a final result; attempts that we cancelled are left out.
 */
export function sessionRatios(responses: Responses, total: number): SessionRatios {
  const answered = sumOf(responses, (s) => s >= 200 && s < 300);
  const redirected = sumOf(responses, (s) => s >= 300 && s < 400);
  const effective = sumOf(responses, (s) => EFFECTIVE.has(s));
  const userCaused = sumOf(responses, (s) => USER_CAUSED.has(s));
  const ineffective = sumOf(responses, (s) => INEFFECTIVE.has(s));
  return {
    ner: ratioOf(answered + userCaused, total),
    asr: ratioOf(answered, total),
    ser: ratioOf(answered, total - redirected),
    seer: ratioOf(answered + effective, total - redirected),
    isa: ratioOf(ineffective, total),
  };
}
