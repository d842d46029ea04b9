import type { Profile } from '../profile/schema.js';
import type { Account } from '../swarm/account-file.js';
import { domainOf } from '../swarm/registrar-domain.js';
import { credentialsOf } from '../swarm/registration.js';
import type { Callee, Caller } from '../swarm/swarm.js';

/** The accounts as callers, where the profile has them call. */
export function callersOf({ calls, registrations }: Profile, accounts: readonly Account[]): Caller[] {
  if (!calls.byAccounts || !registrations) return [];
  return accounts.map((account) => ({
    user: account.user,
    domain: account.domain ?? domainOf(registrations),
    credentials: credentialsOf(account),
  }));
}

/** The accounts as those who are called, where the profile has that. */
export function calleesOf({ calls }: Profile, accounts: readonly Account[]): readonly Callee[] {
  return calls.toAccounts ? accounts : [];
}
