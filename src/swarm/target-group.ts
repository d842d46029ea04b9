import type { Clock } from '../core/clock.js';
import { deriveSeed, Rng } from '../core/rng.js';
import type { CallRoute, Destination } from '../flow/call-route.js';
import type { Failure } from '../flow/final-response.js';
import type { FailoverSpec, TargetSpec } from './group-spec.js';
import { readTarget, type SipTarget } from './target.js';
import type { TargetHealth } from './target-health.js';

/** A target of a group, ready to be called. */
export interface GroupTarget extends SipTarget {
  /** Its name in records. */
  trunk: string;
  priority: number;
  weight: number;
}

/** A target by its URI alone, named by it. */
function plainTarget(uri: string): GroupTarget {
  const target = readTarget(uri)!;
  return { ...target, trunk: `${target.scheme}:${target.host}`, priority: 1, weight: 1 };
}

export function groupTarget({ uri, name, priority, weight }: TargetSpec): GroupTarget {
  const target = plainTarget(uri);
  return { ...target, trunk: name ?? target.trunk, priority, weight };
}

/** Request-URI that calls `user` at a target. */
export function uriAt({ scheme, host }: SipTarget, user: string): string {
  return `${scheme}:${user === '' ? '' : `${user}@`}${host}`;
}

/** A group of targets: which one an attempt tries, and which one next. */
export class TargetGroup {
  constructor(
    readonly targets: readonly GroupTarget[],
    readonly failover: FailoverSpec,
    readonly health: TargetHealth,
    readonly clock: Clock,
    private readonly seed: number,
  ) {}

  /** The way of attempt `index`; what is drawn follows from its number alone. `user` stands in place of the targets' own. */
  route(index: number, user: string | null): TargetRoute {
    return new TargetRoute(this, new Rng(deriveSeed(this.seed, 'target', index)), user);
  }

  /**
   * The next target to try: of those that are open the ones of the lowest priority, drawn by weight (RFC 2782). A target that
   * is down or left alone is tried only where nothing has been yet. `null`: none is left.
   */
  choose(tried: ReadonlySet<number>, rng: Rng): number | null {
    const now = this.clock.now();
    const rest = this.targets.flatMap((_, i) => (tried.has(i) ? [] : i));
    const open = rest.filter((i) => this.health.isOpen(i, now));
    const draw = rng.uniform();
    const from = open.length > 0 || tried.size > 0 ? open : rest;
    return from.length === 0 ? null : this.drawn(from, draw);
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

/** Where one attempt goes, and where it goes next. */
export class TargetRoute implements CallRoute {
  readonly noResponseMs: number;
  readonly first: Destination;
  private readonly tried = new Set<number>();
  private present = -1;

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
    health.tookCall(this.present, sentMs, clock.now());
  }

  failed({ cause, status, retryAfterS }: Failure, sentMs: number): Destination | null {
    const { health, failover, clock } = this.group;
    if (cause === 'internal') return null;
    if (cause === 'status' && !failover.statuses.includes(status!)) {
      health.served(this.present, sentMs);
      return null;
    }
    health.failed(this.present, sentMs);
    if (failover.honourRetryAfter && retryAfterS !== null)
      health.leaveAlone(this.present, clock.now() + retryAfterS * 1000);
    return this.next();
  }

  private next(): Destination | null {
    const { group } = this;
    const chosen = group.choose(this.tried, this.rng);
    if (chosen === null) return null;
    this.tried.add(chosen);
    this.present = chosen;
    const target = group.targets[chosen];
    return { uri: uriAt(target, this.user ?? target.user ?? ''), trunk: target.trunk };
  }
}
