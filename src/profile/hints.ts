import type { Profile } from './schema.js';
import { targetUris } from './targets.js';

/** What is no mistake in a profile, and yet better known before it is run. One line each. */
export function hintsOf(profile: Pick<Profile, 'calls' | 'target' | 'targets'>): string[] {
  const { calls } = profile;
  const hops = calls.proxy === undefined ? targetUris(profile) : [calls.proxy];
  const first = hops.find((hop) => !isOverTls(hop));
  const hints: string[] = [];
  if (calls.srtp.length > 0 && first !== undefined)
    hints.push(
      `the SRTP keys of calls.srtp go to ${first} in clear, where anyone on the way can read them; sips: or ;transport=tls keeps them secret`,
    );
  return hints;
}

function isOverTls(uri: string): boolean {
  return /^sips:/i.test(uri) || /;transport=tls(;|$)/i.test(uri);
}
