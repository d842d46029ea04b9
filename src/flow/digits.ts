import type { Clock } from '../core/clock.js';
import type { SrfDialog, SrfRequest, SrfResponder, SrfResult } from '../drachtio/srf-types.js';
import type { CallCredentials } from './call-credentials.js';
import type { CallScope } from './call-scope.js';
import type { Conversation } from './conversation.js';
import { INFO_DIGIT_TYPES, infoDigit, readInfo } from './dtmf-info.js';
import type { DtmfSpec } from './dtmf-spec.js';
import { requestWithin } from './request-within.js';
import { DTMF_SOUND } from './sounds.js';
import type { StepDigits } from './steps/step.js';

/** An answered call whose digits are sent and heard. */
export interface DigitExchange {
  dialog: SrfDialog;
  conversation: Conversation;
  scope: CallScope;
  credentials: CallCredentials | null;
  clock: Clock;
  /** Whether the call is up still. */
  isUp(): boolean;
}

/**
 * Sends this side's digits when they are due, and hears those that come by INFO: others come with the media. An INFO with
 * something else than a digit is answered with 415 (RFC 6086 4.2.2), one without a body with 200.
 */
export function exchangeDigits(exchange: DigitExchange, dtmf: DtmfSpec | undefined): void {
  const { dialog, scope } = exchange;
  dialog.on(
    'info',
    scope.guarded((request: SrfRequest, response: SrfResponder) => onInfo(exchange, request, response)),
  );
  if (dtmf) scope.after(dtmf.after, () => void sendDigits(exchange, dtmf, DTMF_SOUND));
}

/**
 * Sends digits by their method. @param sound name of their tones. @returns those that went out: sent to their end, or, by
 * INFO, taken with 2xx; none where the call ends before
 */
export function sendDigits(exchange: DigitExchange, digits: StepDigits, sound: string): Promise<string> {
  const { conversation, clock } = exchange;
  const { method } = digits;
  switch (method) {
    case 'rfc4733':
      return conversation.sendDigits(digits);
    case 'inband':
      return conversation.sayDigits(digits, sound);
    case 'info-dtmf':
    case 'info-dtmf-relay':
      return new Promise((resolve) => sendInfo(exchange, digits, method, clock.now(), '', resolve));
    default:
      return method satisfies never;
  }
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
  dtmf: StepDigits,
  method: 'info-dtmf' | 'info-dtmf-relay',
  dueMs: number,
  taken: string,
  over: (taken: string) => void,
  index = 0,
): void {
  const { dialog, conversation, scope, credentials, clock } = exchange;
  const digit = dtmf.digits[index];
  const sent = { digit, method, startMs: clock.now(), durationMs: dtmf.tone, status: null as number | null };
  conversation.signalled.sent.push(sent);
  const answered = scope.guarded((_error: unknown, response?: SrfResult) => {
    sent.status = response?.status ?? null;
    const now = response && response.status < 300 ? taken + digit : taken;
    if (index + 1 === dtmf.digits.length || !exchange.isUp()) {
      over(now);
      return;
    }
    const nextMs = dueMs + dtmf.tone + dtmf.gap;
    scope.after(Math.max(0, nextMs - clock.now()), () => {
      if (exchange.isUp()) sendInfo(exchange, dtmf, method, nextMs, now, over, index + 1);
    });
  });
  requestWithin(dialog, { method: 'INFO', ...infoDigit(method, digit, dtmf.tone) }, credentials, answered);
}
