import type { CallRecord } from '../metrics/call-record.js';
import { FailoverMetrics } from '../metrics/failover-metrics.js';
import type { FailoverSummary } from '../metrics/failover-summary.js';
import type { Outage } from '../metrics/outage.js';
import type { TargetSnapshot } from '../metrics/snapshot.js';
import type { TargetMetrics } from '../metrics/target-metrics.js';
import { GroupDns, type GroupDnsOptions } from '../swarm/group-dns.js';
import { type GroupServers, ServerBook } from '../swarm/group-servers.js';
import type { GroupReport, GroupRole } from '../swarm/group-watch.js';

const SETTLE_MS = 60_000;

/** All that is known of a trunk group while a run goes. */
export class GroupState {
  /** Which servers the DNS has named. */
  readonly book: ServerBook;
  private readonly failover: FailoverMetrics;
  private dns: GroupDns | null = null;
  private settledMs = 0;

  constructor(
    readonly role: GroupRole,
    refusals: ReadonlySet<number>,
  ) {
    this.book = new ServerBook(role.targets);
    const { statuses, keepalive } = role.failover;
    this.failover = new FailoverMetrics(this.book.names, new Set(statuses), refusals, keepalive !== undefined);
  }

  /** Asks the DNS where the targets' names lead, before the first call and for as long as the run goes. */
  async resolve(
    options: Pick<GroupDnsOptions, 'dns' | 'reach' | 'onLog'>,
    onChange: (servers: GroupServers) => void,
  ): Promise<void> {
    const { role, book } = this;
    const changed = (): void => {
      role.servers = book.servers;
      onChange(book.servers);
    };
    this.dns = new GroupDns({ ...options, targets: role.targets, book, onChange: changed });
    await this.dns.open();
  }

  close(): void {
    this.dns?.close();
  }

  /** Names of the targets, of which some are servers that the name of one leads to. */
  get names(): string[] {
    return this.book.members().map(({ trunk }) => trunk);
  }

  /** Takes an attempt that is over, its times from the start of the run. */
  add(record: CallRecord): void {
    this.failover.add(record);
  }

  /** @param startMs and `endMs` of the run, on the machine's clock */
  summary(report: GroupReport | null, startMs: number, endMs: number): FailoverSummary {
    return this.failover.summary(outagesFrom(report, startMs), endMs - startMs);
  }

  /** Once a minute, forgets what can have been hit by no further outage. */
  settle(report: GroupReport | null, startMs: number, nowMs: number): void {
    const { noResponseMs, keepalive } = this.role.failover;
    if (!keepalive || !report || nowMs < this.settledMs + SETTLE_MS) return;
    this.settledMs = nowMs;
    // A target that fails is down by then, and all that was sent to it before has failed.
    const unknownMs = (keepalive.failures + 2) * keepalive.every + noResponseMs + SETTLE_MS;
    this.failover.settle(outagesFrom(report, startMs), nowMs - startMs - unknownMs);
  }

  /** @param answered calls so far, by target; those that are up included */
  snapshot(
    report: GroupReport | null,
    metrics: TargetMetrics,
    answered: Readonly<Record<string, number>>,
  ): TargetSnapshot[] {
    const figures = new Map(metrics.summary(this.names).map((one) => [one.target, one]));
    return this.book.members().map(({ trunk: target, slot, isGone }) => {
      const { failed, refused, dropped } = figures.get(target)!;
      const health = report?.targets[slot];
      const state = isGone ? 'gone' : health?.isUp === false ? 'down' : health?.isLeftAlone ? 'left alone' : 'up';
      return { target, state, answered: answered[target] ?? 0, failed, refused, dropped };
    });
  }
}

/** The outages, their moments from the start of the run. */
function outagesFrom(report: GroupReport | null, startMs: number): Outage[] {
  const maybe = (ms: number | null): number | null => (ms === null ? null : ms - startMs);
  return (report?.outages ?? []).map(({ target, sinceMs, downMs, backMs, upMs, firstCallMs }) => ({
    target,
    sinceMs: sinceMs - startMs,
    downMs: downMs - startMs,
    backMs: maybe(backMs),
    upMs: maybe(upMs),
    firstCallMs: maybe(firstCallMs),
  }));
}
