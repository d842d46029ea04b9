import { systemClock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { impairmentsOf } from '../impair/compose.js';
import type { CallRecord } from '../metrics/call-record.js';
import { callerHeard } from '../metrics/inbound-record.js';
import { joinMedia } from '../metrics/join.js';
import type { Summary } from '../metrics/summary.js';
import type { Pulse, ShardEvent } from '../shard/messages.js';
import { Shard } from '../shard/shard.js';
import { hostPort } from '../sip/uri.js';
import { type InboundSpec, listenAt } from '../trunk/inbound-spec.js';
import { Impairing } from './impairing.js';
import { checkFamily } from './local-address.js';
import { mediaSetup } from './media-setup.js';
import { noteworthy } from './noteworthy.js';
import { Observer } from './observer.js';
import { rebase } from './rebase.js';
import { wholeSpan } from './rtp-ports.js';
import type { RunOptions } from './run-options.js';
import { RunState } from './run-state.js';
import { summarise } from './summarise.js';

/** The trunk hangs up within 6 s; after that the run ends without it. */
const STOP_PATIENCE_MS = 8000;
const NAME = 'trunk';

type Ready = Extract<ShardEvent, { kind: 'ready' }>;

/** Where a run takes calls: as the profile says, or else the command line. */
export function listeningAt(
  { listen }: InboundSpec,
  { local, sipPort }: Pick<RunOptions, 'local' | 'sipPort'>,
): { address: string; port: number } {
  const { address, port } = listenAt(listen)!;
  return { address: local ?? address, port: sipPort ?? port };
}

/** A run whose load is what comes in: takes calls for a time, lets those that are up run out, and gives the figures. */
export class InboundRun {
  private readonly state: RunState;
  private readonly observer: Observer;
  private readonly spec: InboundSpec;
  private readonly at: { address: string; port: number };
  private readonly impairing: Impairing;
  private shard: Shard | null = null;
  private timer: NodeJS.Timeout | undefined;
  private end!: () => void;
  private readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  /** @param options of a profile with `inbound` */
  constructor(private readonly options: RunOptions) {
    const { profile, id, startedAt, plan } = options;
    this.spec = profile.inbound!;
    this.at = listeningAt(this.spec, options);
    this.state = new RunState(profile, id, startedAt, plan, []);
    this.state.capacity = options.capacity ?? null;
    this.observer = new Observer(this.state, {
      onSnapshot: (snapshot) => options.onSnapshot(snapshot),
      onTimeline: (snapshot) => options.onTimeline(snapshot),
      onAbort: () => this.hangUpAll(),
    });
    this.impairing = new Impairing({
      state: this.state,
      send: (command) => this.shard?.send(command),
      onNote: (text) => this.observer.note('info', text),
    });
  }

  /** As `Run.execute`. */
  async execute(): Promise<{ summary: Summary; failure: AppError | null }> {
    const { state, observer, spec } = this;
    try {
      const { sip, timestampSource } = await this.open();
      await this.impairing.open();
      state.targets.push(`sip:${hostPort(sip!.address, sip!.port)}`);
      state.timestampSource = timestampSource;
      observer.start();
      state.begin(systemClock.now());
      observer.note('info', `taking calls at ${state.target} for ${spec.for / 1000} s`);
      this.impairing.begin();
      if (state.interrupted) this.hangUpAll();
      else this.timer = setTimeout(() => this.close(), spec.for);
      await this.ended;
      observer.stop();
      const trunk = state.trunkPulse?.trunk;
      const answered = state.metrics.counts.answered + (state.trunkPulse?.established ?? 0);
      const untold = state.metrics.addUntold(trunk?.admitted ?? 0, answered);
      if (untold > 0) observer.note('warn', `${untold} calls have no record: they were not hung up in time`);
      state.phase = 'done';
      if (!state.interrupted) state.failure ??= this.nothingCame();
      const end = systemClock.now();
      observer.show();
      observer.record();
      return { summary: summarise(state, end, this.options.version), failure: state.failure };
    } finally {
      observer.stop();
      clearTimeout(this.timer);
      await Promise.all([this.shard?.close(), this.impairing.close()]);
    }
  }

  /** Ends the run because the user wants it: no further call, every call hung up. */
  stop(): void {
    const { state } = this;
    if (state.phase === 'done' || state.interrupted) return;
    state.interrupted = true;
    this.observer.note('warn', 'stopping: hanging up every call');
    this.hangUpAll();
  }

  get paused(): boolean {
    return this.state.paused;
  }

  /** While it is paused, calls that come get 503. */
  setPaused(paused: boolean): void {
    const { state } = this;
    if (state.phase !== 'running') return;
    state.paused = paused;
    this.observer.note('info', paused ? 'paused: calls that come get 503' : 'resumed');
    this.shard?.send({ kind: 'pause', paused });
  }

  /** As `Run.nextNetwork`. */
  nextNetwork(): void {
    this.impairing.nextNetwork();
  }

  private open(): Promise<Ready> {
    const { profile, advertise, plan } = this.options;
    const { address, port } = this.at;
    checkFamily(address, { '--advertise': advertise });
    return new Promise((resolve, reject) => {
      this.shard = new Shard(
        {
          name: NAME,
          signalling: {
            role: { kind: 'trunk', impairment: impairmentsOf(profile.impairment) },
            profile,
            network: { address, sipPort: port, advertise },
          },
          media: mediaSetup('trunk', profile, plan, address, wholeSpan(profile.media.rtpPorts)),
        },
        {
          onEvent: (event) => (event.kind === 'ready' ? resolve(event) : this.onEvent(event)),
          onFailed: (error) => {
            reject(error);
            this.fail(error);
          },
          onOutput: (text) => this.observer.note('warn', text.trim().split('\n')[0]),
          onPackets: this.options.onPackets,
        },
      );
    });
  }

  /** Takes no further call; those that are up run out. */
  private close(): void {
    const { state, spec } = this;
    if (state.phase !== 'running') return;
    state.phase = 'draining';
    this.observer.note('info', 'no further call is taken; calls run out');
    this.shard?.send({ kind: 'pause', paused: true });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hangUpAll(), spec.runOut);
  }

  /** BYE, or 480, to every call; the run ends when that is done, or when it takes too long. */
  private hangUpAll(): void {
    const { state, shard } = this;
    if (state.phase === 'starting' || state.phase === 'stopping' || state.phase === 'done') return;
    state.phase = 'stopping';
    clearTimeout(this.timer);
    if (!shard?.signallingAlive) {
      this.end();
      return;
    }
    shard.send({ kind: 'stop' });
    this.timer = setTimeout(() => this.end(), STOP_PATIENCE_MS);
  }

  private onEvent(event: Exclude<ShardEvent, Ready>): void {
    const { state, observer } = this;
    const now = systemClock.now();
    state.gates.read(state.elapsedMs(now));
    switch (event.kind) {
      case 'records':
        for (const record of event.records) this.take(record);
        break;
      case 'pulse':
        observer.strain(NAME, event.pulse, now);
        this.onPulse(event.pulse, now);
        break;
      case 'media':
        observer.mediaStrain(NAME, event.snapshot, now);
        state.swarmMedia = event.snapshot;
        break;
      case 'log':
        observer.note(event.level, event.text);
        break;
      case 'done':
        this.end();
        break;
      case 'registered':
      case 'failed':
        break;
      default:
        event satisfies never;
    }
  }

  private onPulse(pulse: Pulse, nowMs: number): void {
    const { state } = this;
    const intake = pulse.trunk!.intake!;
    // Our side of the calls is the trunk: what its server counts is told once.
    state.swarmPulse = { ...pulse, attempted: pulse.trunk!.admitted };
    state.trunkPulse = { ...pulse, sip: null };
    state.concurrency.note(nowMs, pulse.inProgress);
    this.observer.rate(nowMs, intake.received, intake.received);
    if (state.phase === 'running' && intake.received - intake.refusedLate >= (this.spec.calls ?? Infinity))
      this.close();
    if (state.phase === 'draining' && pulse.up === 0) this.hangUpAll();
  }

  private take(record: CallRecord): void {
    const { state } = this;
    if (record.fault) state.faults[record.fault] = (state.faults[record.fault] ?? 0) + 1;
    record.caller = callerHeard(record) ?? undefined;
    delete record.machine;
    joinMedia(record, null);
    for (const response of record.turns?.responses ?? []) response.inProgress = state.concurrency.at(response.atMs);
    rebase(record, state.startMs);
    state.metrics.add(record);
    state.inbound!.add(record);
    for (const { level, text } of noteworthy(record, state.metrics.responses)) this.observer.note(level, text);
    this.options.onRecord(record);
  }

  /** Why there are no figures; `null` where a call was taken. */
  private nothingCame(): AppError | null {
    const trunk = this.state.trunkPulse?.trunk;
    if (trunk && trunk.admitted > 0) return null;
    const received = trunk?.intake?.received ?? 0;
    return new AppError('NO_CALL', 'No call was taken: nothing was measured', {
      where: this.state.target,
      found: received === 0 ? `no INVITE within ${this.spec.for / 1000} s` : `${received} INVITEs, all of them refused`,
      hint:
        received === 0
          ? 'Check that the caller is given this address and port, and can reach it; `inbound.for` says how long calls are waited for.'
          : 'They were refused by limits of `trunk` or by its script: raise `trunk.channels` and `trunk.cps`.',
    });
  }

  /** The run cannot go on: hangs up what can be hung up, so that what was measured is reported. */
  private fail(error: AppError): void {
    const { state } = this;
    if (state.failure === null) {
      state.failure = error;
      this.observer.note('error', error.message.split('\n')[0]);
    }
    this.hangUpAll();
  }
}
