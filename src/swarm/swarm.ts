import { ChurnMap } from '../core/churn-map.js';
import type { Clock } from '../core/clock.js';
import { StartTimer } from '../core/start-timer.js';
import { CallImpairments } from '../flow/call-impairments.js';
import { OutboundCall, type OutboundContext } from '../flow/outbound-call.js';
import type { OutboundPlan } from '../flow/outbound-plan.js';
import { callerNumber } from '../identity/caller-number.js';
import type { Sign } from '../identity/keys.js';
import type { Impairments } from '../impair/compose.js';
import type { RecordedNumbers } from '../load/replay.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Account } from './account-file.js';
import { calledAccount } from './account-pairs.js';
import { NumberPattern } from './number-pattern.js';
import type { Pacing } from './pacer.js';
import { destinationAt, type SipTarget } from './target.js';
import type { TargetGroup } from './target-group.js';

const MAX_SLEEP_MS = 100;
/** Attempts that leave later by themselves are handed out by timers of node, some at a time. */
const ROUND_MS = 4;
/** Attempts started in one turn of the event loop; more would keep it from reading what comes. */
const STARTS_A_TURN = 16;

export interface SwarmOptions extends Omit<OutboundContext, 'uplink' | 'downlink'> {
  clock: Clock;
  pacer: Pacing;
  /** The target as a SIP URI, its user part replaced by the called number. */
  target: SipTarget;
  /** The targets between which attempts fail over; `null` where there is only `target`. */
  group: TargetGroup | null;
  /** Signs the callers' numbers; `null` where nobody does. */
  sign: Sign | null;
  /** What the paths of the calls do. */
  impairment: Impairments;
  /** Rows of the file of numbers, used in turn. */
  rows: readonly Record<string, string>[];
  /** Who calls, in turn; empty where the profile says who. */
  callers: readonly Caller[];
  /** Who is called, in turn; empty where the profile says who. */
  callees: readonly Callee[];
  onRecord(record: CallRecord): void;
  /** The plan is over and every call has ended. */
  onDone(): void;
}

/** An account that is called. */
export type Callee = Pick<Account, 'user' | 'domain'>;

/** An account that calls. */
export type Caller = Pick<Account, 'user'> & NonNullable<OutboundPlan['account']>;

interface SignedPlan {
  from: string;
  to: string;
  headers: Record<string, string>;
}

/** The population of callers: starts attempts when the pacer hands them out, and knows the calls that are up. */
export class Swarm {
  private readonly calls = new ChurnMap<number, OutboundCall>();
  private readonly from: NumberPattern;
  private readonly to: NumberPattern;
  private readonly headers: [string, NumberPattern][];
  private readonly timer: StartTimer;
  private started = 0;
  private ended = false;
  private readonly impairments: CallImpairments<OutboundContext>;

  constructor(private readonly options: SwarmOptions) {
    this.impairments = new CallImpairments<OutboundContext>(options, options.impairment);
    const { calls, target } = options;
    this.from = new NumberPattern(calls.from);
    this.to = new NumberPattern(calls.to ?? target.user ?? '');
    this.headers = Object.entries(calls.headers).map(([name, value]) => [name, new NumberPattern(value)]);
    this.timer = new StartTimer(options.clock, () => this.turn());
    this.turn();
  }

  get attempted(): number {
    return this.started;
  }

  get up(): number {
    return this.calls.size;
  }

  setPaused(paused: boolean): void {
    // What was due until now went by what held until now.
    this.turn();
    this.options.pacer.setPaused(paused);
    this.turn();
  }

  setFactor(factor: number): void {
    this.turn();
    this.options.pacer.setFactor(factor);
    this.turn();
  }

  /** Other impairments, from now on: for the calls that are up and for those that come. `name` is for the ground truth. */
  impair(impairment: Impairments, name: string): void {
    this.impairments.change(impairment);
    this.impairments.apply(
      this.calls.values().map(({ record }) => record),
      name,
    );
  }

  /** No further attempt; every call that is up is ended by CANCEL or BYE. */
  stop(): void {
    this.options.pacer.stop();
    for (const call of this.calls.values()) call.stop();
    this.turn();
  }

  private turn(): void {
    this.timer.clear();
    if (this.ended) return;
    const { pacer, clock } = this.options;
    const more = pacer.advance(clock.now(), STARTS_A_TURN, (index, dueMs, holdMs, isSinceInvite, numbers) =>
      this.attempt(index, dueMs, holdMs, isSinceInvite, numbers),
    );
    if (pacer.done && this.calls.size === 0) {
      this.ended = true;
      this.options.onDone();
      return;
    }
    const wait = more ? 0 : Math.max(this.options.departures ? ROUND_MS : 0, pacer.untilNextMs() ?? MAX_SLEEP_MS);
    this.timer.set(Math.min(MAX_SLEEP_MS, wait));
  }

  /** Starts attempt `index`; false when there is no port pair for it. */
  private attempt(
    index: number,
    dueMs: number,
    holdMs: number,
    isHeldSinceInvite: boolean,
    numbers?: RecordedNumbers,
  ): boolean {
    const { options } = this;
    const lease = options.media.lease();
    if (!lease) return false;
    const filed = options.rows.length > 0 ? options.rows[index % options.rows.length] : {};
    const row = numbers ? { ...filed, ...numbers } : filed;
    const caller = options.callers[index % options.callers.length] as Caller | undefined;
    const callee = this.callee(index);
    const to = callee?.user ?? this.to.at(index, row, numbers?.to);
    const hasNumber = callee !== null || options.calls.to !== undefined || numbers?.to !== undefined;
    const route = options.group?.route(index, hasNumber ? to : null);
    const { uri, proxy, trunk } = route?.first ?? destinationAt(options.target, to, callee?.domain ?? null);
    const headers: Record<string, string> = {};
    for (const [name, value] of this.headers) headers[name] = value.at(index, row);
    const plan = {
      id: index,
      dueMs,
      holdMs,
      isHeldSinceInvite,
      uri,
      proxy,
      trunk,
      from: caller?.user ?? this.from.at(index, row, numbers?.from),
      account: caller,
      to,
      headers,
      route,
    };
    const call = new OutboundCall(this.impairments.setupOf(plan), plan, lease, (record) => {
      this.calls.delete(index);
      options.onRecord(record);
      if (this.calls.size === 0 && options.pacer.done) this.turn();
    });
    this.started++;
    this.calls.set(index, call);
    if (options.sign) this.startSigned(call, options.sign, plan);
    else call.start();
    return true;
  }

  private callee(index: number): Callee | null {
    const { callees, callers } = this.options;
    return callees.length === 0 ? null : callees[calledAccount(index, callees.length, callers.length > 0)];
  }

  /** Adds an Identity header to those of the plan; a call that cannot be signed goes without. */
  private startSigned(call: OutboundCall, sign: Sign, { from, to, headers }: SignedPlan): void {
    const asserted = Object.entries(headers).find(([name]) => name.toLowerCase() === 'p-asserted-identity')?.[1];
    const caller = callerNumber((name) => (name === 'from' ? `<sip:${from}@localhost>` : asserted));
    sign(caller ?? '', to)
      .then((identity) => {
        if (identity !== null) headers.Identity = identity;
      }, this.options.onError)
      .then(() => call.start());
  }
}
