import { systemClock } from '../core/clock.js';
import type { AppError } from '../core/errors.js';
import { AccountCallMetrics } from '../metrics/account-calls.js';
import { CallMetrics } from '../metrics/call-metrics.js';
import { GateMonitor } from '../metrics/gate-monitor.js';
import { InboundMetrics } from '../metrics/inbound-metrics.js';
import { LiveSetup } from '../metrics/live-setup.js';
import type { FoundCapacity } from '../metrics/readiness.js';
import { RegistrationMetrics } from '../metrics/registration-metrics.js';
import type { LogLine } from '../metrics/snapshot.js';
import type { InboundSummary } from '../metrics/summary.js';
import { gatesOf, type Profile } from '../profile/schema.js';
import { groupOf } from '../profile/targets.js';
import type { Pulse } from '../shard/messages.js';
import type { GroupRole } from '../swarm/group-watch.js';
import { Concurrency } from './concurrency.js';
import { GroupState } from './group-state.js';
import type { Plan } from './plan.js';
import { roomNow } from './run-figures.js';
import type { MediaTotals } from './shards.js';
import { StrainMonitor } from './strain-monitor.js';

const LOG_LINES = 200;

/** All that is known of a run while it goes: written by the run, read by screen, timeline and summary. */
export class RunState {
  readonly metrics: CallMetrics;
  /** Setups of calls that may still be up. */
  readonly live = new LiveSetup();
  /** What a search for capacity found before, where one was given. */
  capacity: FoundCapacity | null = null;
  /** Gates over sliding windows. */
  readonly gates: GateMonitor;
  readonly strain = new StrainMonitor();
  /** Calls in progress over time. */
  readonly concurrency = new Concurrency();
  readonly log: LogLine[] = [];
  /** Of all shards of the swarm together. */
  swarmPulse: Pulse | null = null;
  trunkPulse: Pulse | null = null;
  swarmMedia: MediaTotals | null = null;
  trunkMedia: MediaTotals | null = null;
  /** Faults that our own trunk gave to answered calls, by name. */
  readonly faults: Record<string, number> = {};
  timestampSource: 'kernel' | 'user' | null = null;
  phase: 'starting' | 'registering' | 'running' | 'draining' | 'stopping' | 'done' = 'starting';
  paused = false;
  rateFactor = 1;
  /** The user ended the run. */
  interrupted = false;
  /** What made the run end before its plan did. */
  failure: AppError | null = null;
  /** Lines ever logged; `log` keeps the last of them. */
  logged = 0;

  /** SIP URIs; none until the run's own trunk says where it listens. */
  readonly targets: string[];
  readonly ownTrunk: boolean;
  /** The trunk group that is called, or the servers that the name of a single target leads to; `null` where there is only one. */
  group: GroupState | null;
  /** Start of the run on the machine's clock: when the first attempt is due, or the first account registers. */
  startMs = systemClock.now();
  /** From the start until the first attempt is due: the time in which accounts register before. */
  beforeCallsMs = 0;
  /** `null` where no account registers. */
  readonly registrations: RegistrationMetrics | null;
  /** `null` where no registered account is called. */
  readonly accountCalls: AccountCallMetrics | null;
  /** `null` of a run that calls. */
  readonly inbound: InboundMetrics | null;

  constructor(
    readonly profile: Profile,
    readonly id: string,
    /** When it was asked for; once its clock goes, when that began. */
    public startedAt: Date,
    /** What the load amounts to. */
    readonly planned: Plan,
    targets: readonly string[],
    accounts = 0,
  ) {
    this.targets = [...targets];
    this.inbound = profile.inbound ? new InboundMetrics() : null;
    this.ownTrunk = targets.length === 0;
    this.group = this.groupOf(groupOf(profile));
    this.accountCalls = profile.calls.toAccounts ? new AccountCallMetrics() : null;
    this.registrations = profile.registrations ? new RegistrationMetrics(accounts) : null;
    this.metrics = new CallMetrics(new Set(profile.refusals), profile.warmUp);
    this.gates = new GateMonitor(gatesOf(profile), (room) => roomNow(this, room, systemClock.now()));
  }

  /** The threads are up: the run's clock starts now. */
  begin(nowMs: number): void {
    this.startMs = nowMs;
    this.startedAt = new Date();
    this.phase = 'running';
  }

  /** All that is known of a group; of none nothing. */
  groupOf(role: GroupRole | null): GroupState | null {
    return role && new GroupState(role, new Set(this.profile.refusals));
  }

  /** What is called, in words. */
  get target(): string {
    return this.targets.join(', ');
  }

  /** How those who call behave; `null` of a run that calls. */
  inboundSummary(): InboundSummary | null {
    const counts = this.trunkPulse?.trunk;
    const came = counts?.intake ?? { received: 0, firstMs: null, lastMs: null, peakCps: 0, refusedLate: 0 };
    return this.inbound?.summary({ ...came, admitted: counts?.admitted ?? 0 }) ?? null;
  }

  /** The run's clock, in whole ms: it stands at 0 while the threads start. */
  elapsedMs(nowMs: number): number {
    return this.phase === 'starting' ? 0 : Math.max(0, Math.round(nowMs - this.startMs));
  }

  note(nowMs: number, level: LogLine['level'], text: string): void {
    this.log.push({ atMs: this.elapsedMs(nowMs), level, text });
    this.logged++;
    if (this.log.length > LOG_LINES) this.log.shift();
  }
}
