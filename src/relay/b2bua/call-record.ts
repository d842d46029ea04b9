import type { RelayReport, RelaySide } from '../../media/link/relay-messages.js';

/**
 * How a call through the relay ended: `completed` by a BYE of either side, `challenged` by a 401 or 407 (the next attempt
 * brings credentials), `dropped` by the relay while it was up.
 */
export type Outcome = 'completed' | 'failed' | 'cancelled' | 'challenged' | 'dropped';

export interface Ending {
  outcome: Outcome;
  by: RelaySide | 'relay';
  status?: number;
  reason?: string;
  q850?: number | null;
}

/** One call through the relay: A called, B was called. Times are on the run's clock, in ms. */
export interface CallRecord {
  id: number;
  /** Whether it went to the relay's target, or came from there. */
  towardsTarget: boolean;
  /** Who called, and who was, as the caller said. */
  from: string;
  to: string;
  /** Where the INVITE came from. */
  caller: string;
  /** Request-URI on the other leg. */
  callee: string;
  /** Call-ID of leg A, then that of leg B. */
  sipCallIds: string[];
  startedMs: number;
  ringingMs: number | null;
  answeredMs: number | null;
  endedMs: number | null;
  outcome: Outcome | null;
  endedBy: RelaySide | 'relay' | null;
  /** Final response to the INVITE. */
  status: number | null;
  reason: string | null;
  q850: number | null;
  /** What became of the packets; `null` where the media thread did not say. */
  media: RelayReport | null;
}
