import type { Clock } from '../core/clock.js';
import { deriveSeed, Rng } from '../core/rng.js';
import type { CallRoute, Destination } from '../flow/call-route.js';
import type { Failure } from '../flow/final-response.js';
import { orderByWeight } from '../sip/srv-order.js';
import type { GroupServer, GroupServers, ServerChoice } from './group-servers.js';
import type { FailoverSpec } from './group-spec.js';
import type { GroupTarget } from './group-target.js';
import { uriAt } from './target.js';
import type { TargetHealth } from './target-health.js';

/** What an attempt tries: a target, by its place, or a server of it. */
export interface Choice {
  target: number;
  server: TriedServer;
}

/** A target whose name leads to no servers stands for itself, without a `proxy`. */
type TriedServer = Pick<GroupServer, 'slot' | 'trunk'> & Partial<GroupServer>;
type TriedChoice = Pick<ServerChoice, 'priority' | 'weight'> & { servers: readonly TriedServer[] };

/** A group of targets: which one an attempt tries, and which one next. */
export class TargetGroup {
  /** By target. */
  private choices: readonly (readonly TriedChoice[])[] = [];

  constructor(
    readonly targets: readonly GroupTarget[],
    servers: GroupServers,
    readonly failover: FailoverSpec,
    readonly health: TargetHealth,
    readonly clock: Clock,
    private readonly seed: number,
  ) {
    this.take(servers);
  }

  /** What the DNS says from now on. */
  take(servers: GroupServers): void {
    this.choices = this.targets.map(({ trunk }, slot) =>
      servers[slot].length > 0 ? servers[slot] : [{ priority: 0, weight: 0, servers: [{ slot, trunk }] }],
    );
  }

  /** All that may be tried now: the target's place, and the server. */
  members(): Choice[] {
    return this.choices.flatMap((choices, target) =>
      choices.flatMap(({ servers }) => servers.map((server) => ({ target, server }))),
    );
  }

  /** The way of attempt `index`; what is drawn follows from its number alone. `user` stands in place of the targets' own. */
  route(index: number, user: string | null): TargetRoute {
    return new TargetRoute(this, new Rng(deriveSeed(this.seed, 'target', index)), user);
  }

  /**
   * What to try next: another server of the `present` target (RFC 3263 4.3), or else of the targets that are open one of the
   * lowest priority, drawn by weight (RFC 2782). What is down or left alone is tried only where nothing has been yet.
   * `null`: nothing is left.
   */
  choose(tried: ReadonlySet<number>, present: number | null, rng: Rng): Choice | null {
    const now = this.clock.now();
    const draw = rng.uniform();
    const open = this.choices.map((choices) =>
      narrowed(choices, ({ slot }) => !tried.has(slot) && this.health.isOpen(slot, now)),
    );
    if (present !== null && open[present].length > 0) return { target: present, server: drawn(open[present], rng) };
    const from = tried.size > 0 || open.some((choices) => choices.length > 0) ? open : this.choices;
    const places = from.flatMap((choices, i) => (choices.length > 0 ? i : []));
    if (places.length === 0) return null;
    const target = this.drawn(places, draw);
    return { target, server: drawn(from[target], rng) };
  }

  private drawn(from: readonly number[], draw: number): number {
    const priority = Math.min(...from.map((i) => this.targets[i].priority));
    const first = from.filter((i) => this.targets[i].priority === priority);
    const total = first.reduce((sum, i) => sum + this.targets[i].weight, 0);
    if (total === 0) return first[Math.floor(draw * first.length)];
    let left = draw * total;
    for (const i of first) {
      left -= this.targets[i].weight;
      if (left < 0) return i;
    }
    return first.findLast((i) => this.targets[i].weight > 0)!;
  }
}

/** What is left of SRV records when only some of their servers count. */
function narrowed(choices: readonly TriedChoice[], counts: (server: TriedServer) => boolean): readonly TriedChoice[] {
  return choices
    .map((choice) => ({ ...choice, servers: choice.servers.filter(counts) }))
    .filter(({ servers }) => servers.length > 0);
}

/** A record of the lowest priority by weight (RFC 2782), and the first of its addresses. */
function drawn(choices: readonly TriedChoice[], rng: Rng): TriedServer {
  const [{ priority }] = choices;
  const [first] = orderByWeight(
    choices.filter((choice) => choice.priority === priority),
    rng,
  );
  return first.servers[0];
}

/** Where one attempt goes, and where it goes next. */
export class TargetRoute implements CallRoute {
  readonly noResponseMs: number;
  readonly first: Destination;
  private readonly tried = new Set<number>();
  private present: Choice | null = null;

  constructor(
    private readonly group: TargetGroup,
    private readonly rng: Rng,
    private readonly user: string | null,
  ) {
    this.noResponseMs = group.failover.noResponseMs;
    this.first = this.next()!;
  }

  answered(sentMs: number): void {
    const { health, clock } = this.group;
    health.tookCall(this.slot, sentMs, clock.now());
  }

  failed({ cause, status, retryAfterS }: Failure, sentMs: number): Destination | null {
    const { health, failover, clock } = this.group;
    if (cause === 'internal') return null;
    if (cause === 'status' && !failover.statuses.includes(status!)) {
      health.served(this.slot, sentMs);
      return null;
    }
    health.failed(this.slot, sentMs);
    if (failover.honourRetryAfter && retryAfterS !== null)
      health.leaveAlone(this.slot, clock.now() + retryAfterS * 1000);
    return this.next();
  }

  /** Where the health of what is being tried is. */
  private get slot(): number {
    return this.present!.server.slot;
  }

  private next(): Destination | null {
    const { group } = this;
    const chosen = group.choose(this.tried, this.present?.target ?? null, this.rng);
    if (chosen === null) return null;
    this.present = chosen;
    this.tried.add(this.slot);
    const target = group.targets[chosen.target];
    const { trunk, proxy } = chosen.server;
    return { uri: uriAt(target, this.user ?? target.user ?? ''), trunk, proxy };
  }
}
