import type { AccountArrivals } from '../metrics/account-calls.js';

/** Whether a user is one of ours, and can be called. */
export type RegistrationState = keyof AccountArrivals;

/** Accounts as callees: a call for anybody else, or for one that is not registered, is turned away and counted. */
export class RegisteredCallees {
  readonly counts: AccountArrivals = { registered: 0, unregistered: 0, unknown: 0 };

  constructor(private readonly registrationOf: (user: string) => RegistrationState) {}

  /** A call for that user came. @returns the status that it is turned away with; `null` where it is taken */
  refusal(user: string): 404 | 480 | null {
    const state = this.registrationOf(user);
    this.counts[state]++;
    switch (state) {
      case 'registered':
        return null;
      case 'unregistered':
        return 480;
      case 'unknown':
        return 404;
      default:
        return state satisfies never;
    }
  }
}
