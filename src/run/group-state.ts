import type { CallRecord } from '../metrics/call-record.js';
import { FailoverMetrics } from '../metrics/failover-metrics.js';
import type { FailoverSummary } from '../metrics/failover-summary.js';
import type { TargetSnapshot } from '../metrics/snapshot.js';
import type { TargetMetrics } from '../metrics/target-metrics.js';
import { GroupDns, type GroupDnsOptions } from '../swarm/group-dns.js';
import { type GroupServers, ServerBook } from '../swarm/group-servers.js';
import type { GroupReport, GroupRole } from '../swarm/group-watch.js';

/** All that is known of a trunk group while a run goes. */
export class GroupState {
  /** Which servers the DNS has named. */
  readonly book: ServerBook;
  private readonly failover: FailoverMetrics;
  private dns: GroupDns | null = null;

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
    const from = (ms: number): number => ms - startMs;
    const maybe = (ms: number | null): number | null => (ms === null ? null : from(ms));
    const outages = (report?.outages ?? []).map(({ target, sinceMs, downMs, backMs, upMs, firstCallMs }) => ({
      target,
      sinceMs: from(sinceMs),
      downMs: from(downMs),
      backMs: maybe(backMs),
      upMs: maybe(upMs),
      firstCallMs: maybe(firstCallMs),
    }));
    return this.failover.summary(outages, from(endMs));
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
