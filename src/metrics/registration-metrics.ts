import { Distribution, round } from './distribution.js';
import type { Percentiles } from './percentiles.js';
import type { Quotient } from './quotient.js';
import { isSetupFailure, type Responses } from './session-ratios.js';

/** Realms that are told by name. */
const MOST_REALMS = 10;

/** `register`: a first registration, or one that begins anew; `unregister`: with the time 0 (RFC 3261 10.2.2). */
export type RegistrationKind = 'register' | 'refresh' | 'unregister';

/** What a REGISTER came to, the challenges and longer times that it took included. */
export interface RegistrationResult {
  kind: RegistrationKind;
  isOk: boolean;
  /** Status of the final response; 408 and 503 where there was none. */
  status: number;
  /** The status, or `timeout` (Timer F), or `transport`. */
  response: string;
  /** From the first REGISTER to the final response. */
  delayMs: number;
  /** How often it was challenged. */
  challenges: number;
  /** Realm of a challenge that was not answered, because the account is of another one. */
  otherRealm: string | null;
  /** The account is registered for the first time. */
  isFirst: boolean;
  /** What it changes of the number of accounts that are registered. */
  change: -1 | 0 | 1;
}

/** Registrations as they stand. */
export interface RegistrationSnapshot {
  accounts: number;
  /** Accounts that are registered now, and those that have been. */
  now: number;
  registered: number;
  refreshed: number;
  lost: number;
  /** REGISTERs that ended without a 2xx. */
  failed: number;
  rrdMs: { p50: number; p95: number; p99: number } | null;
}

export interface RegistrationSummary {
  accounts: number;
  /** Accounts that were registered at least once, and the most at a time. */
  registered: number;
  peakRegistered: number;
  /** REGISTERs that ended, a challenge and its answer as one; those of them that ended without a 2xx. */
  attempted: number;
  failed: number;
  refreshed: number;
  unregistered: number;
  /** Registrations that ended without our asking: their refresh failed, and no other could come in time. */
  lost: number;
  /** 401 and 407 that were answered, and REGISTERs that needed none because they had a nonce from before. */
  challenges: number;
  unchallenged: number;
  responses: Responses;
  /** Challenges that were not answered, by realm: accounts that name another one got them. */
  otherRealms: Record<string, number>;
  /** From the start until every account had a first result; `null` when some never had. */
  allTriedMs: number | null;
  /** Accounts registered per second of that time. */
  registeredPerSecond: number | null;
  refreshMs: Percentiles | null;
}

/** RRD and IRA of RFC 6076 4.1 and 4.2, and what becomes of a population of accounts. */
export class RegistrationMetrics {
  private readonly rrd = new Distribution();
  private readonly refresh = new Distribution();
  private readonly responses: Responses = {};
  private readonly otherRealms = new Map<string, number>();
  private attempted = 0;
  private failed = 0;
  private ineffective = 0;
  private registered = 0;
  private now = 0;
  private peak = 0;
  private refreshed = 0;
  private unregistered = 0;
  private lost = 0;
  private challenges = 0;
  private unchallenged = 0;
  private allTriedMs: number | null = null;

  constructor(private readonly accounts: number) {}

  add({ kind, isOk, status, response, delayMs, challenges, otherRealm, isFirst, change }: RegistrationResult): void {
    this.attempted++;
    this.responses[response] = (this.responses[response] ?? 0) + 1;
    this.challenges += challenges;
    if (otherRealm !== null) this.countRealm(otherRealm);
    if (isFirst) this.registered++;
    this.now += change;
    if (this.now > this.peak) this.peak = this.now;
    if (isSetupFailure(status)) this.ineffective++;
    if (!isOk) {
      this.failed++;
      if (change === -1) this.lost++;
      return;
    }
    if (challenges === 0) this.unchallenged++;
    switch (kind) {
      case 'register':
        this.rrd.record(delayMs);
        break;
      case 'refresh':
        this.refreshed++;
        this.refresh.record(delayMs);
        break;
      case 'unregister':
        this.unregistered++;
        break;
      default:
        kind satisfies never;
    }
  }

  private countRealm(realm: string): void {
    const { otherRealms } = this;
    const name = otherRealms.has(realm) || otherRealms.size < MOST_REALMS ? realm : 'and others';
    otherRealms.set(name, (otherRealms.get(name) ?? 0) + 1);
  }

  /** Every account has had a first result. */
  allTried(afterMs: number): void {
    this.allTriedMs ??= afterMs;
  }

  /** Over successful registrations. */
  get rrdMs(): Percentiles | null {
    return this.rrd.percentiles();
  }

  /** Over all REGISTERs. */
  get ira(): Quotient {
    return [this.ineffective, this.attempted];
  }

  snapshot(): RegistrationSnapshot {
    const { accounts, now, registered, refreshed, lost, failed } = this;
    const rrd = this.rrd.percentiles();
    const rrdMs = rrd && { p50: rrd.p50, p95: rrd.p95, p99: rrd.p99 };
    return { accounts, now, registered, refreshed, lost, failed, rrdMs };
  }

  summary(): RegistrationSummary {
    const { allTriedMs, registered } = this;
    return {
      accounts: this.accounts,
      registered,
      peakRegistered: this.peak,
      attempted: this.attempted,
      failed: this.failed,
      refreshed: this.refreshed,
      unregistered: this.unregistered,
      lost: this.lost,
      challenges: this.challenges,
      unchallenged: this.unchallenged,
      responses: { ...this.responses },
      otherRealms: Object.fromEntries(this.otherRealms),
      allTriedMs: allTriedMs && Math.round(allTriedMs),
      registeredPerSecond: allTriedMs ? round(registered / (allTriedMs / 1000)) : null,
      refreshMs: this.refresh.percentiles(),
    };
  }
}
