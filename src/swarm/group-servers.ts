import type { HopPlan, NextHop } from '../sip/next-hop.js';
import { hostPort, parseSipUri } from '../sip/uri.js';
import type { GroupTarget } from './group-target.js';
import { uriAt } from './target.js';

/** Servers that a group can come to know beside its targets; health is kept for so many. */
export const MOST_SERVERS = 1000;

/** A server that the name of a target leads to: a target of its own in figures, health and keepalives. */
export interface GroupServer {
  /** Where its health is. */
  slot: number;
  /** Its name in records. */
  trunk: string;
  /** SIP URI by which requests for the target are sent there. */
  proxy: string;
}

/** An SRV record's place (RFC 2782), and the addresses of its server in the order of the DNS. */
export interface ServerChoice {
  /** Lower ones are tried first. */
  priority: number;
  weight: number;
  servers: readonly GroupServer[];
}

/** For each target the servers that its name leads to now; none where it has no name, or the name leads nowhere. */
export type GroupServers = readonly (readonly ServerChoice[])[];

/** A row of figures: a target, or a server of one. */
export interface GroupMember {
  slot: number;
  trunk: string;
  /** The DNS no longer names it: it gets no new calls. */
  isGone: boolean;
}

/** What the DNS has said of a group's targets so far. Slots and names are kept for servers that come back. */
export class ServerBook {
  /** By slot: the targets, then the servers as they became known. */
  readonly names: string[];
  private readonly known: Map<string, GroupServer>[];
  private readonly choices: (readonly ServerChoice[])[];

  constructor(private readonly targets: readonly GroupTarget[]) {
    this.names = targets.map(({ trunk }) => trunk);
    this.known = targets.map(() => new Map());
    this.choices = targets.map(() => []);
  }

  get servers(): GroupServers {
    return this.choices;
  }

  /** Takes what the DNS says of target `i`. @returns the names of the servers that came and that left */
  take(i: number, { groups }: Pick<HopPlan, 'groups'>): { came: string[]; left: string[] } {
    const before = this.present(i);
    const isAlone = this.known[i].size === 0 && groups.flat().flatMap(({ hops }) => hops).length === 1;
    this.choices[i] = groups.flatMap((group, priority) =>
      group
        .map(({ weight, hops }) => ({
          priority,
          weight,
          servers: hops.flatMap((hop) => this.serverAt(i, hop, isAlone) ?? []),
        }))
        .filter(({ servers }) => servers.length > 0)
        // The DNS may tell records in any order; what is drawn must not follow from it.
        .sort((a, b) => (a.servers[0].trunk < b.servers[0].trunk ? -1 : 1)),
    );
    const after = this.present(i);
    return {
      came: [...after].filter((slot) => !before.has(slot)).map((slot) => this.names[slot]),
      left: [...before].filter((slot) => !after.has(slot)).map((slot) => this.names[slot]),
    };
  }

  /** In the order of the targets. A target in whose place servers stand is none itself. */
  members(): GroupMember[] {
    return this.targets.flatMap(({ trunk }, i) => {
      const servers = [...this.known[i].values()];
      const present = this.present(i);
      if (servers.length === 0) return [{ slot: i, trunk, isGone: false }];
      return servers.map((server) => ({ slot: server.slot, trunk: server.trunk, isGone: !present.has(server.slot) }));
    });
  }

  private present(i: number): Set<number> {
    return new Set(this.choices[i].flatMap(({ servers }) => servers.map(({ slot }) => slot)));
  }

  /** A server that was there before, or a new one; `null` where too many are known. One alone has the target's name. */
  private serverAt(i: number, hop: NextHop, isAlone: boolean): GroupServer | null {
    const key = `${hop.protocol === 'udp' ? '' : `${hop.protocol}:`}${hostPort(hop.address, hop.port)}`;
    const known = this.known[i].get(key);
    if (known) return known;
    if (this.names.length === this.targets.length + MOST_SERVERS) return null;
    const target = this.targets[i];
    const trunk = isAlone ? target.trunk : `${target.trunk}/${key}`;
    const server = { slot: isAlone ? i : this.names.length, trunk, proxy: proxyTo(target, hop) };
    if (!isAlone) this.names.push(trunk);
    this.known[i].set(key, server);
    return server;
  }
}

/** Over TLS the name stays, which the certificate is held to; `maddr` has the address (RFC 3261 19.1.1). */
function proxyTo(target: GroupTarget, { protocol, address, port }: NextHop): string {
  if (protocol === 'udp' || protocol === 'tcp') return `sip:${hostPort(address, port)};transport=${protocol}`;
  const { host } = parseSipUri(uriAt(target, ''))!;
  return `${target.scheme}:${host}:${port};maddr=${address};transport=${protocol}`;
}
