import type { Credentials } from '../sip/digest.js';
import type { CallRoute, Destination } from './call-route.js';

/** One attempt of a caller, as the swarm plans it. */
export interface OutboundPlan extends Destination {
  id: number;
  dueMs: number;
  from: string;
  to: string;
  headers: Record<string, string>;
  /** The account that calls, in place of the credentials of the profile: host of its From, and what answers 401 and 407. */
  account?: { domain: string; credentials: Credentials };
  /** How long the call is to last from its answer, or from its INVITE: then it is given up if not answered by then. */
  holdMs: number;
  isHeldSinceInvite?: boolean;
  /** Where else it may go. */
  route?: CallRoute;
}
