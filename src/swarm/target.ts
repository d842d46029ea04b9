import type { Destination } from '../flow/call-route.js';

/** What is called, read from a SIP URI. */
export interface SipTarget {
  scheme: string;
  user: string | null;
  /** Host, port and parameters. */
  host: string;
}

const SIP_URI = /^(sips?):(?:([^@\s<>]*)@)?((?:\[[0-9a-fA-F:.]+\]|[^@\s<>:;?[\]]+)(?::(\d{1,5}))?(?:;[^\s<>]*)?)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Reads a SIP URI without headers (RFC 3261 19.1); `null` when it is none, or its port cannot be. */
export function readTarget(uri: string): SipTarget | null {
  const match = SIP_URI.exec(uri);
  const port = Number(match?.[4] ?? 5060);
  if (!match || CONTROL.test(uri) || port < 1 || port > 65_535) return null;
  return { scheme: match[1], user: match[2] ?? null, host: match[3] };
}

/** Request-URI that calls `user` at a target. */
export function uriAt({ scheme, host }: Pick<SipTarget, 'scheme' | 'host'>, user: string): string {
  return `${scheme}:${user === '' ? '' : `${user}@`}${host}`;
}

/** Where a call to `user` goes: to the target, or by way of it to a domain that the user has. */
export function destinationAt(target: SipTarget, user: string, domain: string | null): Destination {
  const trunk = `${target.scheme}:${target.host}`;
  if (domain === null) return { uri: uriAt(target, user), proxy: undefined, trunk };
  return { uri: uriAt({ scheme: target.scheme, host: domain }, user), proxy: trunk, trunk };
}
