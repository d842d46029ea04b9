import { systemClock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { threadCpuMs } from '../core/thread-cpu.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Snapshot } from '../metrics/snapshot.js';
import type { Summary } from '../metrics/summary.js';
import type { Profile } from '../profile/schema.js';
import type { ShardEvent, ShardNetwork } from '../shard/messages.js';
import { Shard, type ShardListener } from '../shard/shard.js';
import { parseTarget } from '../swarm/swarm.js';
import { composeSnapshot, RateMeter } from './compose-snapshot.js';
import { JoinBuffer } from './join-buffer.js';
import { localAddressFor } from './local-address.js';
import { mediaSetup } from './media-setup.js';
import type { Plan } from './plan.js';
import { rebase } from './rebase.js';
import { RunState } from './run-state.js';
import { summarise } from './summarise.js';

const VIEW_MS = 250;
const TIMELINE_MS = 1000;
const TRUNK_DRAIN_MS = 3000;

export interface RunOptions {
  profile: Profile;
  id: string;
  version: string;
  startedAt: Date;
  plan: Plan;
  /** Rows of the file of numbers; empty without one. */
  rows: Record<string, string>[];
  local?: string;
  advertise?: string;
  sipPort?: number;
  drachtio?: { host: string; port: number; secret: string };
  onSnapshot(snapshot: Snapshot): void;
  /** Once a second, for the timeline. */
  onTimeline(snapshot: Snapshot): void;
  onRecord(record: CallRecord): void;
}

/** One run from profile to summary. */
export class Run {
  private readonly state: RunState;
  private swarm: Shard | null = null;
  private trunk: Shard | null = null;
  private readonly join: JoinBuffer;
  private readonly meter = new RateMeter();
  private loggedMs = -1;
  private failure: AppError | null = null;
  private settle!: () => void;
  private readonly swarmDone: Promise<void>;
  private readonly trunkDone: Promise<void>;
  private settleTrunk!: () => void;

  constructor(private readonly options: RunOptions) {
    this.state = new RunState(
      options.profile,
      options.id,
      options.startedAt,
      options.plan,
      options.profile.target ?? null,
    );
    this.join = new JoinBuffer(this.state.ownTrunk, (record, fault) => this.emit(record, fault));
    this.swarmDone = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.trunkDone = new Promise((resolve) => {
      this.settleTrunk = resolve;
    });
  }

  /**
   * Runs to the end and gives the figures. Rejects with AppError when the environment makes a run impossible; after
   * calls were placed it gives the summary first (`failure` then says what broke).
   */
  async execute(): Promise<{ summary: Summary; failure: AppError | null }> {
    const { profile } = this.options;
    const timers: NodeJS.Timeout[] = [];
    try {
      const target = this.state.target ?? (await this.openTrunk());
      this.state.target = target;
      const address = await localAddressFor(target, this.options.local);
      timers.push(
        setInterval(() => this.show(), VIEW_MS),
        setInterval(() => this.record(), TIMELINE_MS),
      );
      const network: ShardNetwork = {
        address,
        sipPort: this.options.sipPort ?? 0,
        advertise: this.options.advertise,
        drachtio: this.options.drachtio,
      };
      this.swarm = await this.openShard(
        'swarm',
        { role: { kind: 'swarm', target: parseTarget(target), rows: this.options.rows }, profile, network },
        (event) => this.onSwarm(event),
      );
      this.begin();
      await this.swarmDone;
      await this.drainTrunk();
      for (const timer of timers) clearInterval(timer);
      this.join.flush();
      this.state.phase = 'done';
      const end = systemClock.now();
      this.show();
      this.record();
      const summary = summarise(this.state, end, this.options.version);
      return { summary, failure: this.failure };
    } catch (error) {
      if (this.failure) throw this.failure;
      throw error;
    } finally {
      for (const timer of timers) clearInterval(timer);
      await Promise.all([this.swarm?.close(), this.trunk?.close()]);
    }
  }

  /** Ends the run: no further attempt, every call hung up. */
  stop(by: 'SIGINT' | 'SIGTERM' | 'key'): void {
    const { state } = this;
    if (state.phase === 'done' || state.interrupted !== null) return;
    state.interrupted = by;
    this.note('warn', 'stopping: hanging up every call');
    if (state.phase === 'starting') return;
    state.phase = 'stopping';
    this.swarm?.send({ kind: 'stop' });
  }

  setPaused(paused: boolean): void {
    this.state.paused = paused;
    this.note('info', paused ? 'paused: no new attempts' : 'resumed');
    this.swarm?.send({ kind: 'pause', paused });
  }

  get paused(): boolean {
    return this.state.paused;
  }

  /** Changes the rate of what is left of the plan by a tenth of its present factor. */
  changeRate(direction: 1 | -1): void {
    const factor = Math.min(10, Math.max(0.1, this.state.rateFactor * (direction === 1 ? 1.1 : 1 / 1.1)));
    this.state.rateFactor = Math.round(factor * 1000) / 1000;
    this.note('info', `rate × ${this.state.rateFactor.toFixed(2)}`);
    this.swarm?.send({ kind: 'rate', factor: this.state.rateFactor });
  }

  /** The threads are up: the run's clock starts now. */
  private begin(): void {
    const { state } = this;
    state.startMs = systemClock.now();
    state.phase = 'running';
    const { attempts, lastMs } = state.planned;
    this.note('info', `calling ${state.target}: ${attempts} attempts in ${(lastMs / 1000).toFixed(0)} s`);
    this.swarm!.send({ kind: state.interrupted === null ? 'begin' : 'stop' });
  }

  private async openTrunk(): Promise<string> {
    const { profile } = this.options;
    const network: ShardNetwork = { address: '127.0.0.1', sipPort: 0 };
    let sip: { address: string; port: number } | null = null;
    this.trunk = await this.openShard('trunk', { role: { kind: 'trunk' }, profile, network }, (event) => {
      if (event.kind === 'ready') sip = event.sip;
      this.onTrunk(event);
    });
    const { address, port } = sip as unknown as { address: string; port: number };
    return `sip:${address}:${port}`;
  }

  /** Starts a shard and waits until it is ready. */
  private openShard(
    name: 'swarm' | 'trunk',
    signalling: ConstructorParameters<typeof Shard>[0]['signalling'],
    onEvent: (event: ShardEvent) => void,
  ): Promise<Shard> {
    return new Promise((resolve, reject) => {
      const listener: ShardListener = {
        onEvent: (event) => {
          onEvent(event);
          if (event.kind === 'ready') resolve(shard);
        },
        onFailed: (error) => {
          this.fail(error);
          reject(error);
        },
        onOutput: (text) => this.note('warn', `${name}: ${text.trim().split('\n')[0]}`),
      };
      const shard = new Shard(
        {
          name,
          signalling,
          media: mediaSetup(name, signalling.profile, this.options.plan, signalling.network.address),
        },
        listener,
      );
      if (name === 'trunk') this.trunk = shard;
      else this.swarm = shard;
    });
  }

  private onSwarm(event: ShardEvent): void {
    const now = systemClock.now();
    switch (event.kind) {
      case 'ready':
        this.state.timestampSource = event.timestampSource;
        break;
      case 'records':
        for (const record of event.records) this.join.addCaller(record, now);
        break;
      case 'pulse': {
        const { pulse } = event;
        this.state.swarmPulse = pulse;
        this.meter.add(now, pulse.attempted, pulse.attempted + pulse.notStarted);
        this.state.strain.cpu('swarm signalling', pulse.cpuMs, now);
        this.state.strain.loopDelay('swarm', pulse.eventLoopDelayMs);
        if (pulse.arrivalsDoneMs !== null && this.state.phase === 'running') {
          this.state.phase = 'draining';
          this.note('info', 'all attempts made; calls run out');
        }
        break;
      }
      case 'media':
        this.state.swarmMedia = event.snapshot;
        this.state.strain.cpu('swarm media', event.snapshot.health.cpuMs, now);
        this.state.strain.media('swarm', event.snapshot.health);
        break;
      case 'log':
        this.note(event.level, event.text);
        break;
      case 'done':
        this.settle();
        break;
      case 'failed':
        break;
      default:
        event satisfies never;
    }
  }

  private onTrunk(event: ShardEvent): void {
    if (event.kind === 'done') this.settleTrunk();
    const now = systemClock.now();
    if (event.kind === 'records') for (const record of event.records) this.join.addCallee(record, now);
    else if (event.kind === 'pulse') {
      this.state.trunkPulse = event.pulse;
      this.state.strain.cpu('trunk signalling', event.pulse.cpuMs, now);
      this.state.strain.loopDelay('trunk', event.pulse.eventLoopDelayMs);
    } else if (event.kind === 'media') {
      this.state.trunkMedia = event.snapshot;
      this.state.strain.cpu('trunk media', event.snapshot.health.cpuMs, now);
      this.state.strain.media('trunk', event.snapshot.health);
    } else if (event.kind === 'log') this.note(event.level, `trunk: ${event.text}`);
  }

  /** Lets the trunk's last reports come in. */
  private async drainTrunk(): Promise<void> {
    if (!this.trunk || this.failure) return;
    this.trunk.send({ kind: 'stop' });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TRUNK_DRAIN_MS);
    });
    await Promise.race([this.trunkDone, patience]);
    clearTimeout(timer);
  }

  private emit(record: CallRecord, fault: string | null): void {
    if (fault !== null) this.state.faults[fault] = (this.state.faults[fault] ?? 0) + 1;
    rebase(record, this.state.startMs);
    this.state.metrics.add(record);
    this.watch(record);
    this.options.onRecord(record);
  }

  /** What of a record is worth a line in the log, and whether the target answers at all. */
  private watch(record: CallRecord): void {
    const { state } = this;
    const call = `${record.from} → ${record.to}`;
    if (record.answeredMs !== null || record.cause === 'status' || record.timings.provisionalMs !== null)
      state.heardFromTarget = true;
    if (record.oneWay) this.note('warn', `one-way audio: ${call}, ${record.oneWay.direction} ${record.oneWay.cause}`);
    if (record.noMedia)
      this.note('warn', `no audio either way: ${call}, ${record.downlink?.heard?.verdict.cause ?? ''}`);
    if (record.outcome === 'dropped')
      this.note(
        'warn',
        `dropped: ${call} after ${(((record.endedMs ?? 0) - (record.answeredMs ?? 0)) / 1000).toFixed(1)} s`,
      );
    if (record.cause === 'internal') this.note('error', `failed within the generator: ${call}: ${record.reason}`);
    if (
      record.outcome === 'failed' &&
      state.metrics.responses[String(record.status)] === 1 &&
      record.cause === 'status'
    )
      this.note(
        'warn',
        `first ${record.status} ${record.reason ?? ''} at ${record.inProgressAtFinal} calls in progress`,
      );
    if (!state.heardFromTarget && (record.cause === 'timeout' || record.cause === 'transport') && !this.failure) {
      this.failure = new AppError('TARGET_SILENT', `The target never answered: ${record.reason ?? record.cause}`, {
        where: state.target ?? undefined,
        found:
          record.cause === 'timeout' ? 'no response to any INVITE within 32 s' : (record.reason ?? 'transport error'),
        hint: 'Check address and port, and that the target takes SIP over UDP from this machine.',
      });
      this.note('error', this.failure.message);
      this.swarm?.send({ kind: 'stop' });
    }
  }

  private fail(error: AppError): void {
    this.failure ??= error;
    this.note('error', error.message);
    this.settle();
    this.settleTrunk();
  }

  private note(level: 'info' | 'warn' | 'error', text: string): void {
    this.state.note(systemClock.now(), level, text);
  }

  private show(): void {
    const now = systemClock.now();
    this.join.sweep(now);
    this.options.onSnapshot(composeSnapshot(this.state, now, this.meter));
  }

  private record(): void {
    const now = systemClock.now();
    this.state.strain.cpu('main', threadCpuMs(), now);
    const snapshot = composeSnapshot(this.state, now, this.meter);
    // Each line of the timeline carries the log since the line before.
    const log = snapshot.log.filter((line) => line.atMs > this.loggedMs);
    this.loggedMs = log.at(-1)?.atMs ?? this.loggedMs;
    this.options.onTimeline({ ...snapshot, log });
  }
}
