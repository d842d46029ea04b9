import type { CallRoute } from './call-route.js';

/** One attempt of a caller, as the swarm plans it. */
export interface OutboundPlan {
  id: number;
  dueMs: number;
  uri: string;
  trunk: string;
  from: string;
  to: string;
  headers: Record<string, string>;
  /** How long the call is to last from its answer. */
  holdMs: number;
  /** Where else it may go. */
  route?: CallRoute;
}
