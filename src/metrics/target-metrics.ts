import type { CallRecord, CallTry } from './call-record.js';
import { isRefusal } from './exhaustion.js';
import type { TargetSummary } from './failover-summary.js';

/** What each target did with the tries that it got: an attempt is one try of each target that it went to. */
export class TargetMetrics {
  private readonly targets = new Map<string, TargetSummary>();

  /** @param refusalStatuses which statuses mean "full"; the profile's list. */
  constructor(private readonly refusalStatuses?: ReadonlySet<number>) {}

  add(record: CallRecord): void {
    const { tries, trunk, outcome } = record;
    for (const [i, one] of tries.entries()) {
      // Servers of one name are one target: the last of them tells.
      const name = targetOf(one);
      if (name !== trunk && (i === tries.length - 1 || targetOf(tries[i + 1]) !== name)) this.fail(name, one, null);
    }
    const target = this.of(trunk);
    if (record.answeredMs !== null) {
      target.attempted++;
      target.answered++;
      if (outcome === 'dropped') target.dropped++;
    } else if (outcome === 'failed') this.fail(trunk, record, record.q850);
    else target.attempted++;
  }

  private fail(name: string, { status, cause }: Pick<CallTry, 'status' | 'cause'>, q850: number | null): void {
    const target = this.of(name);
    target.attempted++;
    target.failed++;
    if (isRefusal(status, q850, cause, this.refusalStatuses)) target.refused++;
    if (cause === 'timeout') target.timedOut++;
    if (cause === 'transport') target.unreachable++;
  }

  private of(target: string): TargetSummary {
    let found = this.targets.get(target);
    if (!found) {
      found = { target, attempted: 0, answered: 0, refused: 0, failed: 0, timedOut: 0, unreachable: 0, dropped: 0 };
      this.targets.set(target, found);
    }
    return found;
  }

  /** In the order of `names`, then as they came. */
  summary(names: readonly string[] = []): TargetSummary[] {
    for (const name of names) this.of(name);
    const place = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length);
    return [...this.targets.values()].map((one) => ({ ...one })).sort((a, b) => place(a.target) - place(b.target));
  }
}

/** The target that a try was of. */
export function targetOf({ trunk, target }: CallTry): string {
  return target ?? trunk;
}
