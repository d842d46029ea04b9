import { splitList, uriOf } from '../sip/header-values.js';
import { parseSipUri } from '../sip/uri.js';

/** `tel:` URI (RFC 3966); parameters of the number are left out. */
const TEL = /^tel:([^;]+)/i;

/** Value of a header, by its name in lower case. */
type HeaderOf = (name: string) => string | undefined;

/** The number that a URI names, as it is written; `null` where it names none. */
export function numberOf(uri: string): string | null {
  const tel = TEL.exec(uri);
  const user = tel ? tel[1] : (parseSipUri(uri)?.user ?? null);
  return user === null || user === '' || /^anonymous$/i.test(user) ? null : user.split(';')[0];
}

/** The caller's number: that of P-Asserted-Identity (RFC 3325), or else that of From; `null` where neither has one. */
export function callerNumber(header: HeaderOf): string | null {
  const asserted = header('p-asserted-identity');
  if (asserted !== undefined) {
    for (const value of splitList(asserted)) {
      const number = numberOf(uriOf(value));
      if (number !== null) return number;
    }
  }
  const from = header('from');
  return from === undefined ? null : numberOf(uriOf(from));
}

/** The number of To; `null` where there is none. */
export function calledNumber(header: HeaderOf): string | null {
  const to = header('to');
  return to === undefined ? null : numberOf(uriOf(to));
}

/** A number as a PASSporT has it (RFC 8224 8.3): digits, `*` and `#`; `null` where that is not all but a plus and separators. */
export function canonical(number: string): string | null {
  const bare = number.replace(/^\+/, '').replace(/[-.() ]/g, '');
  return /^[0-9*#]+$/.test(bare) ? bare : null;
}
