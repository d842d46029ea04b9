import type { Recording } from '../audio/recording.js';
import type { LoggedPackets } from '../media/link/messages.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { FoundCapacity } from '../metrics/readiness.js';
import type { Snapshot } from '../metrics/snapshot.js';
import type { Profile } from '../profile/schema.js';
import type { Account } from '../swarm/account-file.js';
import type { Plan } from './plan.js';

export interface RunOptions {
  profile: Profile;
  id: string;
  version: string;
  startedAt: Date;
  plan: Plan;
  /** Shards that the callers are spread over. */
  shards: number;
  /** Rows of the file of numbers; empty without one. */
  rows: Record<string, string>[];
  /** Who registers, where the profile has `registrations`. */
  accounts?: Account[];
  /** How far the rate keys may raise the plan's rate, where that is less than usual. */
  mostRateFactor?: number;
  local?: string;
  advertise?: string;
  sipPort?: number;
  drachtio?: { host: string; port: number; secret: string };
  /** The load comes by `Run.makeStep`, until `Run.hangUpAll`; called when the first may come. */
  onBegun?(): void;
  /** What a search for capacity found before; for criteria of readiness. */
  capacity?: FoundCapacity;
  onSnapshot(snapshot: Snapshot): void;
  /** Once a second, for the timeline. */
  onTimeline(snapshot: Snapshot): void;
  onRecord(record: CallRecord): void;
  /** What a call received, where the profile asks for it; before the call's record. */
  onRecording?(call: number, recording: Recording): void;
  /** What became of each packet of the calls, by their records' numbers; it is logged where this is given. */
  onPackets?(packets: LoggedPackets): void;
}
