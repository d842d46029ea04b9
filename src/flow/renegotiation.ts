import type { CodecName } from '../core/codecs.js';
import type { SrfDialog, SrfRequest, SrfResponder, SrfResult } from '../drachtio/srf-types.js';
import type { Mismatch } from '../sdp/negotiation.js';
import type { CallCredentials } from './call-credentials.js';
import type { CallScope } from './call-scope.js';
import type { Conversation } from './conversation.js';
import { requestWithin } from './request-within.js';

export interface RenegotiationOptions {
  dialog: SrfDialog;
  conversation: Conversation;
  /** Our offer went out with the 200 to the INVITE: the answer comes with its ACK (RFC 3261 13.2.1). */
  awaitsAnswer: boolean;
  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void;
  /** The answer to the offer in our first 200 is of no use. */
  onMismatch(mismatch: Mismatch): void;
  /** Answers a REFER. */
  onRefer?(refer: SrfRequest, response: SrfResponder): void;
}

/**
 * Follows the far end's re-INVITEs and UPDATEs (RFC 3261 14.2, RFC 3311 5.2): an offer is answered, 488 when there is
 * nothing in it that we speak, and then all stays as it was; a re-INVITE without an offer gets ours, and the answer comes
 * with the ACK. A REFER is declined unless somebody takes it.
 */
export function followRenegotiation(options: RenegotiationOptions): void {
  const { dialog, conversation, guarded } = options;
  let isFirst = options.awaitsAnswer;
  let awaitsAnswer = options.awaitsAnswer;

  const onOffer = (request: SrfRequest, response: SrfResponder): void => {
    const answer = conversation.answer(request.body);
    if (answer === null) {
      response.send(488);
      return;
    }
    dialog.local.sdp = answer;
    conversation.talk(true);
    response.send(200, { body: answer });
  };
  dialog.on(
    'modify',
    guarded((request: SrfRequest, response: SrfResponder) => {
      if (request.body !== '') {
        onOffer(request, response);
        return;
      }
      awaitsAnswer = true;
      dialog.local.sdp = conversation.offer();
      response.send(200, { body: dialog.local.sdp });
    }),
  );
  dialog.on(
    'update',
    guarded((request: SrfRequest, response: SrfResponder) => {
      if (request.body !== '') onOffer(request, response);
      else response.send(200);
    }),
  );
  // srf would accept it and do nothing (RFC 3515 2.4.2).
  dialog.on('refer', guarded(options.onRefer ?? ((_refer: SrfRequest, response: SrfResponder) => response.send(603))));
  dialog.on(
    'ack',
    guarded((ack: SrfRequest) => {
      if (!awaitsAnswer) return;
      awaitsAnswer = false;
      const mismatch = conversation.takeAnswer(ack.body, true);
      if (mismatch !== null && isFirst) options.onMismatch(mismatch);
      isFirst = false;
    }),
  );
}

/** What of our description a re-INVITE changes. */
export interface Renegotiation {
  /** Whether the far end is held (RFC 3264 8.4). */
  hold?: boolean;
  /** What is offered from now on. */
  codecs?: readonly CodecName[];
}

/**
 * Changes the session by a re-INVITE, or with no change refreshes it. Where that is refused all stays as it was (RFC 3261 14.1).
 * One at a time for each dialog. @returns the final response, and why its answer is of no use @throws where srf cannot send it
 */
export async function renegotiate(
  dialog: SrfDialog,
  conversation: Conversation,
  change: Renegotiation,
  credentials: CallCredentials | null = null,
): Promise<{ status: number; reason: string; mismatch: string | null }> {
  const { hold, codecs } = change;
  if (hold !== undefined) conversation.hold(hold);
  const before = codecs === undefined ? null : conversation.choose(codecs);
  const offer = conversation.offer();
  const { status, reason, body } = await reinvite(dialog, offer, credentials);
  if (status >= 300) {
    if (hold !== undefined) conversation.hold(!hold);
    if (codecs !== undefined) conversation.choose(before);
    return { status, reason, mismatch: null };
  }
  dialog.local.sdp = offer;
  return { status, reason, mismatch: conversation.takeAnswer(body, true)?.reason ?? null };
}

/** Puts the far end on hold, or takes it back. @returns the final status @throws where srf cannot send it */
export async function putOnHold(
  dialog: SrfDialog,
  conversation: Conversation,
  isHeld: boolean,
  credentials: CallCredentials | null = null,
): Promise<number> {
  return (await renegotiate(dialog, conversation, { hold: isHeld }, credentials)).status;
}

/** Puts the far end on hold after some time, and takes it back, one re-INVITE after the other. One that refuses stays as it is. */
export function holdForAWhile(
  pause: { after: number; for: number },
  call: {
    dialog: SrfDialog;
    conversation: Conversation;
    credentials: CallCredentials | null;
    scope: CallScope;
    isUp(): boolean;
  },
): void {
  let holding: Promise<unknown> = Promise.resolve();
  const hold = (isHeld: boolean): void => {
    holding = holding.then(async () => {
      if (call.isUp()) await putOnHold(call.dialog, call.conversation, isHeld, call.credentials).catch(() => {});
    });
  };
  call.scope.after(pause.after, () => hold(true));
  call.scope.after(pause.after + pause.for, () => hold(false));
}

/** The final response to a re-INVITE, acknowledged. After a refusal `SrfDialog.modify` would let no further one out. */
function reinvite(dialog: SrfDialog, offer: string, credentials: CallCredentials | null): Promise<SrfResult> {
  return new Promise((resolve, reject) => {
    const request = { method: 'INVITE' as const, headers: { Contact: dialog.local.contact }, body: offer };
    requestWithin(dialog, request, credentials, (error, response) => {
      if (!response) reject(error);
      else if (response.status >= 200) resolve(response);
    });
  });
}

/** Refreshes the session by an UPDATE without a description (RFC 3311, RFC 4028 7.4). @throws where srf cannot send it */
export function update(dialog: SrfDialog, credentials: CallCredentials | null): Promise<SrfResult> {
  return new Promise((resolve, reject) => {
    const request = { method: 'UPDATE' as const, headers: { Contact: dialog.local.contact } };
    requestWithin(dialog, request, credentials, (error, response) => {
      if (!response) reject(error);
      else if (response.status >= 200) resolve(response);
    });
  });
}
