import type { Verdict } from './reports.js';

/** RTP has to come within this time from the answer. */
const NO_RTP_MS = 2000;
/** Silence is a fault from this many seconds on. */
const SILENCE_SECONDS = 5;
const SILENCE_RATIO = 0.95;
const HEARD_RATIO = 0.2;
const UNDECODABLE_RATIO = 0.95;

/** What is known of one direction of an answered call. */
export interface DirectionFacts {
  isAnswered: boolean;
  /** For how long audio was expected since the answer. */
  expectedMs: number;
  /** Packets from the negotiated source since the answer, whatever their payload type. */
  packets: number;
  /** Packets from other sources. */
  wrongSource: number;
  /** SRTP packets from the negotiated source that did not authenticate. */
  unauthenticated: number;
  /** Packets of a payload type that was not negotiated, and of audio or comfort noise that was. */
  undecodable: number;
  decodable: number;
  /** Those of the decodable ones whose level nobody can tell, as they are of a codec that is not decoded here. */
  unmeasured: number;
  /** The longest time without a packet, while audio was expected and after the first one; also up to now. */
  longestGapMs: number;
  mediaTimeoutMs: number;
  secondsExpected: number;
  secondsHeard: number;
  /** Share of the audio and comfort-noise packets at or below −50 dBov. */
  quietRatio: number | null;
}

const OK: Verdict = { state: 'ok', cause: null };
const UNKNOWN: Verdict = { state: 'unknown', cause: null };

/**
 * Whether a direction is heard, and if not, why not. In this order: nothing came (in 2 s from the answer) from the
 * negotiated source, or nothing that authenticated; it stopped for `mediaTimeoutMs`; at least 95 % could not be decoded; or at least 95 % was silence over
 * 5 s or more, and fewer than 20 % of the seconds were above −50 dBov (never said where levels are unknown). Nothing is a fault where no audio was expected.
 */
export function judge(facts: DirectionFacts): Verdict {
  if (!facts.isAnswered) return UNKNOWN;
  if (facts.packets === 0) {
    if (facts.expectedMs < NO_RTP_MS) return UNKNOWN;
    if (facts.unauthenticated > 0) return { state: 'fault', cause: 'unauthenticated' };
    return { state: 'fault', cause: facts.wrongSource > 0 ? 'wrong-source' : 'no-rtp' };
  }
  if (facts.mediaTimeoutMs > 0 && facts.longestGapMs >= facts.mediaTimeoutMs)
    return { state: 'fault', cause: 'stopped' };
  const media = facts.undecodable + facts.decodable;
  if (facts.undecodable > 0 && facts.undecodable >= UNDECODABLE_RATIO * media && facts.expectedMs > 0) {
    return facts.expectedMs < NO_RTP_MS ? UNKNOWN : { state: 'fault', cause: 'undecodable' };
  }
  if (
    facts.unmeasured === 0 &&
    facts.secondsExpected >= SILENCE_SECONDS &&
    facts.secondsHeard < HEARD_RATIO * facts.secondsExpected &&
    (facts.quietRatio ?? 1) >= SILENCE_RATIO
  ) {
    return { state: 'fault', cause: 'silence' };
  }
  return OK;
}
