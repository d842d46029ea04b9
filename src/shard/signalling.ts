import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../core/clock.js';
import { AppError, errorMessage } from '../core/errors.js';
import { deriveSeed } from '../core/rng.js';
import { threadCpuMs } from '../core/thread-cpu.js';
import { connectEmbedded, connectExternal, type DrachtioConnection } from '../drachtio/connect.js';
import { CallTraces } from '../flow/call-traces.js';
import { inboundRecord } from '../flow/inbound-call.js';
import { Population } from '../flow/population.js';
import { probeTimes } from '../flow/probing.js';
import { sendsTones } from '../flow/steps/plan.js';
import type { Sign, Verify } from '../identity/keys.js';
import type { Impairments } from '../impair/compose.js';
import { MediaClient } from '../media/link/client.js';
import type { CallAtAccount } from '../metrics/account-calls.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Answer } from '../metrics/live-setup.js';
import type { RegistrationResult } from '../metrics/registration-metrics.js';
import { carriedBy } from '../sip/carried.js';
import { departuresCpuMs } from '../sip/departure-ring.js';
import { TimerQueue } from '../sip/timer-queue.js';
import { TraceBook } from '../sip/trace.js';
import { GroupWatch } from '../swarm/group-watch.js';
import type { Pacing } from '../swarm/pacer.js';
import { Registrations } from '../swarm/registrations.js';
import { StepPacer } from '../swarm/step-pacer.js';
import { Swarm } from '../swarm/swarm.js';
import { Trunk } from '../trunk/trunk.js';
import { calleesOf, callersOf } from './account-calls.js';
import type { ShardCommand, ShardEvent, SignallingThreadData } from './messages.js';
import { pacingOf } from './pacing.js';

const BATCH_MS = 100;
/** Records that go at once: to copy those of 100 ms would hold up what is due, and they would be moved by collections first. */
const BATCH_RECORDS = 16;
const PULSE_MS = 250;
const DELAY_RESOLUTION_MS = 5;
/** Of less the 99th percentile is but a few turns. By time and not by turns: a loop that is held up has few of them. */
const LEAST_OBSERVED_MS = 2500;
/** A call gives its far end 3 s to answer BYE or CANCEL, and its media thread 2 s to report. */
const STOP_PATIENCE_MS = 6000;

const UNIMPAIRED: Impairments = { select: undefined, uplink: [], downlink: [] };

