import type { Interruptions } from './interruptions.js';
import type { FaultCause, Verdict } from './reports.js';

/** RTP has to come within this time from the answer, and from the negotiated source where it comes from another one. */
const NO_RTP_MS = 2000;
/** So many packets from elsewhere since the last one from the negotiated source: the stream has moved. */
const MOVED_PACKETS = 10;
/** Media that starts later than this after the answer is late: what is said first is lost. */
const LATE_MS = 1000;
/** Silence is a fault from this many seconds on. */
const SILENCE_SECONDS = 5;
const SILENCE_RATIO = 0.95;
const HEARD_RATIO = 0.2;
const UNDECODABLE_RATIO = 0.95;
/** Audio is intermittent from so many interruptions on, where they take at least this share of the time. */
const INTERRUPTIONS = 3;
const INTERRUPTED_RATIO = 0.02;

/** What is known of one direction of an answered call. */
export interface DirectionFacts {
  isAnswered: boolean;
  /** For how long audio was expected since the answer. */
  expectedMs: number;
  /** Packets from the negotiated source since the answer, whatever their payload type. */
  packets: number;
  /** How long after the answer the first of them came; `null` where none came or none was expected then. */
  startDelayMs: number | null;
  /** The time without a packet now, and the longest such time, while audio was expected and after the first one. */
  gapMs: number;
  longestGapMs: number;
  mediaTimeoutMs: number;
  /** Packets from other sources, and those of them since the last packet of the negotiated one. */
  wrongSource: number;
  wrongSourceSince: number;
  /** SRTP packets from the negotiated source that did not authenticate. */
  unauthenticated: number;
  /** Packets of a payload type that was not negotiated, and of audio or comfort noise that was. */
  undecodable: number;
  decodable: number;
  /** The longest time in which nothing but undecodable packets came. */
  undecodableMs: number;
  /** Those of the decodable ones whose level nobody can tell, as they are of a codec that is not decoded here. */
  unmeasured: number;
  secondsExpected: number;
  secondsHeard: number;
  /** Share of the audio and comfort-noise packets at or below −50 dBov. */
  quietRatio: number | null;
  /** Blocks of audio that were decoded wrong. */
  garbledBlocks: number;
  interruptions: Interruptions;
}

const OK: Verdict = { state: 'ok', cause: null };
const UNKNOWN: Verdict = { state: 'unknown', cause: null };
const IMPAIRING: ReadonlySet<FaultCause | null> = new Set<FaultCause>(['garbled', 'intermittent', 'late']);

/** Whether something is heard in spite of the fault: the call is impaired then, and neither one-way nor without media. */
export function isImpairing(cause: FaultCause | null): boolean {
  return IMPAIRING.has(cause);
}

/** Whether RTP stopped for `mediaTimeoutMs`, for good or not. */
export function hasStopped({ mediaTimeoutMs, longestGapMs }: DirectionFacts): boolean {
  return mediaTimeoutMs > 0 && longestGapMs >= mediaTimeoutMs;
}

/**
 * Whether a direction is heard as it should be, and if not, why not. The first cause that holds is told, and nothing is a
 * fault where no audio was expected:
 *
 * - Nothing came (in 2 s from the answer) from the negotiated source, or nothing that authenticated.
 * - It moved: for 2 s nothing came but from another source. Or it stopped for `mediaTimeoutMs`.
 * - At least 95 % could not be decoded, or nothing else came for `mediaTimeoutMs`.
 * - At least 95 % was silence over 5 s or more, and fewer than 20 % of the seconds were above −50 dBov (never said where
 *   levels are unknown).
 * - Heard, but impaired: a block of audio was garbled; there were at least 3 interruptions, which took at least 2 % of the
 *   time; or media started more than 1 s after the answer.
 */
export function judge(facts: DirectionFacts): Verdict {
  if (!facts.isAnswered) return UNKNOWN;
  if (facts.packets === 0) {
    if (facts.expectedMs < NO_RTP_MS) return UNKNOWN;
    if (facts.unauthenticated > 0) return fault('unauthenticated');
    return fault(facts.wrongSource > 0 ? 'wrong-source' : 'no-rtp');
  }
  if (facts.gapMs >= NO_RTP_MS && facts.wrongSourceSince >= MOVED_PACKETS) return fault('wrong-source');
  if (hasStopped(facts)) return fault('stopped');
  if (facts.expectedMs <= 0) return OK;
  if (facts.mediaTimeoutMs > 0 && facts.undecodableMs >= facts.mediaTimeoutMs) return fault('undecodable');
  if (facts.undecodable > 0 && facts.undecodable >= UNDECODABLE_RATIO * (facts.undecodable + facts.decodable))
    return facts.expectedMs < NO_RTP_MS ? UNKNOWN : fault('undecodable');
  if (
    facts.unmeasured === 0 &&
    facts.secondsExpected >= SILENCE_SECONDS &&
    facts.secondsHeard < HEARD_RATIO * facts.secondsExpected &&
    (facts.quietRatio ?? 1) >= SILENCE_RATIO
  ) {
    return fault('silence');
  }
  if (facts.garbledBlocks > 0) return fault('garbled');
  const { count, totalMs } = facts.interruptions;
  if (count >= INTERRUPTIONS && totalMs >= INTERRUPTED_RATIO * facts.expectedMs) return fault('intermittent');
  if (facts.startDelayMs !== null && facts.startDelayMs >= LATE_MS) return fault('late');
  return OK;
}

function fault(cause: FaultCause): Verdict {
  return { state: 'fault', cause };
}
