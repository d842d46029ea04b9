import { isIPv6 } from 'node:net';
import { groupOfOne } from '../profile/targets.js';
import { SystemDns } from '../sip/system-dns.js';
import type { GroupDnsOptions } from '../swarm/group-dns.js';
import type { GroupServers } from '../swarm/group-servers.js';
import type { RunOptions } from './run-options.js';
import type { RunState } from './run-state.js';

/**
 * Finds the servers that the names of a group's targets lead to. A proxy finds its own, and so does an external
 * drachtio-server for a single target; else that is a group, too, where its name leads to several.
 * @param address from which they are reached
 * @param told of what was found, and of what is found later in its place
 */
export async function resolveGroup(
  { profile, drachtio }: RunOptions,
  state: RunState,
  address: string,
  told: Pick<GroupDnsOptions, 'onLog'> & { onServers(servers: GroupServers): void },
): Promise<void> {
  const { sip, calls } = profile;
  const group = state.group ?? (drachtio ? null : state.groupOf(groupOfOne(profile)));
  if (!group || calls.proxy !== undefined) return;
  await group.resolve(
    {
      dns: new SystemDns(sip.dns),
      reach: { transports: sip.tls ? ['udp', 'tcp', 'tls'] : ['udp', 'tcp'], families: [isIPv6(address) ? 6 : 4] },
      onLog: told.onLog,
    },
    told.onServers,
  );
  if (state.group === group || group.names.length > 1) state.group = group;
  else group.close();
}
