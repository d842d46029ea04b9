import type { CallRecord } from './call-record.js';
import { type Responses, resultOf } from './session-ratios.js';

/** INVITEs that came to the address of our accounts. */
export interface AccountArrivals {
  /** For an account that was registered. */
  registered: number;
  /** For one that was not, and for a user that is no account. */
  unregistered: number;
  unknown: number;
}

/** A call whose INVITE has come to an account that is registered. */
export interface CallAtAccount {
  callId: string;
  from: string;
  to: string;
  inviteMs: number;
}

/** Calls to registered accounts: which of them their proxy brought there. */
export interface AccountCallSummary {
  /** Calls to accounts that have ended. */
  offered: number;
  /** Whose INVITE came to the account that was called, registered as it was. */
  reached: number;
  /** Whose INVITE came to another account. */
  wrongAccount: number;
  /** Answered by somebody of whom the accounts know nothing. */
  unmatched: number;
  /** Neither: whose INVITE came to no account that is registered, and how those ended: status, `timeout`, `transport`. */
  notReached: number;
  responses: Responses;
  /** INVITEs that came for an account that was not registered, and for a user that is none; `null`: nobody told. */
  unregistered: number | null;
  unknown: number | null;
}

/** Calls to accounts that have ended so far. */
export type AccountCallSnapshot = Pick<AccountCallSummary, 'offered' | 'reached'>;

/** Counts calls to accounts by where they came out. Holds no record. */
export class AccountCallMetrics {
  private offered = 0;
  private reached = 0;
  private wrongAccount = 0;
  private unmatched = 0;
  private readonly responses: Responses = {};

  /** A call, joined with what the account that it came to has told. */
  add(record: CallRecord): void {
    const { reached, to, answeredMs } = record;
    this.offered++;
    if (reached === to) this.reached++;
    else if (typeof reached === 'string') this.wrongAccount++;
    else if (answeredMs !== null) this.unmatched++;
    else {
      const result = resultOf(record);
      this.responses[result] = (this.responses[result] ?? 0) + 1;
    }
  }

  snapshot(): AccountCallSnapshot {
    const { offered, reached } = this;
    return { offered, reached };
  }

  summary(arrivals: AccountArrivals | null): AccountCallSummary {
    const { offered, reached, wrongAccount, unmatched, responses } = this;
    return {
      offered,
      reached,
      wrongAccount,
      unmatched,
      notReached: offered - reached - wrongAccount - unmatched,
      responses: { ...responses },
      unregistered: arrivals?.unregistered ?? null,
      unknown: arrivals?.unknown ?? null,
    };
  }
}
