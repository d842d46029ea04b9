import type { RelayDirection, RelaySnapshot, RelayTotals } from './link/relay-messages.js';
import type { RelayedCall } from './relayed-call.js';

type Summed = Omit<RelayTotals, 'delayMeanMs' | 'delayMaxMs'> & { delaySumMs: number; delayMaxMs: number };

const NOTHING: Summed = {
  received: 0,
  sent: 0,
  blocked: 0,
  silenced: 0,
  packets: 0,
  delivered: 0,
  dropped: 0,
  duplicated: 0,
  reordered: 0,
  corrupted: 0,
  recoded: 0,
  delaySumMs: 0,
  delayMaxMs: 0,
};

/** Sums over relayed calls. */
export class RelayTally {
  private readonly directions: Record<RelayDirection, Summed>;
  private readonly ends: Pick<RelaySnapshot, 'rtcp' | 'wrongSource' | 'malformed' | 'unopened'>;

  /** @param before what is counted on from */
  constructor(before?: RelayTally) {
    const { aToB, bToA } = before?.directions ?? { aToB: NOTHING, bToA: NOTHING };
    this.directions = { aToB: { ...aToB }, bToA: { ...bToA } };
    this.ends = before ? { ...before.ends } : { rtcp: 0, wrongSource: 0, malformed: 0, unopened: 0 };
  }

  add(call: RelayedCall): void {
    const { a, b } = call.ends;
    for (const [direction, from, to] of [['aToB', a, b] as const, ['bToA', b, a] as const]) {
      const sum = this.directions[direction];
      const truth = call.truthOf(direction);
      sum.received += from.received;
      sum.sent += to.sent;
      sum.blocked += from.blockedPackets;
      sum.silenced += from.silencedPackets;
      for (const name of [
        'packets',
        'delivered',
        'dropped',
        'duplicated',
        'reordered',
        'corrupted',
        'recoded',
      ] as const)
        sum[name] += truth[name];
      sum.delaySumMs += (truth.delayMeanMs ?? 0) * truth.delivered;
      sum.delayMaxMs = Math.max(sum.delayMaxMs, truth.delayMaxMs ?? 0);
    }
    for (const end of [a, b]) {
      this.ends.rtcp += end.rtcp.received.packets;
      this.ends.wrongSource += end.wrongSource;
      this.ends.malformed += end.malformed;
      this.ends.unopened += end.unopened;
    }
  }

  totals(): Pick<RelaySnapshot, 'directions' | 'rtcp' | 'wrongSource' | 'malformed' | 'unopened'> {
    const { aToB, bToA } = this.directions;
    return { directions: { aToB: totalsOf(aToB), bToA: totalsOf(bToA) }, ...this.ends };
  }
}

function totalsOf({ delaySumMs, delayMaxMs, ...counts }: Summed): RelayTotals {
  const any = counts.delivered > 0;
  return { ...counts, delayMeanMs: any ? delaySumMs / counts.delivered : null, delayMaxMs: any ? delayMaxMs : null };
}
