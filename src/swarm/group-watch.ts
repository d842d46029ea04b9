import type { Clock } from '../core/clock.js';
import { guard } from '../drachtio/guard.js';
import type { SrfApp, SrfRequest, SrfResult } from '../drachtio/srf-types.js';
import { isLocal } from '../flow/final-response.js';
import type { Outage } from '../metrics/outage.js';
import type { FailoverSpec } from './group-spec.js';
import { Keepalives } from './keepalives.js';
import { type GroupTarget, TargetGroup, uriAt } from './target-group.js';
import { TargetHealth } from './target-health.js';

/** A group of targets, as the main thread hands it to the threads that call it. */
export interface GroupRole {
  targets: GroupTarget[];
  failover: FailoverSpec;
  health: SharedArrayBuffer;
}

/** How the targets of a group are, and what they were down for. */
export interface GroupReport {
  targets: { isUp: boolean; isLeftAlone: boolean }[];
  outages: Outage[];
}

export interface GroupWatchOptions {
  srf: SrfApp;
  clock: Clock;
  proxy: string | undefined;
  onLog(level: 'info' | 'warn', text: string): void;
  onError(error: unknown): void;
}

/** "Out of service", of whatever is asked. */
const UNAVAILABLE = 503;

/** A group of targets in one thread. The first thread of a run asks the targets how they are, and reports it for all. */
export class GroupWatch {
  readonly group: TargetGroup;
  private readonly keepalives: Keepalives | null;

  /** @param seed of the run */
  constructor(
    role: GroupRole,
    private readonly isFirst: boolean,
    seed: number,
    private readonly options: GroupWatchOptions,
  ) {
    const health = new TargetHealth(role.health);
    const { clock } = options;
    const { targets } = role;
    const { keepalive } = role.failover;
    this.group = new TargetGroup(targets, role.failover, health, clock, seed);
    this.keepalives =
      keepalive && isFirst
        ? new Keepalives({
            clock,
            keepalive,
            health,
            targets: targets.length,
            ask: (target, answered) => this.ask(targets[target], answered),
            onChange: (target, isUp) =>
              options.onLog(isUp ? 'info' : 'warn', `${targets[target].trunk} is ${isUp ? 'up again' : 'down'}`),
          })
        : null;
  }

  /** `null` of all threads but the first. */
  report(): GroupReport | null {
    if (!this.isFirst) return null;
    const { targets, health, clock } = this.group;
    const now = clock.now();
    return {
      targets: targets.map((_, i) => ({ isUp: health.isUp(i), isLeftAlone: health.leftAloneUntil(i) > now })),
      outages: this.keepalives?.report() ?? [],
    };
  }

  close(): void {
    this.keepalives?.close();
  }

  /** Sends an OPTIONS. Whatever the target answers says that it is there (RFC 3261 11), but for a 503. */
  private ask(target: GroupTarget, answered: (isAlive: boolean) => void): void {
    const { srf, proxy, onError } = this.options;
    const fail = (error: unknown): void => {
      onError(error);
      answered(false);
    };
    const onResponse = (response: SrfResult): void => {
      if (response.status >= 200) answered(response.status !== UNAVAILABLE && !isLocal(response));
    };
    const onSent = (error: unknown, request?: SrfRequest): void => {
      if (error || !request) answered(false);
      else request.on('response', guard(onResponse, fail));
    };
    const headers = { From: '<sip:trunkstorm@localhost>', Contact: '<sip:trunkstorm@localhost>' };
    srf.request(uriAt(target, ''), { method: 'OPTIONS', headers, proxy }, guard(onSent, fail));
  }
}
