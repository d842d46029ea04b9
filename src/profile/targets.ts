import { MOST_SERVERS } from '../swarm/group-servers.js';
import { failoverSpec } from '../swarm/group-spec.js';
import { type GroupTarget, groupTarget, plainTarget } from '../swarm/group-target.js';
import type { GroupRole } from '../swarm/group-watch.js';
import { healthMemory } from '../swarm/target-health.js';
import type { Profile } from './schema.js';

/**
 * The SIP URIs that a profile calls: the registrar where it has one and names no target; none where the run is to start its
 * own trunk.
 */
export function targetUris({
  target,
  targets,
  registrations,
}: Pick<Profile, 'target' | 'targets' | 'registrations'>): string[] {
  if (targets) return targets.map(({ uri }) => uri);
  const only = target ?? registrations?.registrar;
  return only === undefined ? [] : [only];
}

/** Whether the far end of the calls is a shard of our own: the run's trunk, or the accounts that are called. */
export function hasOwnFarEnd(profile: Pick<Profile, 'target' | 'targets' | 'registrations' | 'calls'>): boolean {
  return profile.calls.toAccounts || targetUris(profile).length === 0;
}

/** The trunk group that a profile calls, with memory for its health; `null` where there is none. */
export function groupOf({ targets, failover }: Pick<Profile, 'targets' | 'failover'>): GroupRole | null {
  return targets ? roleOf(targets.map(groupTarget), failover) : null;
}

/**
 * The single target that a profile calls as a group of one, as its name may lead to several servers. `null` where it has none,
 * where a proxy finds the servers, and of accounts, which have domains of their own.
 */
export function groupOfOne({ target, calls }: Pick<Profile, 'target' | 'calls'>): GroupRole | null {
  if (target === undefined || calls.proxy !== undefined || calls.toAccounts) return null;
  return roleOf([plainTarget(target)]);
}

function roleOf(targets: GroupTarget[], failover = failoverSpec.parse({})): GroupRole {
  return {
    targets,
    servers: targets.map(() => []),
    failover,
    health: healthMemory(targets.length + MOST_SERVERS),
  };
}
