import { isIPv6 } from 'node:net';
import { systemClock } from '../core/clock.js';
import type { AppError } from '../core/errors.js';
import { impairmentsOf } from '../impair/compose.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { RegistrationResult } from '../metrics/registration-metrics.js';
import type { Summary } from '../metrics/summary.js';
import type { Strain } from '../metrics/validity.js';
import { hasOwnFarEnd, targetUris } from '../profile/targets.js';
import type { ShardEvent } from '../shard/messages.js';
import { SystemDns } from '../sip/system-dns.js';
import type { LoadStep } from '../swarm/step-pacer.js';
import { readTarget } from '../swarm/target.js';
import { Callers } from './callers.js';
import { FarEnd } from './far-end.js';
import { Impairing } from './impairing.js';
import { JoinBuffer } from './join-buffer.js';
import { checkFamily, localAddressFor } from './local-address.js';
import { noteworthy } from './noteworthy.js';
import { Observer } from './observer.js';
import { rebase } from './rebase.js';
import { Registering } from './registering.js';
import { resolveGroup } from './resolve-group.js';
import { sharedSpans, wholeSpan } from './rtp-ports.js';
import type { RunOptions } from './run-options.js';
import { RunState } from './run-state.js';
import { summarise } from './summarise.js';
import { TargetWatch } from './target-watch.js';

const MOST_RATE_FACTOR = 10;
/** The swarm hangs up within 6 s; after that it hangs itself. */
const STOP_PATIENCE_MS = 8000;
/** Until then a further step has reached every shard. */
const STEP_LEAD_MS = 100;

/** One run from profile to summary. */
export class Run {
  private readonly state: RunState;
  private swarm: Callers | null = null;
  private farEnd: FarEnd | null = null;
  private readonly join: JoinBuffer;
  private readonly observer: Observer;
  private readonly target = new TargetWatch();
  private endSwarm!: () => void;
  private readonly swarmEnded = new Promise<void>((resolve) => {
    this.endSwarm = resolve;
  });
  private stopTimer: NodeJS.Timeout | undefined;
  private readonly impairing: Impairing;
  private readonly registering: Registering | null;

  constructor(private readonly options: RunOptions) {
    const { profile, id, startedAt, plan, accounts = [] } = options;
    this.state = new RunState(profile, id, startedAt, plan, targetUris(profile), accounts.length);
    this.state.capacity = options.capacity ?? null;
    const { registrations } = profile;
    this.registering = registrations ? new Registering(registrations, accounts.length, this.state) : null;
    this.impairing = new Impairing({
      state: this.state,
      send: (command) => this.swarm?.send(command),
      onNote: (text) => this.note('info', text),
    });
    this.join = new JoinBuffer(
      hasOwnFarEnd(profile),
      (record, fault) => this.emit(record, fault),
      this.state.accountCalls ? 'came' : profile.trunk.flow === undefined ? 'answered' : 'rang',
    );
    this.observer = new Observer(this.state, {
      onView: (nowMs) => this.join.sweep(nowMs),
      onSnapshot: (snapshot) => options.onSnapshot(snapshot),
      onTimeline: (snapshot) => options.onTimeline(snapshot),
      onAbort: () => this.hangUpAll(),
    });
  }

  /**
   * Runs to the end and gives the figures. Rejects with AppError when the environment makes a run impossible; what broke
   * after the start is in `failure`, beside the figures of what ran until then.
   */
  async execute(): Promise<{ summary: Summary; failure: AppError | null }> {
    const { state, observer } = this;
    try {
      if (state.ownTrunk)
        state.targets.push(await this.openFarEnd(isIPv6(this.options.local ?? '') ? '::1' : '127.0.0.1'));
      const { profile, local, advertise } = this.options;
      const hops = profile.calls.proxy === undefined ? state.targets : [profile.calls.proxy];
      const address = await localAddressFor(hops, local, new SystemDns(profile.sip.dns));
      checkFamily(address, { '--advertise': advertise, 'media.addresses': profile.media.addresses?.[0] });
      await resolveGroup(this.options, state, address, {
        onLog: (level, text) => this.note(level, text),
        onServers: (servers) => this.swarm?.send({ kind: 'servers', servers }),
      });
      observer.start();
      if (state.accountCalls) await this.openFarEnd(address);
      await this.openSwarm(state.targets[0], address);
      await this.impairing.open();
      this.begin();
      await this.swarmEnded;
      await this.farEnd?.drain(state.accountCalls ? this.registering!.leavingMs : 0);
      observer.stop();
      this.join.flush();
      const untold = state.metrics.addUntold(state.swarmPulse?.attempted ?? 0, state.live.answered);
      if (untold > 0) this.note('warn', `${untold} calls have no record: they were not hung up in time`);
      state.phase = 'done';
      if (!state.interrupted) state.failure ??= this.target.silence(state.target);
      const end = systemClock.now();
      observer.show();
      observer.record();
      return { summary: summarise(state, end, this.options.version), failure: state.failure };
    } finally {
      observer.stop();
      clearTimeout(this.stopTimer);
      state.group?.close();
      await Promise.all([this.swarm?.close(), this.farEnd?.close(), this.impairing.close()]);
    }
  }

