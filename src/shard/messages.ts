import type { ErrorMessage } from '../core/errors.js';
import type { Impairments } from '../impair/compose.js';
import type { MediaSnapshot } from '../media/link/messages.js';
import type { CallAtAccount } from '../metrics/account-calls.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Answer } from '../metrics/live-setup.js';
import type { LoadCounts } from '../metrics/load-metrics.js';
import type { RegistrationResult } from '../metrics/registration-metrics.js';
import type { Lateness } from '../metrics/validity.js';
import type { Profile } from '../profile/schema.js';
import type { SipStats } from '../sip/stats.js';
import type { Account } from '../swarm/account-file.js';
import type { GroupServers } from '../swarm/group-servers.js';
import type { GroupReport, GroupRole } from '../swarm/group-watch.js';
import type { PlanSlice } from '../swarm/pacer.js';
import type { LoadStep } from '../swarm/step-pacer.js';
import type { SipTarget } from '../swarm/target.js';
import type { TrunkCounts } from '../trunk/trunk.js';

/** Where a shard's SIP and RTP live. */
export interface ShardNetwork {
  /** Local address that SIP and RTP bind. */
  address: string;
  /** Local SIP port, 0 for any. */
  sipPort: number;
  /** Address that goes into Contact and SDP instead, behind NAT or in docker. */
  advertise?: string;
  /** An external drachtio-server that takes the place of the embedded one. */
  drachtio?: { host: string; port: number; secret: string };
}

/** What a signalling thread does: place calls, or be the trunk. */
export type ShardRole =
  | {
      kind: 'swarm';
      target: SipTarget;
      /** The targets between which attempts fail over, where the profile has any. */
      group: GroupRole | null;
      impairment: Impairments;
      rows: Record<string, string>[];
      accounts: Account[];
      slice: PlanSlice;
      /** The load comes step by step while the run goes, not from the profile. */
      isStepped?: boolean;
    }
  | {
      kind: 'trunk';
      /** Who registers there, where calls are to registered accounts. */
      accounts?: Account[];
      /** Of a run whose load is what comes in. */
      impairment?: Impairments;
    };

/** What the entry file of the signalling thread is started with (`workerData`). */
export interface SignallingThreadData {
  role: ShardRole;
  profile: Profile;
  network: ShardNetwork;
  /** Counts of calls where several shards share them. */
  population?: SharedArrayBuffer;
  media: { port: import('node:worker_threads').MessagePort; wake: SharedArrayBuffer; pool: number };
  /** Memory of the thread that INVITEs leave from (`DepartureRing`), where there is one. */
  departures?: SharedArrayBuffer;
}

export type ShardCommand =
  /** Starts registering accounts; `registered` follows once each was tried. */
  | { kind: 'register' }
  /** Starts placing calls; a trunk takes calls from its start. */
  | { kind: 'begin' }
  /** No new attempt, or no further call is taken. */
  | { kind: 'pause'; paused: boolean }
  | { kind: 'rate'; factor: number }
  /** Other impairments for the calls that are up and for those that come. */
  | { kind: 'impair'; impairment: Impairments; name: string }
  /** Further load, and strain is observed anew from now on; a trunk does only that. */
  | { kind: 'step'; step: LoadStep }
  /** What the DNS says of the targets of a group from now on. */
  | { kind: 'servers'; servers: GroupServers }
  /** Ends every call, then `done`. */
  | { kind: 'stop' };

/** The signalling thread's counters, four times a second; those of calls are of all shards that share a population. */
export interface Pulse {
  attempted: number;
  notStarted: number;
  up: number;
  inProgress: number;
  established: number;
  peakInProgress: number;
  peakEstablished: number;
  /** Of swarms alone. */
  load: LoadCounts | null;
  /** All attempts were handed out; since when, on the run's clock. */
  arrivalsDoneMs: number | null;
  trunk: TrunkCounts | null;
  /** Of the first shard of a swarm that calls a group of targets. */
  group: GroupReport | null;
  /** `null` for an external server, which does not tell. */
  sip: (SipStats & { traces: TraceCounts | null }) | null;
  eventLoopDelayMs: Lateness | null;
  cpuMs: number | null;
  /** CPU time of the thread that INVITEs leave from; `null` where there is none. */
  departuresCpuMs: number | null;
}

/** Call records that carry their SIP trace, and those that would but for the bounds. */
export interface TraceCounts {
  kept: number;
  leftOut: number;
}

export type ShardEvent =
  | {
      kind: 'ready';
      sip: { address: string; port: number } | null;
      driver: 'native' | 'dgram';
      timestampSource: 'kernel' | 'user';
    }
  /** Calls that have ended, those of a swarm that were answered, and those that came to accounts, since the last time. */
  | {
      kind: 'records';
      records: CallRecord[];
      answers: Answer[];
      registrations: RegistrationResult[];
      atAccounts: CallAtAccount[];
    }
  /** Every account of the shard has had a first result. */
  | { kind: 'registered' }
  | { kind: 'pulse'; pulse: Pulse }
  | { kind: 'media'; snapshot: MediaSnapshot }
  | { kind: 'log'; level: 'info' | 'warn' | 'error'; text: string }
  | { kind: 'done' }
  /** The thread cannot go on as it should; it still hangs up by `stop` where it can. */
  | ({ kind: 'failed' } & ErrorMessage);
