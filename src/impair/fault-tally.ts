/** How often the faults of one kind acted on a direction. */
export class FaultTally {
  count = 0;
}

/** The tallies of a direction, by kind of fault. They outlive a change of its stages. */
export class FaultTallies {
  private readonly byKind = new Map<string, FaultTally>();

  of(kind: string): FaultTally {
    let tally = this.byKind.get(kind);
    if (!tally) {
      tally = new FaultTally();
      this.byKind.set(kind, tally);
    }
    return tally;
  }

  snapshot(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [kind, { count }] of this.byKind) counts[kind] = count;
    return counts;
  }
}