  /** Ends the run because the user wants it: no further attempt, every call hung up. */
  stop(): void {
    const { state } = this;
    if (state.phase === 'done' || state.interrupted) return;
    state.interrupted = true;
    this.note('warn', 'stopping: hanging up every call');
    this.hangUpAll();
  }

  /** Further load, of a run that is told its load step by step. @returns when it starts, on the run's clock */
  makeStep(step: Omit<LoadStep, 'startMs'>): number {
    const { state } = this;
    const startMs = systemClock.now() + STEP_LEAD_MS;
    state.strain.restart();
    this.swarm?.send({ kind: 'step', step: { ...step, startMs } });
    this.farEnd?.send({ kind: 'step', step: { ...step, startMs } });
    return startMs - state.startMs;
  }

  /** How hard the generator worked since the last step was made, of which so many attempts were not started. */
  strainOfStep(notStarted: number, planned: number): Strain {
    return this.state.strain.strain(notStarted, planned);
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
    const factor = Math.min(
      this.options.mostRateFactor ?? MOST_RATE_FACTOR,
      Math.max(0.1, this.state.rateFactor * (direction === 1 ? 1.1 : 1 / 1.1)),
    );
    this.state.rateFactor = Math.round(factor * 1000) / 1000;
    this.note('info', `rate × ${this.state.rateFactor.toFixed(2)}`);
    this.swarm?.send({ kind: 'rate', factor: this.state.rateFactor });
  }

  /** The next one of the named networks in place of the impairments; after the last one those of the profile again. */
  nextNetwork(): void {
    this.impairing.nextNetwork();
  }

  /** The threads are up: the run's clock starts now. */
  private begin(): void {
    const { state, registering } = this;
    state.begin(systemClock.now());
    if (state.interrupted) {
      this.hangUpAll();
      return;
    }
    if (registering) {
      registering.begin(state.startMs);
      this.registrant.send({ kind: 'register' });
    }
    if (registering?.isBeforeCalls) state.phase = 'registering';
    else this.beginCalls();
  }

  /** Every account was tried. */
  private onRegistered(): void {
    const { state } = this;
    const now = systemClock.now();
    this.registering?.end(now);
    if (state.phase !== 'registering') return;
    state.beforeCallsMs = now - state.startMs;
    state.phase = 'running';
    this.beginCalls();
  }

  private beginCalls(): void {
    const { state } = this;
    const { attempts, lastMs } = state.planned;
    const { onBegun } = this.options;
    if (attempts > 0)
      this.note('info', `calling ${state.target}: ${attempts} attempts in ${(lastMs / 1000).toFixed(0)} s`);
    this.swarm!.send({ kind: 'begin' });
    if (state.accountCalls) this.farEnd!.send({ kind: 'begin' });
    // What was asked for while the threads started.
    if (state.paused) this.swarm!.send({ kind: 'pause', paused: true });
    if (state.rateFactor !== 1) this.swarm!.send({ kind: 'rate', factor: state.rateFactor });
    this.impairing.begin();
    onBegun?.();
  }

  /** No further attempt, BYE or CANCEL to every call; the run ends when that is done, or when it takes too long. */
  hangUpAll(): void {
    const { state } = this;
    if (state.phase === 'starting' || state.phase === 'done') return;
    state.phase = 'stopping';
    if (!this.swarm?.alive) {
      this.endSwarm();
      return;
    }
    this.swarm.send({ kind: 'stop' });
    this.stopTimer ??= setTimeout(this.endSwarm, STOP_PATIENCE_MS + (this.registering?.leavingMs ?? 0));
  }

  /** Where accounts register: with those who answer, where accounts are called. */
  private get registrant(): FarEnd | Callers {
    return this.state.accountCalls ? this.farEnd! : this.swarm!;
  }

  /** Starts the run's own trunk, or the accounts that are called; resolves with its SIP URI. */
  private openFarEnd(address: string): Promise<string> {
    const { profile, plan, accounts, advertise } = this.options;
    const called = this.state.accountCalls ? { accounts, advertise } : {};
    this.farEnd = new FarEnd({
      run: { profile, plan, ...called },
      address,
      onEvent: (name, event) => this.onFarEnd(name, event),
      onFailed: (error) => this.fail(error),
      onOutput: (text) => this.note('warn', text),
    });
    return this.farEnd.ready;
  }

