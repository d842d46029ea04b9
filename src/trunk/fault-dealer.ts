import type { Fault, TrunkSpec } from './spec.js';

const FAULTS: readonly Fault[] = ['noRtp', 'silence', 'wrongCodec', 'ignoreDtmf', 'drop'];

/**
 * Deals faults to answered calls so that after n calls each fault was dealt its share of n, to within one: the call
 * that brings a fault's claim to the largest debt gets it. Nothing is drawn, so small runs hold the shares too.
 */
export class FaultDealer {
  private readonly debts = new Map<Fault, number>();

  constructor(private readonly shares: TrunkSpec['faults']) {
    // Claims start half paid: the first faulty call comes in the middle of its interval, not at its end.
    for (const fault of FAULTS) this.debts.set(fault, 0.5 * Math.min(1, shares[fault] > 0 ? 1 : 0));
  }

  /** The fault of the next answered call; `null` for a good call. */
  deal(): Fault | null {
    let worst: Fault | null = null;
    for (const fault of FAULTS) {
      if (this.shares[fault] === 0) continue;
      const debt = this.debts.get(fault)! + this.shares[fault];
      this.debts.set(fault, debt);
      if (debt >= 1 && (worst === null || debt > this.debts.get(worst)!)) worst = fault;
    }
    if (worst !== null) this.debts.set(worst, this.debts.get(worst)! - 1);
    return worst;
  }
}
