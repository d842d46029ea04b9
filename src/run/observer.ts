import { systemClock } from '../core/clock.js';
import { threadCpuMs } from '../core/thread-cpu.js';
import type { MediaSnapshot } from '../media/link/messages.js';
import type { LogLine, Snapshot } from '../metrics/snapshot.js';
import type { Pulse } from '../shard/messages.js';
import { composeSnapshot, RateMeter } from './compose-snapshot.js';
import type { RunState } from './run-state.js';
import { SetupMeter } from './setup-meter.js';

const VIEW_MS = 250;
const TIMELINE_MS = 1000;

export interface ObserverOptions {
  /** Before each view. */
  onView?(nowMs: number): void;
  onSnapshot(snapshot: Snapshot): void;
  onTimeline(snapshot: Snapshot): void;
  /** A gate over sliding windows says that the run is to end. */
  onAbort(): void;
}

/** What is shown of a run while it goes, and kept of it second by second; its sliding windows are judged on the way. */
export class Observer {
  private readonly meter = new RateMeter();
  private readonly setups = new SetupMeter();
  private readonly timers: NodeJS.Timeout[] = [];
  private timelineNotes = 0;

  constructor(
    private readonly state: RunState,
    private readonly options: ObserverOptions,
  ) {}

  start(): void {
    this.timers.push(
      setInterval(() => this.show(), VIEW_MS),
      setInterval(() => this.record(), TIMELINE_MS),
    );
  }

  /** Idempotent. */
  stop(): void {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
  }

  note(level: LogLine['level'], text: string): void {
    this.state.note(systemClock.now(), level, text);
  }

  /** Attempts so far, and those that were due by now. */
  rate(nowMs: number, attempted: number, due: number): void {
    this.meter.add(nowMs, attempted, due);
  }

  strain(name: string, { cpuMs, departuresCpuMs, eventLoopDelayMs }: Pulse, nowMs: number): void {
    this.state.strain.cpu(`${name} signalling`, cpuMs, nowMs);
    this.state.strain.cpu(`${name} departures`, departuresCpuMs, nowMs);
    this.state.strain.loopDelay(name, eventLoopDelayMs);
  }

  mediaStrain(name: string, { health }: MediaSnapshot, nowMs: number): void {
    this.state.strain.cpu(`${name} media`, health.cpuMs, nowMs);
    this.state.strain.media(name, health);
  }

  show(): void {
    const { state } = this;
    const now = systemClock.now();
    state.gates.read(state.elapsedMs(now));
    this.options.onView?.(now);
    this.options.onSnapshot(composeSnapshot(state, now, this.meter));
  }

  /** A line of the timeline, whose times count from the run's start. */
  record(): void {
    const { state } = this;
    if (state.phase === 'starting') return;
    const now = systemClock.now();
    state.strain.cpu('main', threadCpuMs(), now);
    if (state.phase === 'running') state.metrics.trend.addMemory(state.elapsedMs(now), process.memoryUsage.rss());
    state.group?.settle(state.swarmPulse?.group ?? null, state.startMs, now);
    this.judgeWindows(now);
    const snapshot = composeSnapshot(state, now, this.meter);
    // Each line of the timeline carries the log since the line before.
    const fresh = Math.min(state.log.length, state.logged - this.timelineNotes);
    this.timelineNotes = state.logged;
    const setupRatio = this.setups.next(snapshot.calls);
    this.options.onTimeline({ ...snapshot, setupRatio, log: fresh === 0 ? [] : snapshot.log.slice(-fresh) });
  }

  /** Gates over sliding windows, while accounts register and calls come and go by the plan; one of them may end the run. */
  private judgeWindows(nowMs: number): void {
    const { state } = this;
    if (state.phase !== 'registering' && state.phase !== 'running' && state.phase !== 'draining') return;
    const trips = state.gates.advance(state.elapsedMs(nowMs));
    for (const { text } of trips) this.note('error', text);
    if (!trips.some(({ aborts }) => aborts)) return;
    this.note('error', 'stopping, as the gate says: hanging up every call');
    this.options.onAbort();
  }
}
