import { parseSipUri } from '../sip/uri.js';
import type { RegistrationsSpec } from './registration-spec.js';

/** Host of addresses of record that have none of their own: the registrar's, without a port. */
export function domainOf({ registrar }: Pick<RegistrationsSpec, 'registrar'>): string {
  const { host } = parseSipUri(registrar)!;
  return host.includes(':') ? `[${host}]` : host;
}
