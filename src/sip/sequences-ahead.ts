const MOST_CALLS = 1000;

/**
 * Sequence numbers that we used beyond those that the application knows of, by Call-ID: a request that is sent anew outside a dialog
 * takes the next one, from which the application's own go on (RFC 3261 8.1.3.5).
 */
export class SequencesAhead {
  private readonly used = new Map<string, number>();

  /** The number for a request of the application: its own, or the next that was not used. */
  from(callId: string, cseq: number): number {
    return Math.max(cseq, (this.used.get(callId) ?? -1) + 1);
  }

  use(callId: string, cseq: number): void {
    // Most are taken out when the request ends; an application that never tries again leaves its own here.
    if (this.used.size >= MOST_CALLS) this.used.delete(this.used.keys().next().value!);
    this.used.set(callId, cseq);
  }

  forget(callId: string): void {
    this.used.delete(callId);
  }
}
