import type { Clock } from '../core/clock.js';
import { guard } from '../drachtio/guard.js';
import type { SrfApp, SrfRequest, SrfResult } from '../drachtio/srf-types.js';
import { isLocal } from '../flow/final-response.js';
import type { Outage } from '../metrics/outage.js';
import type { GroupServers } from './group-servers.js';
import type { FailoverSpec } from './group-spec.js';
import type { GroupTarget } from './group-target.js';
import { Keepalives } from './keepalives.js';
import { uriAt } from './target.js';
import { type Choice, TargetGroup } from './target-group.js';
import { TargetHealth } from './target-health.js';

/** A group of targets, as the main thread hands it to the threads that call it. */
export interface GroupRole {
  targets: GroupTarget[];
  /** What the DNS said of them before the first call. */
  servers: GroupServers;
  failover: FailoverSpec;
  health: SharedArrayBuffer;
}

/** How the targets of a group and their servers are, by slot, and what they were down for. */
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
  /** So many of the health's slots are in use. */
  private slots: number;

  /** @param seed of the run */
  constructor(
    role: GroupRole,
    private readonly isFirst: boolean,
    seed: number,
    private readonly options: GroupWatchOptions,
  ) {
    const health = new TargetHealth(role.health);
    const { clock } = options;
    const { targets, servers, failover } = role;
    const { keepalive } = failover;
    this.group = new TargetGroup(targets, servers, failover, health, clock, seed);
    this.slots = targets.length;
    this.take(servers);
    this.keepalives =
      keepalive && isFirst
        ? new Keepalives({
            clock,
            keepalive,
            health,
            targets: () => this.group.members().map(({ server }) => server.slot),
            ask: (slot, answered) => this.ask(this.member(slot)!, answered),
            onChange: (slot, isUp) => this.tell(slot, isUp),
          })
        : null;
  }

  /** What the DNS says of the targets from now on. */
  take(servers: GroupServers): void {
    this.group.take(servers);
    this.slots = Math.max(this.slots, ...this.group.members().map(({ server }) => server.slot + 1));
  }

  /** `null` of all threads but the first. */
  report(): GroupReport | null {
    if (!this.isFirst) return null;
    const { health, clock } = this.group;
    const now = clock.now();
    const state = (slot: number) => ({ isUp: health.isUp(slot), isLeftAlone: health.leftAloneUntil(slot) > now });
    return {
      targets: Array.from({ length: this.slots }, (_, slot) => state(slot)),
      outages: this.keepalives?.report() ?? [],
    };
  }

  close(): void {
    this.keepalives?.close();
  }

  private member(slot: number): Choice | undefined {
    return this.group.members().find(({ server }) => server.slot === slot);
  }

  /** A server that the DNS no longer names may still answer what it was asked before. */
  private tell(slot: number, isUp: boolean): void {
    const member = this.member(slot);
    if (member) this.options.onLog(isUp ? 'info' : 'warn', `${member.server.trunk} is ${isUp ? 'up again' : 'down'}`);
  }

  /** Sends an OPTIONS. Whatever the target answers says that it is there (RFC 3261 11), but for a 503. */
  private ask({ target, server }: Choice, answered: (isAlive: boolean) => void): void {
    const { srf, onError } = this.options;
    const proxy = this.options.proxy ?? server.proxy;
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
    srf.request(uriAt(this.group.targets[target], ''), { method: 'OPTIONS', headers, proxy }, guard(onSent, fail));
  }
}
