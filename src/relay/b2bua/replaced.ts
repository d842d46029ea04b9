import { headerParam, uriOf } from '../../sip/header-values.js';
import { readReplaces } from '../../sip/replaces.js';
import type { Leg } from './leg.js';

/** A leg of a call, and the other one of the same call. */
export interface LegPair {
  leg: Leg;
  other: Leg;
}

/**
 * Replaces (RFC 3891) names a dialog as its far end has it. Through a relay that is one of two: who gets the header knows
 * the call by the other one. Values that mean no call of ours stay as they are.
 */
export function translateReplaces(value: string, pairs: Iterable<LegPair>): string {
  const found = pairMeant(value, pairs);
  if (found === null) return value;
  const { callId, remoteTag, localTag } = found.other;
  const earlyOnly = /;\s*early-only/i.test(value) ? ';early-only' : '';
  return `${callId};to-tag=${remoteTag};from-tag=${localTag}${earlyOnly}`;
}

/** The call that a Replaces value means, from the side that it names. */
export function pairMeant(value: string, pairs: Iterable<LegPair>): LegPair | null {
  const replaces = readReplaces(value);
  if (replaces === null) return null;
  for (const pair of pairs) if (pair.leg.is(replaces.callId, replaces.fromTag, replaces.toTag)) return pair;
  return null;
}

/**
 * A Refer-To value (RFC 3515 2.1) as the other side is to get it. A Replaces in it is translated where the new call will
 * not come through the relay, which would translate it then.
 * @param translateUri the URI itself, without headers
 */
export function translateReferTo(
  value: string,
  pairs: Iterable<LegPair>,
  isOwn: (uri: string) => boolean,
  translateUri: (uri: string, meant: LegPair | null) => string,
): string {
  const uri = uriOf(value);
  const [place, headers] = split(uri);
  const method = headerParam(value, 'method');
  const rest = method ? `;method=${method}` : '';
  const escaped = headers.map((header) => /^Replaces=(.*)$/i.exec(header)?.[1]).find((found) => found !== undefined);
  const replaces = escaped === undefined ? null : unescaped(escaped);
  const known = [...pairs];
  const meant = replaces === null ? null : pairMeant(replaces, known);
  const target = translateUri(place, meant);
  const written = headers.map((header) =>
    meant !== null && !isOwn(target) && /^Replaces=/i.test(header)
      ? `Replaces=${encodeURIComponent(translateReplaces(replaces!, known))}`
      : header,
  );
  const tail = written.length === 0 ? '' : `?${written.join('&')}`;
  return `<${target}${tail}>${rest}`;
}

function split(uri: string): [string, string[]] {
  const mark = uri.indexOf('?');
  return mark < 0 ? [uri, []] : [uri.slice(0, mark), uri.slice(mark + 1).split('&')];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
