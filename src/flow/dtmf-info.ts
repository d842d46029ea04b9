import type { SrfRequest } from '../drachtio/srf-types.js';
import { digitOfEvent, eventOfDigit } from '../rtp/telephone-event.js';

/** Bodies of INFO that carry a digit. No RFC defines them; gateways and phones agree on these. */
const RELAY_TYPE = 'application/dtmf-relay';
const PLAIN_TYPE = 'application/dtmf';

export const INFO_DIGIT_TYPES = `${RELAY_TYPE}, ${PLAIN_TYPE}`;

/** How a digit is told by INFO. */
export type InfoMethod = 'info-dtmf-relay' | 'info-dtmf';

/** Headers and body of an INFO with a digit; `durationMs` is told by `application/dtmf-relay` alone. */
export function infoDigit(
  method: InfoMethod,
  digit: string,
  durationMs: number,
): { headers: { 'Content-Type': string }; body: string } {
  return method === 'info-dtmf-relay'
    ? {
        headers: { 'Content-Type': RELAY_TYPE },
        body: `Signal=${digit}\r\nDuration=${Math.round(durationMs)}\r\n`,
      }
    : { headers: { 'Content-Type': PLAIN_TYPE }, body: digit };
}

/** What an INFO says. `malformed`: a body of one of these types without a digit; `other`: of another type. */
export type InfoContent =
  | { kind: 'digit'; method: InfoMethod; digit: string; durationMs: number | null }
  /** An event that is no digit, such as a hook flash. */
  | { kind: 'event' | 'malformed' | 'empty' | 'other' };

/** Reads an INFO. Line ends may be LF, names of any case; `*` and `#` may be told as 10 and 11, A–D as 12–15. */
export function readInfo(request: Pick<SrfRequest, 'payload'>): InfoContent {
  const parts = request.payload.filter(({ content }) => content !== '');
  if (parts.length === 0) return { kind: 'empty' };
  for (const { type, content } of parts) {
    const name = type?.split(';', 1)[0].trim().toLowerCase();
    if (name === RELAY_TYPE) return readRelay(content);
    if (name === PLAIN_TYPE) return ofSignal('info-dtmf', content.trim(), null);
  }
  return { kind: 'other' };
}

function readRelay(content: string): InfoContent {
  const signal = /^[ \t]*signal[ \t]*=[ \t]*(\S+)[ \t]*\r?$/im.exec(content);
  if (!signal) return { kind: 'malformed' };
  const duration = /^[ \t]*duration[ \t]*=[ \t]*(\d{1,6})[ \t]*\r?$/im.exec(content);
  return ofSignal('info-dtmf-relay', signal[1], duration && Number(duration[1]));
}

function ofSignal(method: InfoMethod, signal: string, durationMs: number | null): InfoContent {
  const event = eventOfDigit(signal) ?? (/^1[0-6]$/.test(signal) ? Number(signal) : null);
  if (event === null) return signal === '!' ? { kind: 'event' } : { kind: 'malformed' };
  const digit = digitOfEvent(event);
  return digit === null ? { kind: 'event' } : { kind: 'digit', method, digit, durationMs };
}
