import type { Clock } from '../core/clock.js';
import type { Outage } from '../metrics/outage.js';
import type { FailoverSpec } from './group-spec.js';
import { KeepaliveState } from './keepalive-state.js';
import type { TargetHealth } from './target-health.js';

/** More outages than that mean a target that flaps; the first ones tell of it. */
const MOST_OUTAGES = 1000;

export interface KeepaliveOptions {
  clock: Clock;
  keepalive: NonNullable<FailoverSpec['keepalive']>;
  health: TargetHealth;
  /** Those that are asked now. */
  targets(): readonly number[];
  /** Sends an OPTIONS to a target and says, once, whether it was answered. */
  ask(target: number, answered: (isAlive: boolean) => void): void;
  /** A target was marked down or up. */
  onChange(target: number, isUp: boolean): void;
}

interface Request {
  sentMs: number;
  hasEnded: boolean;
}

/** Asks each target of a group again and again, and marks it down and up. One thread of a run does so for all. */
export class Keepalives {
  private readonly states = new Map<number, KeepaliveState>();
  private readonly outages: Outage[] = [];
  private readonly latest = new Map<number, Request>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: KeepaliveOptions) {
    this.timer = setInterval(() => this.askAll(), options.keepalive.every);
    this.askAll();
  }

  /** What targets were down for, as far as it is known now. */
  report(): Outage[] {
    const { health } = this.options;
    for (const [i, outage] of this.outages.entries()) {
      const { target, downMs, upMs } = outage;
      if (upMs === null) outage.sinceMs = Math.min(health.failingSince(target) ?? downMs, outage.sinceMs);
      else if (outage.firstCallMs === null && this.isLast(i)) outage.firstCallMs = health.firstCall(target);
    }
    return this.outages.map((outage) => ({ ...outage }));
  }

  close(): void {
    clearInterval(this.timer);
  }

  private askAll(): void {
    const targets = this.options.targets();
    for (const [target, request] of this.latest) {
      if (targets.includes(target)) continue;
      // Nobody asks it any more: what it has not answered says nothing.
      request.hasEnded = true;
      this.latest.delete(target);
    }
    for (const target of targets) this.ask(target);
  }

  private ask(target: number): void {
    const before = this.latest.get(target);
    if (before) this.end(target, before, false);
    const request: Request = { sentMs: this.options.clock.now(), hasEnded: false };
    this.latest.set(target, request);
    this.options.ask(target, (isAlive) => this.end(target, request, isAlive));
  }

  /** A request was answered, failed, or had no answer until the next one. */
  private end(target: number, request: Request, isAlive: boolean): void {
    if (request.hasEnded) return;
    request.hasEnded = true;
    const { health } = this.options;
    if (isAlive) health.served(target, request.sentMs);
    else health.failed(target, request.sentMs);
    const change = this.stateOf(target).note(isAlive, request.sentMs);
    if (change === null) return;
    if (change.isUp) this.markUp(target, change.sinceMs);
    else this.markDown(target, change.sinceMs);
    this.options.onChange(target, change.isUp);
  }

  private stateOf(target: number): KeepaliveState {
    let state = this.states.get(target);
    if (!state) {
      state = new KeepaliveState(this.options.keepalive);
      this.states.set(target, state);
    }
    return state;
  }

  private markDown(target: number, sinceMs: number): void {
    const { health, clock } = this.options;
    this.report();
    health.markDown(target);
    if (this.outages.length === MOST_OUTAGES) return;
    this.outages.push({
      target,
      sinceMs: Math.min(sinceMs, health.failingSince(target) ?? sinceMs),
      downMs: clock.now(),
      backMs: null,
      upMs: null,
      firstCallMs: null,
    });
  }

  private markUp(target: number, backMs: number): void {
    const { health, clock } = this.options;
    const outage = this.outages.findLast((one) => one.target === target);
    if (outage && outage.upMs === null) {
      this.report();
      outage.backMs = backMs;
      outage.upMs = clock.now();
    }
    health.markUp(target);
  }

  /** Whether an outage is its target's latest. */
  private isLast(index: number): boolean {
    return this.outages.findLastIndex((one) => one.target === this.outages[index].target) === index;
  }
}
