import type { Attestation, IdentityRefusal, Verdict } from '../identity/passport.js';

/** Calls by what their Identity header was worth. */
export interface IdentityCounts {
  /** Verified, by attestation. */
  verified: Record<Attestation, number>;
  /** Taken without one. */
  missing: number;
  /** By the status that they got. */
  refused: Partial<Record<IdentityRefusal, number>>;
}

/** The final responses to a call whose identity cannot be taken (RFC 8224 6.2.2). */
export const IDENTITY_REFUSALS: Readonly<Record<IdentityRefusal, string>> = {
  403: 'Stale Date',
  428: 'Use Identity Header',
  436: 'Bad Identity Info',
  437: 'Unsupported Credential',
  438: 'Invalid Identity Header',
};

/** What a trunk makes of verified, wrong and missing Identity headers. */
export class Identities {
  private readonly verified = { A: 0, B: 0, C: 0 };
  private readonly refused: Partial<Record<IdentityRefusal, number>> = {};
  private missing = 0;

  /** @param isRequired whether a call without one is refused */
  constructor(private readonly isRequired: boolean) {}

  /** What a call is refused with; `null` when it is taken. */
  judge(verdict: Verdict): IdentityRefusal | null {
    if (verdict === 'missing') {
      if (this.isRequired) return this.refuse(428);
      this.missing++;
      return null;
    }
    if ('refusal' in verdict) return this.refuse(verdict.refusal);
    this.verified[verdict.attest]++;
    return null;
  }

  snapshot(): IdentityCounts {
    return { verified: { ...this.verified }, missing: this.missing, refused: { ...this.refused } };
  }

  private refuse(status: IdentityRefusal): IdentityRefusal {
    this.refused[status] = (this.refused[status] ?? 0) + 1;
    return status;
  }
}