/** The life of a signalling thread: drachtio-srf on a server, and a swarm or a trunk on top of it. */
export class Signalling {
  private readonly media: MediaClient;
  private readonly population: Population;
  private readonly loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  private readonly batch: CallRecord[] = [];
  private readonly answers: Answer[] = [];
  private readonly registrationResults: RegistrationResult[] = [];
  private readonly atAccounts: CallAtAccount[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private connection: DrachtioConnection | null = null;
  private swarm: Swarm | null = null;
  private registrations: Registrations | null = null;
  private trunk: Trunk | null = null;
  private group: GroupWatch | null = null;
  private sign: Sign | null = null;
  private verify: Verify | null = null;
  private pacer: Pacing | null = null;
  private traces: CallTraces | null = null;
  private arrivalsDoneMs: number | null = null;
  private observedFromMs = 0;
  private stopping = false;
  private finished = false;
  private closed = false;
  private toldOfPorts = false;

  constructor(
    private readonly data: SignallingThreadData,
    private readonly post: (event: ShardEvent) => void,
  ) {
    this.population = new Population(data.population);
    const { port, wake, pool } = data.media;
    this.media = new MediaClient(port, new Int32Array(wake), pool);
    this.media.onSnapshot = (snapshot) => post({ kind: 'media', snapshot });
    this.media.onFailed = (failure) => {
      const crash = failure.code === 'THREAD_CRASHED' ? `The ${data.role.kind} media thread crashed: ` : '';
      this.fail(AppError.fromMessage({ ...failure, message: `${crash}${failure.message}` }));
    };
  }

  /** Resolves when calls can be placed or taken; without a single port pair they cannot. */
  async open(): Promise<void> {
    const { network, role, profile, departures } = this.data;
    const { sip } = profile;
    const media = await this.media.ready;
    if (!media) return;
    const refusal = await this.media.firstLeases;
    if (refusal) throw AppError.fromMessage(refusal);
    await this.openIdentity();
    if (this.closed) return;
    const onFatal = (error: Error): void => this.fail(error);
    const trace = network.drachtio || sip.trace === 'none' ? undefined : new TraceBook();
    if (trace && sip.trace !== 'none') this.traces = new CallTraces(trace, sip.trace);
    const connection = network.drachtio
      ? await connectExternal({ ...network.drachtio, onFatal })
      : await connectEmbedded({
          address: network.address,
          port: network.sipPort,
          advertise: network.advertise,
          ...carriedBy(sip),
          credentials: profile.calls.credentials,
          seed: deriveSeed(profile.seed, 'dns'),
          trace,
          onFatal,
          onUnread: (startLine) => this.logUnread(startLine),
          callsOnly: true,
          departures,
        });
    if (this.closed) {
      await connection.close();
      return;
    }
    this.connection = connection;
    this.loopDelay.enable();
    this.observedFromMs = systemClock.now();
    this.timers.push(
      setInterval(() => this.flush(), BATCH_MS),
      setInterval(() => this.pulse(), PULSE_MS),
    );
    if (role.kind === 'trunk') this.openTrunk(role);
    this.post({ kind: 'ready', sip: this.connection.sip, ...media });
  }

  /** Its call is lost, and nothing else. */
  private logUnread(startLine: string): void {
    this.post({ kind: 'log', level: 'error', text: `drachtio-srf could not read a message: ${startLine}` });
  }

  handle(command: ShardCommand): void {
    switch (command.kind) {
      case 'register':
        this.openRegistrations();
        break;
      case 'begin':
        this.registrations?.calls();
        if (this.data.role.kind === 'swarm') this.openSwarm(this.data.role);
        break;
      case 'pause':
        this.swarm?.setPaused(command.paused);
        this.trunk?.setPaused(command.paused);
        break;
      case 'rate':
        this.swarm?.setFactor(command.factor);
        break;
      case 'impair':
        this.swarm?.impair(command.impairment, command.name);
        this.trunk?.impair(command.impairment, command.name);
        break;
      case 'step':
        if (this.pacer instanceof StepPacer) this.pacer.take(command.step);
        this.loopDelay.reset();
        this.observedFromMs = systemClock.now();
        break;
      case 'servers':
        if (this.data.role.kind === 'swarm' && this.data.role.group) this.data.role.group.servers = command.servers;
        this.group?.take(command.servers);
        break;
      case 'stop':
        this.stop();
        break;
      default:
        command satisfies never;
    }
  }

  private get context() {
    const { profile, network } = this.data;
    return {
      srf: this.connection!.srf,
      clock: systemClock,
      population: this.population,
      media: this.media,
      mediaSpec: profile.media,
      advertise: network.advertise,
      onError: (error: unknown) =>
        this.post({
          kind: 'log',
          level: 'error',
          text: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      onRecord: (record: CallRecord) => {
        this.traces?.settle(record);
        this.batch.push(record);
        if (this.batch.length >= BATCH_RECORDS) this.flush();
      },
    };
  }

  /** Reads the keys of STIR/SHAKEN, where calls are signed or verified: nothing of it is loaded otherwise. */
  private async openIdentity(): Promise<void> {
    const { role, profile } = this.data;
    const { identity: ofCalls } = profile.calls;
    const { identity: ofTrunk } = profile.trunk;
    if (role.kind === 'swarm' && ofCalls) {
      const { openSigner } = await import('../identity/keys.js');
      this.sign = await openSigner(ofCalls, profile.seed);
    }
    if (role.kind === 'trunk' && ofTrunk && ofTrunk.check !== 'off') {
      const { openVerifier } = await import('../identity/keys.js');
      this.verify = await openVerifier(ofTrunk);
    }
  }

  private openTrunk({
    accounts,
    impairment = UNIMPAIRED,
  }: Extract<SignallingThreadData['role'], { kind: 'trunk' }>): void {
    const { profile } = this.data;
    this.trunk = new Trunk({
      ...this.context,
      conversation: profile.trunk,
      hearsTones: profile.calls.dtmf?.method === 'inband' || sendsTones(profile.calls.flow),
      probe: probeTimes(profile, 'callee'),
      impairment,
      trunk: profile.trunk,
      overhears: profile.inbound !== undefined,
      intake: profile.inbound && { most: profile.inbound.calls },
      verify: this.verify,
      failing: this.connection!.failing,
      onScript: (text) => this.post({ kind: 'log', level: 'warn', text: `script: ${text}` }),
      registrationOf: accounts && ((user) => this.registrations?.registrationOf(user) ?? 'unknown'),
      onAtAccount: (call) => this.atAccounts.push(call),
      onRefused: (request) => {
        this.traces?.drop(request.get('call-id') ?? '');
        if (this.registrations?.registrationOf(request.calledNumber) === 'registered')
          this.batch.push(inboundRecord(-1, request, systemClock.now()));
      },
      seed: deriveSeed(profile.seed, 'trunk'),
    });
  }

  private openSwarm(role: Extract<SignallingThreadData['role'], { kind: 'swarm' }>): void {
    if (this.swarm) return;
    const { profile } = this.data;
    this.openGroup(role);
    const { departures } = this.connection!;
    this.pacer = pacingOf(profile, role, departures !== null);
    this.swarm = new Swarm({
      ...this.context,
      sign: this.sign,
      departures,
      conversation: profile.calls,
      hearsTones: profile.trunk.dtmf?.method === 'inband' || sendsTones(profile.trunk.flow),
      probe: probeTimes(profile, 'caller'),
      calls: profile.calls,
      challenges: profile.calls.credentials?.reuse ? new Map() : undefined,
      impairment: role.impairment,
      pacer: this.pacer,
      target: role.target,
      group: this.group?.group ?? null,
      rows: role.rows,
      callers: callersOf(profile, role.accounts),
      callees: calleesOf(profile, role.accounts),
      onAnswer: (answer) => {
        this.answers.push(answer);
      },
      onDone: () => this.afterCalls(),
    });
  }

  private openGroup({ group, slice }: Extract<SignallingThreadData['role'], { kind: 'swarm' }>): void {
    if (!group) return;
    const { profile } = this.data;
    const { srf, clock, onError } = this.context;
    this.group = new GroupWatch(group, slice.index === 0, profile.seed, {
      srf,
      clock,
      proxy: profile.calls.proxy,
      onLog: (level, text) => this.post({ kind: 'log', level, text }),
      onError,
    });
  }

  private openRegistrations(): void {
    const { profile, role } = this.data;
    if (this.registrations || !profile.registrations) return;
    const { srf, clock, onError } = this.context;
    this.registrations = new Registrations({
      srf,
      clock,
      queue: new TimerQueue(clock),
      spec: profile.registrations,
      accounts: role.accounts ?? [],
      slice: role.kind === 'swarm' ? role.slice : { index: 0, of: 1 },
      seed: profile.seed,
      onResult: (result) => {
        this.registrationResults.push(result);
      },
      onTried: () => {
        this.flush();
        this.post({ kind: 'registered' });
      },
      onEnd: () => void this.finish(),
      onError,
    });
    this.registrations.start();
  }

  /** The plan is over and no call is up: accounts are taken off, without any load after the time that they are to stay. */
  private afterCalls(): void {
    const { load, registrations } = this.data.profile;
    if (!this.registrations) void this.finish();
    else if (this.stopping || load.length > 0) this.registrations.stop();
    else this.timers.push(setTimeout(() => this.registrations?.stop(), registrations?.hold ?? 0));
  }

  /** Ends every call; what has not ended in time is left to the far end's own timers. */
  private stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.swarm?.stop();
    this.trunk?.stop();
    if (!this.swarm && (!this.trunk || this.trunk.up === 0)) {
      this.afterCalls();
      return;
    }
    const deadline = systemClock.now() + STOP_PATIENCE_MS;
    this.timers.push(
      setInterval(() => {
        const up = (this.swarm?.up ?? 0) + (this.trunk?.up ?? 0);
        if (up === 0 || systemClock.now() > deadline) this.afterCalls();
      }, 20),
    );
  }

  /** Hands over what is left, the totals of the last second too. */
  private async finish(): Promise<void> {
    if (this.finished) return;
    this.finished = true;
    await this.media.takeSnapshot();
    this.flush();
    this.pulse();
    this.post({ kind: 'done' });
  }

  /** Closes the server and the media thread; the thread can end then. */
  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.group?.close();
    this.registrations?.close();
    this.loopDelay.disable();
    await this.connection?.close();
    await this.media.stop();
  }

  private flush(): void {
    const { batch, answers, registrationResults: registrations, atAccounts } = this;
    if (batch.length + answers.length + registrations.length + atAccounts.length === 0) return;
    this.post({
      kind: 'records',
      records: batch.splice(0),
      answers: answers.splice(0),
      registrations: registrations.splice(0),
      atAccounts: atAccounts.splice(0),
    });
  }

  private pulse(): void {
    const { population, pacer } = this;
    if (pacer?.done && this.arrivalsDoneMs === null) this.arrivalsDoneMs = systemClock.now();
    if (pacer && pacer.notStarted > 0) this.tellOfPorts();
    const sip = this.connection?.stats() ?? null;
    const delayMs = (ns: number): number => Math.max(0, ns / 1e6 - DELAY_RESOLUTION_MS);
    this.post({
      kind: 'pulse',
      pulse: {
        attempted: this.swarm?.attempted ?? 0,
        notStarted: pacer?.notStarted ?? 0,
        up: (this.swarm?.up ?? 0) + (this.trunk?.up ?? 0),
        inProgress: population.inProgress,
        established: population.established,
        peakInProgress: population.peakInProgress,
        peakEstablished: population.peakEstablished,
        load: pacer?.counts ? { ...pacer.counts, carriedMs: population.carriedMs } : null,
        arrivalsDoneMs: this.arrivalsDoneMs,
        trunk: this.trunk?.counts ?? null,
        group: this.group?.report() ?? null,
        sip: sip && { ...sip, traces: this.traces && { kept: this.traces.kept, leftOut: this.traces.leftOut } },
        eventLoopDelayMs:
          this.loopDelay.count > 0
            ? {
                p99: delayMs(this.loopDelay.percentile(99)),
                max: delayMs(this.loopDelay.max),
                isBrief: systemClock.now() - this.observedFromMs < LEAST_OBSERVED_MS,
              }
            : null,
        cpuMs: threadCpuMs(),
        departuresCpuMs: departuresCpuMs(this.data.departures),
      },
    });
  }

  /** Says once why attempts could not start, where ports were the reason. */
  private tellOfPorts(): void {
    const { exhausted } = this.media;
    if (this.toldOfPorts || !exhausted) return;
    this.toldOfPorts = true;
    this.post({ kind: 'log', level: 'warn', text: `${exhausted.message}: ${exhausted.detail.where}` });
  }

  fail(error: unknown): void {
    this.post({ kind: 'failed', ...errorMessage(error) });
  }
}
