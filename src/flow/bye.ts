import type { Clock } from '../core/clock.js';
import type { SrfApp, SrfDialog, SrfResult } from '../drachtio/srf-types.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { CallCredentials } from './call-credentials.js';
import type { CallScope } from './call-scope.js';
import type { Conversation } from './conversation.js';
import { isLocal } from './final-response.js';
import { requestWithin } from './request-within.js';
import { wireDelayMs } from './wire-time.js';

/**
 * How long packets that were under way when our BYE left are waited for. Its response may take 64·T1 to fail to come,
 * and silence after a BYE is no fault.
 */
const LISTEN_AFTER_BYE_MS = 1000;

/** The call that is hung up. */
export interface HangUp {
  srf: SrfApp;
  clock: Clock;
  dialog: SrfDialog;
  conversation: Conversation;
  scope: CallScope;
  record: CallRecord;
  /** Goes with the BYE, and answers a challenge of it. */
  credentials: CallCredentials | null;
}

/**
 * Hangs up (RFC 3261 15.1.1): stops sending, sends the BYE, and notes both moments and its final status.
 * @param onEnd with that response, the SIP server's own included; `null` where srf could not send the BYE
 */
export function sendBye(call: HangUp, onEnd: (response: SrfResult | null) => void): void {
  const { srf, clock, dialog, conversation, scope, record, credentials } = call;
  conversation.hush();
  scope.after(LISTEN_AFTER_BYE_MS, () => void conversation.close());
  const byeMs = clock.now();
  record.timings.byeMs = byeMs;
  let sentAt: string | undefined;
  const answered = scope.guarded((error: unknown, response?: SrfResult) => {
    sentAt ??= response?.req.stackTime;
    const final = error || !response ? null : response;
    if (final) {
      record.byeStatus = final.status;
      // A BYE that could not be delivered has no end; one that nobody answered ends with Timer F.
      if (!isLocal(final) || final.status === 408)
        record.timings.byeFinalMs = byeMs + (wireDelayMs(sentAt, final.stackTime) ?? clock.now() - byeMs);
    }
    srf.removeDialog(dialog);
    dialog.removeAllListeners();
    onEnd(final);
  });
  requestWithin(dialog, { method: 'BYE', headers: {} }, credentials, answered);
}

/**
 * 408 and 481 within a dialog mean that the far end had lost the call (RFC 3261 12.2.1.2), and so does a BYE that could not be
 * delivered to it (8.1.3.1).
 */
export function hadLostCall(response: SrfResult | null): boolean {
  return response !== null && (response.status === 408 || response.status === 481 || isLocal(response));
}
