import type { Profile } from './schema.js';

/** What is no mistake in a profile, and yet better known before it is run. One line each. */
export function hintsOf({ calls, target }: Pick<Profile, 'calls' | 'target'>): string[] {
  const first = calls.proxy ?? target;
  const hints: string[] = [];
  if (calls.srtp.length > 0 && first !== undefined && !isOverTls(first))
    hints.push(
      `the SRTP keys of calls.srtp go to ${first} in clear, where anyone on the way can read them; sips: or ;transport=tls keeps them secret`,
    );
  return hints;
}

function isOverTls(uri: string): boolean {
  return /^sips:/i.test(uri) || /;transport=tls(;|$)/i.test(uri);
}
