/** Sums of shares and debts are not exact in binary. */
const EPSILON = 1e-9;

interface Claim<K> {
  /** `null`: what is left of the calls when all shares are taken off. */
  kind: K | null;
  share: number;
  dealt: number;
}

/**
 * Deals kinds to calls so that after n calls each was dealt its share of n, to within one, and so was what is left over. Nothing
 * is drawn, so small runs hold the shares too. Of those whose debt is large enough the one comes next that would be overdue
 * first (R. Tijdeman, The chairman assignment problem, 1980): with k claims no debt goes above 1 − 1/(2k − 2).
 */
export class ShareDealer<K extends string> {
  private readonly claims: Claim<K>[] = [];
  private readonly slack: number;
  private count = 0;

  /** @param shares 0–1 of each kind, 1 together at most */
  constructor(shares: Readonly<Record<K, number>>) {
    let rest = 1;
    for (const kind of Object.keys(shares) as K[]) {
      if (shares[kind] > 0) this.claims.push({ kind, share: shares[kind], dealt: 0 });
      rest -= shares[kind];
    }
    if (rest > EPSILON) this.claims.push({ kind: null, share: rest, dealt: 0 });
    this.slack = this.claims.length > 1 ? 1 / (2 * this.claims.length - 2) : 0;
  }

  /** What the next call gets; `null` for none of the kinds. */
  deal(): K | null {
    this.count++;
    let next: Claim<K> | null = null;
    let soonest = Number.POSITIVE_INFINITY;
    for (const claim of this.claims) {
      const debt = claim.share * this.count - claim.dealt;
      const dueIn = (1 - this.slack - debt) / claim.share;
      if (debt < this.slack - EPSILON || dueIn >= soonest - EPSILON) continue;
      next = claim;
      soonest = dueIn;
    }
    if (next === null) return null;
    next.dealt++;
    return next.kind;
  }
}
