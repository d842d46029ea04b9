import type { Clock } from '../core/clock.js';
import type { Rng } from '../core/rng.js';
import type { Dns } from './dns.js';
import {
  type HopPlan,
  type NextHop,
  numericHop,
  orderHops,
  planHops,
  type Reach,
  usableTransports,
} from './next-hop.js';
import type { SipUri } from './uri.js';

/** Why a URI leads nowhere: the caller's mistake, or the network's fault. */
export interface LocateFailure {
  kind: 'mistake' | 'transport';
  reason: string;
}

export const NO_TRANSPORT: LocateFailure = {
  kind: 'mistake',
  reason: 'requested protocol/transport not available',
};

export type LocateListener = (hops: readonly NextHop[], failure: LocateFailure | null) => void;

export interface ResolverLimits {
  /** How long all queries for one URI may take together. */
  timeoutMs: number;
  /** How long a name without a target is not asked for again (RFC 2308). */
  negativeMs: number;
  /** The same after the DNS did not answer. */
  failureMs: number;
}

export const RESOLVER_LIMITS: ResolverLimits = { timeoutMs: 8000, negativeMs: 10_000, failureMs: 3000 };

/** URIs remembered; beyond that the memory starts anew. */
const MAX_KNOWN = 4096;

interface Known {
  plan: HopPlan;
  untilMs: number;
}

/**
 * Finds the targets of a URI (RFC 3263 4) and remembers what the DNS said for as long as it holds; the choice by weight
 * is made anew for each request. Calls for a URI that is being asked for wait for the same answer.
 */
export class Resolver {
  private readonly known = new Map<string, Known>();
  private readonly asking = new Map<string, LocateListener[]>();

  constructor(
    private readonly dns: Dns,
    private readonly reach: Reach,
    private readonly rng: Rng,
    private readonly clock: Clock,
    private readonly limits: ResolverLimits = RESOLVER_LIMITS,
  ) {}

  /** Calls back with the targets in the order to try them, numeric and remembered hosts before this returns. */
  locate(uri: SipUri, done: LocateListener): void {
    const [assumed] = usableTransports(uri, this.reach.transports);
    if (assumed === undefined) {
      done([], NO_TRANSPORT);
      return;
    }
    const numeric = numericHop(uri, assumed);
    if (numeric) {
      done([numeric], null);
      return;
    }
    const key = `${uri.scheme} ${(uri.maddr ?? uri.host).toLowerCase()} ${uri.port} ${uri.transport}`;
    const hit = this.known.get(key);
    if (hit && hit.untilMs > this.clock.now()) {
      this.tell(hit.plan, done);
      return;
    }
    const waiting = this.asking.get(key);
    if (waiting) {
      waiting.push(done);
      return;
    }
    this.asking.set(key, [done]);
    void this.plan(uri).then((plan) => {
      this.remember(key, plan);
      const listeners = this.asking.get(key) ?? [];
      this.asking.delete(key);
      for (const listener of listeners) this.tell(plan, listener);
    });
  }

  /** The DNS's answer, or what is known when its time is over. */
  private async plan(uri: SipUri): Promise<HopPlan> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<HopPlan>((resolve) => {
      timer = setTimeout(
        () => resolve({ groups: [], ttlS: 0, reason: 'ETIMEOUT', isWhole: false }),
        this.limits.timeoutMs,
      );
    });
    const plan = await Promise.race([planHops(uri, this.dns, this.reach), late]);
    clearTimeout(timer);
    return plan;
  }

  private remember(key: string, plan: HopPlan): void {
    const { negativeMs, failureMs } = this.limits;
    let keepMs = plan.ttlS * 1000;
    if (plan.groups.length === 0) keepMs = plan.reason === 'ENOTFOUND' ? negativeMs : failureMs;
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(key, { plan, untilMs: this.clock.now() + keepMs });
  }

  private tell(plan: HopPlan, done: LocateListener): void {
    if (plan.groups.length === 0) done([], { kind: 'transport', reason: plan.reason });
    else done(orderHops(plan, this.rng), null);
  }
}