  private async openSwarm(target: string, address: string): Promise<void> {
    const { profile, plan, rows, accounts = [], sipPort, advertise, drachtio, shards } = this.options;
    const ports = hasOwnFarEnd(profile) ? sharedSpans(profile.media.rtpPorts).swarm : wholeSpan(profile.media.rtpPorts);
    this.swarm = new Callers({
      shards,
      ports,
      plan,
      signalling: {
        role: {
          kind: 'swarm',
          target: readTarget(target)!,
          group: this.state.group?.role ?? null,
          impairment: impairmentsOf(profile.impairment),
          rows,
          accounts,
          isStepped: this.options.onBegun !== undefined,
        },
        profile,
        network: { address, sipPort: sipPort ?? 0, advertise, drachtio },
      },
      onEvent: (name, event) => this.onSwarm(name, event),
      onRegistered: () => this.onRegistered(),
      onDone: this.endSwarm,
      onFailed: (error) => this.fail(error),
      onOutput: (text) => this.note('warn', text),
      onPackets: this.options.onPackets,
    });
    this.state.timestampSource = (await this.swarm.ready).timestampSource;
  }

  private onSwarm(name: string, event: Exclude<ShardEvent, { kind: 'ready' }>): void {
    const { state } = this;
    const now = systemClock.now();
    state.gates.read(state.elapsedMs(now));
    switch (event.kind) {
      case 'records':
        for (const answer of event.answers) state.live.add(answer);
        this.takeRegistrations(event.registrations);
        for (const record of event.records) {
          if (record.media?.recording) this.options.onRecording?.(record.id, record.media.recording);
          this.join.addCaller(record, now);
        }
        break;
      case 'pulse':
        this.observer.strain(name, event.pulse, now);
        this.onSwarmPulse(now);
        break;
      case 'media':
        this.observer.mediaStrain(name, event.snapshot, now);
        state.swarmMedia = this.swarm!.media;
        break;
      case 'log':
        this.note(event.level, event.text);
        break;
      case 'registered':
      case 'done':
      case 'failed':
        break;
      default:
        event satisfies never;
    }
  }

  private takeRegistrations(results: readonly RegistrationResult[]): void {
    for (const result of results) {
      const silence = this.registering?.take(result);
      if (silence && !this.state.interrupted) this.fail(silence);
    }
  }

  private onFarEnd(name: string, event: Exclude<ShardEvent, { kind: 'ready' | 'done' }>): void {
    const { state } = this;
    const now = systemClock.now();
    state.gates.read(state.elapsedMs(now));
    switch (event.kind) {
      case 'records':
        this.takeRegistrations(event.registrations);
        for (const call of event.atAccounts) this.join.addArrival(call);
        for (const record of event.records) this.join.addCallee(record, now);
        break;
      case 'pulse':
        this.observer.strain(name, event.pulse, now);
        state.trunkPulse = event.pulse;
        break;
      case 'media':
        this.observer.mediaStrain(name, event.snapshot, now);
        state.trunkMedia = event.snapshot;
        break;
      case 'log':
        this.note(event.level, `${name}: ${event.text}`);
        break;
      case 'registered':
        this.onRegistered();
        break;
      case 'failed':
        break;
      default:
        event satisfies never;
    }
  }

  private onSwarmPulse(nowMs: number): void {
    const { state } = this;
    const pulse = this.swarm!.pulse;
    if (!pulse) return;
    state.swarmPulse = pulse;
    state.concurrency.note(nowMs, pulse.inProgress);
    this.target.seeInProgress(pulse.peakInProgress);
    if (pulse.load)
      state.metrics.load.note(
        nowMs - state.startMs,
        pulse.attempted,
        pulse.load,
        pulse.arrivalsDoneMs !== null || state.phase !== 'running',
      );
    this.observer.rate(nowMs, pulse.attempted, pulse.attempted + pulse.notStarted);
    if (pulse.arrivalsDoneMs === null || state.phase !== 'running' || state.planned.attempts === 0) return;
    state.phase = 'draining';
    this.note('info', 'all attempts made; calls run out');
  }

  private emit(record: CallRecord, fault: string | null): void {
    const { state } = this;
    if (fault !== null) state.faults[fault] = (state.faults[fault] ?? 0) + 1;
    for (const response of record.turns?.responses ?? []) response.inProgress = state.concurrency.at(response.atMs);
    rebase(record, state.startMs);
    state.metrics.add(record);
    state.accountCalls?.add(record);
    state.group?.add(record);
    for (const { level, text } of noteworthy(record, state.metrics.responses)) this.note(level, text);
    this.options.onRecord(record);
    if (this.target.add(record) && !state.interrupted) {
      const silence = this.target.silence(state.target);
      if (silence) this.fail(silence);
    }
  }

  /** The run cannot go on: hangs up what can be hung up, so that what was measured is reported. */
  private fail(error: AppError): void {
    const { state } = this;
    if (state.failure === null) {
      state.failure = error;
      this.note('error', error.message.split('\n')[0]);
    }
    this.hangUpAll();
  }

  private note(level: 'info' | 'warn' | 'error', text: string): void {
    this.observer.note(level, text);
  }
}
