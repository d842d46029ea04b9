import type { SrfRequest } from '../drachtio/srf-types.js';
import { splitList, uriOf } from '../sip/header-values.js';
import { parseSipUri } from '../sip/uri.js';

/** `tel:` URI (RFC 3966); parameters of the number are left out. */
const TEL = /^tel:([^;]+)/i;

/** The number that a URI names; `null` where it names none. */
function numberOf(uri: string): string | null {
  const tel = TEL.exec(uri);
  const user = tel ? tel[1] : (parseSipUri(uri)?.user ?? null);
  return user === null || user === '' || /^anonymous$/i.test(user) ? null : user.split(';')[0];
}

/** The caller's number: that of P-Asserted-Identity (RFC 3325), or else that of From; `null` where neither has one. */
export function callerNumber(request: Pick<SrfRequest, 'get'>): string | null {
  const asserted = request.get('p-asserted-identity');
  if (asserted !== undefined) {
    for (const value of splitList(asserted)) {
      const number = numberOf(uriOf(value));
      if (number !== null) return number;
    }
  }
  const from = request.get('from');
  return from === undefined ? null : numberOf(uriOf(from));
}
