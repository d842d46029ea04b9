import type { Clock } from '../core/clock.js';
import type { SrfDialog, SrfRequest, SrfResponder, SrfResult } from '../drachtio/srf-types.js';
import type { CallCredentials } from './call-credentials.js';
import type { CallScope } from './call-scope.js';
import type { Conversation } from './conversation.js';
import { INFO_DIGIT_TYPES, infoDigit, readInfo } from './dtmf-info.js';
import type { DtmfSpec } from './dtmf-spec.js';
import { requestWithin } from './request-within.js';

/** An answered call whose digits are sent and heard. */
export interface DigitExchange {
  dialog: SrfDialog;
  conversation: Conversation;
  scope: CallScope;
  credentials: CallCredentials | null;
  clock: Clock;
  /** What this side sends. */
  dtmf: DtmfSpec | undefined;
  /** Whether the call is up still. */
  isUp(): boolean;
}

/**
 * Sends this side's digits by their method, and hears those that come by INFO: others come with the media. An INFO with
 * something else than a digit is answered with 415 (RFC 6086 4.2.2), one without a body with 200.
 */
export function exchangeDigits(exchange: DigitExchange): void {
  const { dialog, conversation, scope, dtmf } = exchange;
  dialog.on(
    'info',
    scope.guarded((request: SrfRequest, response: SrfResponder) => onInfo(exchange, request, response)),
  );
  if (!dtmf) return;
  scope.after(dtmf.after, () => {
    switch (dtmf.method) {
      case 'rfc4733':
        void conversation.sendDigits(dtmf);
        break;
      case 'inband':
        void conversation.sayDigits(dtmf);
        break;
      case 'info-dtmf':
      case 'info-dtmf-relay':
        sendInfo(exchange, dtmf, dtmf.method, 0, exchange.clock.now());
        break;
      default:
        dtmf.method satisfies never;
    }
  });
}

function onInfo({ conversation, clock }: DigitExchange, request: SrfRequest, response: SrfResponder): void {
  const info = readInfo(request);
  switch (info.kind) {
    case 'digit':
      conversation.hearInfo(info.digit, info.method, info.durationMs, clock.now());
      response.send(200);
      break;
    case 'event':
    case 'empty':
      response.send(200);
      break;
    case 'malformed':
      response.send(400);
      break;
    case 'other':
      response.send(415, { headers: { Accept: INFO_DIGIT_TYPES } });
      break;
    default:
      info satisfies never;
  }
}

/** One digit after the other: the next is due when this one and its gap are over, and waits for the answer to this one. */
function sendInfo(
  exchange: DigitExchange,
  dtmf: DtmfSpec,
  method: 'info-dtmf' | 'info-dtmf-relay',
  index: number,
  dueMs: number,
): void {
  const { dialog, conversation, scope, credentials, clock } = exchange;
  const digit = dtmf.digits[index];
  const sent = { digit, method, startMs: clock.now(), durationMs: dtmf.tone, status: null as number | null };
  conversation.signalled.sent.push(sent);
  const answered = scope.guarded((_error: unknown, response?: SrfResult) => {
    sent.status = response?.status ?? null;
    if (index + 1 === dtmf.digits.length || !exchange.isUp()) return;
    const nextMs = dueMs + dtmf.tone + dtmf.gap;
    scope.after(Math.max(0, nextMs - clock.now()), () => {
      if (exchange.isUp()) sendInfo(exchange, dtmf, method, index + 1, nextMs);
    });
  });
  requestWithin(dialog, { method: 'INFO', ...infoDigit(method, digit, dtmf.tone) }, credentials, answered);
}
