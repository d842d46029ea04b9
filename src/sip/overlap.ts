import type { Dialog } from './dialog.js';
import type { SipMessage } from './message.js';

/**
 * Whose transaction an INVITE or UPDATE of the other side runs into (RFC 3261 14.2, RFC 3311 5.2): ours makes it a 491,
 * an earlier one of theirs a 500.
 */
export function overlapOf(request: SipMessage, dialog: Dialog): 'ours' | 'theirs' | null {
  if (request.method === 'INVITE') return dialog.peerInvite ? 'theirs' : dialog.ownInvite ? 'ours' : null;
  if (request.method !== 'UPDATE') return null;
  if (dialog.peerUpdate) return 'theirs';
  if (request.body === '') return null;
  if (dialog.ownUpdate || (dialog.ownInvite && dialog.offerOpen)) return 'ours';
  return dialog.peerInvite && dialog.offerOpen ? 'theirs' : null;
}

/** Whether a transaction under way forbids one of ours (RFC 3261 14.1, RFC 3311 5.1). */
export function mustWait(dialog: Dialog, method: string, body: string): boolean {
  if (method === 'INVITE') return dialog.ownInvite || dialog.peerInvite;
  if (method !== 'UPDATE') return false;
  if (dialog.ownUpdate) return true;
  return body !== '' && (dialog.peerUpdate || dialog.offerOpen);
}

/** Our request that changes the session leaves. */
export function beginOwn(dialog: Dialog, method: string): void {
  if (method === 'INVITE') {
    dialog.ownInvite = true;
    dialog.offerOpen = true;
    dialog.remoteRseq = 0;
  } else if (method === 'UPDATE') dialog.ownUpdate = true;
}

/** It has its final response. */
export function settleOwn(dialog: Dialog, method: string): void {
  if (method === 'INVITE') {
    dialog.ownInvite = false;
    dialog.offerOpen = false;
  } else if (method === 'UPDATE') dialog.ownUpdate = false;
}

/** The other side's request that changes the session came. */
export function beginTheirs(dialog: Dialog, method: string): void {
  if (method === 'INVITE') {
    dialog.peerInvite = true;
    dialog.offerOpen = true;
  } else if (method === 'UPDATE') dialog.peerUpdate = true;
}

/** It was answered. */
export function settleTheirs(dialog: Dialog, method: string): void {
  if (method === 'INVITE') {
    dialog.peerInvite = false;
    dialog.offerOpen = false;
  } else if (method === 'UPDATE') dialog.peerUpdate = false;
}
