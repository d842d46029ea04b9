import { arrivals } from '../load/arrivals.js';
import type { Profile } from '../profile/schema.js';
import { GRACE_MS, Pacer, type Pacing, type PlanSlice } from '../swarm/pacer.js';
import { StepPacer } from '../swarm/step-pacer.js';

/** How long before it is due an attempt is made where its INVITE leaves by itself: longer than its thread is late as a rule. */
const LEAD_MS = 80;

/** What hands out a shard's attempts: the plan of the profile, or steps that come while the run goes. */
export function pacingOf(
  { load, calls, seed }: Profile,
  { slice, isStepped }: { slice: PlanSlice; isStepped?: boolean },
  isAhead: boolean,
): Pacing {
  const leadMs = isAhead ? LEAD_MS : 0;
  if (isStepped) return new StepPacer(slice, GRACE_MS, leadMs);
  return new Pacer(arrivals(load, calls.hold, seed), GRACE_MS, slice, leadMs);
}
