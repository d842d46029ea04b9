import type { ClientTransaction, ClientUser, RequestHead } from './client-transaction.js';
import { type Core, NOWHERE, SILENT_USER } from './core.js';
import { type Dialog, uacDialog } from './dialog.js';
import { Failover } from './failover.js';
import { parseMessage, type SipMessage } from './message.js';
import { beginOwn, mustWait, settleOwn } from './overlap.js';
import { targetsForSize } from './oversize.js';
import { listsOption } from './request-checks.js';
import { requestText } from './requests.js';
import { localResponse } from './responses.js';
import { countReceivedAgain, countSentAgain } from './stats.js';
import type { Peer } from './transport.js';

/** A request outside any dialog, as the application wants it. */
export interface NewRequest {
  method: string;
  requestUri: string;
  /** With tag. */
  from: string;
  to: string;
  callId: string;
  cseq: number;
  /** Further header lines, each with CRLF: Contact, Content-Type and the application's own. */
  headerLines: string;
  body: string;
  /** Outbound proxy; the Request-URI decides without it. */
  proxy: string | null;
}

/** Told before any response: the request as it left, or why it could not. */
export type SentListener = (error: string | null, id: string, text: string, peer: Peer) => void;

/** An ACK, for as long as its 2xx may come again. */
interface Acknowledged {
  ack: Buffer | null;
  ackPeer: Peer | null;
}

/** What is kept with a request that was sent. */
interface ClientContext extends Acknowledged {
  dialog: Dialog | null;
  /** To tag of the 2xx that was taken. */
  acceptedTag: string | null;
  /** Waits for a provisional response. */
  cancel: Buffer | null;
  /** Where there is more than one target. */
  failover: Failover | null;
  /** Dialogs of provisional responses, one for each branch of a forked call. */
  early: Dialog[] | null;
  /** By To tag: answers of further branches, which were hung up. */
  refused: Map<string, Acknowledged> | null;
  /** The dialog ends with the response. */
  last: boolean;
}

/** More branches than any proxy forks to; the other side chooses their tags. */
const MAX_BRANCHES = 32;

/** Of the responses that this side gives itself. */
const PHRASES: Record<number, string> = {
  408: 'Request Timeout',
  487: 'Request Terminated',
  491: 'Request Pending',
  503: 'Service Unavailable',
};

/** The client half of RFC 3261's core: requests, dialogs that they make, ACK of a 2xx, CANCEL. */
export class UacCore implements ClientUser {
  private readonly invites = new Map<string, ClientTransaction>();

  constructor(private readonly core: Core) {}

  /** Sends a request outside any dialog. */
  send(request: NewRequest, sent: SentListener): void {
    const { method, requestUri, from, to, callId, cseq } = request;
    const head = this.core.head(method, requestUri, from, to, callId, cseq, []);
    this.dispatch(head, request.headerLines, request.body, request.proxy ?? requestUri, null, sent);
  }

  /** Sends a request within a dialog; `cseq` at least that number where the application asks for one. */
  sendWithin(
    dialog: Dialog,
    method: string,
    headerLines: string,
    body: string,
    cseq: number | null,
    sent: SentListener,
  ): void {
    dialog.localCseq = Math.max(dialog.localCseq + 1, cseq ?? 0);
    const { head, hop } = this.core.headWithin(dialog, method, dialog.localCseq);
    if (mustWait(dialog, method, body)) {
      const id = this.core.ids.uuid();
      sent(null, id, requestText(head, headerLines, body), NOWHERE);
      this.failLocally(id, head, 491, 'another transaction under way', null);
      return;
    }
    if (method === 'INVITE') dialog.inviteCseq = dialog.localCseq;
    beginOwn(dialog, method);
    this.dispatch(head, headerLines, body, hop, dialog, sent);
  }

  /** Acknowledges the 2xx of the dialog's last INVITE; the ACK is kept for as long as the 2xx may come again. */
  acknowledge(dialog: Dialog, headerLines: string, body: string, sent: SentListener): void {
    const { head, hop } = this.core.headWithin(dialog, 'ACK', dialog.acceptedCseq);
    const id = this.core.ids.uuid();
    this.core.locate(hop, ([peer], failure) => {
      if (peer) this.core.address(head, peer);
      const text = requestText(head, headerLines, body);
      if (failure) {
        sent(failure.reason, id, text, NOWHERE);
        return;
      }
      const message = Buffer.from(text, 'latin1');
      const context = dialog.context as Acknowledged | null;
      if (context) {
        context.ack = message;
        context.ackPeer = peer;
      }
      this.core.layer.transmit(message, peer, head.callId, null);
      sent(null, id, text, peer);
    });
  }

  /** Cancels an INVITE of ours; the CANCEL waits for the first provisional response (RFC 3261 9.1). */
  cancel(invite: ClientTransaction, headerLines: string): { text: string; peer: Peer } {
    const { head } = invite;
    const cancelHead = { ...head, method: 'CANCEL' };
    const text = requestText(cancelHead, headerLines, '');
    if (!invite.cancelWanted && (invite.state === 'calling' || invite.state === 'proceeding')) {
      invite.cancelWanted = true;
      (invite.context as ClientContext).cancel = Buffer.from(text, 'latin1');
      if (invite.state === 'proceeding') this.releaseCancel(invite);
    }
    return { text, peer: invite.peer };
  }

  private releaseCancel(invite: ClientTransaction): void {
    const context = invite.context as ClientContext;
    if (invite.cancelSent || !context.cancel) return;
    invite.cancelSent = true;
    this.core.layer.request(SILENT_USER, { ...invite.head, method: 'CANCEL' }, context.cancel, invite.peer, '');
    context.cancel = null;
    invite.expectFinal();
  }

  private dispatch(
    head: RequestHead,
    headerLines: string,
    body: string,
    hop: string,
    dialog: Dialog | null,
    sent: SentListener,
  ): void {
    const id = this.core.ids.uuid();
    this.core.locate(hop, (found, failure) => {
      let text = requestText(head, headerLines, body);
      const peers = targetsForSize(found, text.length, this.core.transports, this.core.oversize);
      const [peer] = peers;
      if (peer && this.core.address(head, peer)) text = requestText(head, headerLines, body);
      if (failure) {
        sent(failure.kind === 'mistake' ? failure.reason : null, id, text, NOWHERE);
        if (dialog) settleOwn(dialog, head.method);
        if (failure.kind === 'transport') this.failLocally(id, head, 503, `transport: ${failure.reason}`, null);
        return;
      }
      const failover = peers.length > 1 ? new Failover(peers, headerLines, body) : null;
      const context: ClientContext = {
        dialog,
        acceptedTag: null,
        ack: null,
        ackPeer: null,
        cancel: null,
        early: null,
        refused: null,
        last: dialog !== null && isLast(head.method, dialog, headerLines),
        failover,
      };
      sent(null, id, text, peer);
      this.attempt(head, text, peer, id, context);
    });
  }

  private attempt(head: RequestHead, text: string, peer: Peer, id: string, context: ClientContext): void {
    const transaction = this.core.layer.request(this, head, Buffer.from(text, 'latin1'), peer, id, context);
    // Without its context it has ended already.
    if (transaction.isInvite && transaction.context === context) this.invites.set(id, transaction);
  }

  /**
   * Sends a request that one target did not serve to the next one, in a transaction of its own (RFC 3263 4.3); `false`
   * when there is none, or nobody wants the answer any more.
   */
  private failOver(transaction: ClientTransaction, status: number, reason: string): boolean {
    const context = transaction.context as ClientContext | null;
    const failover = context?.failover;
    if (!context || !failover) return false;
    failover.note(status, reason);
    const peer = transaction.cancelWanted ? null : failover.next(reason.startsWith('transport: '));
    if (peer === null) return false;
    transaction.context = null;
    const head = this.core.headAnew(transaction.head, peer);
    const text = requestText(head, failover.headerLines, failover.body);
    this.attempt(head, text, peer, transaction.id, context);
    return true;
  }

  /** An INVITE of ours that is under way or was accepted lately. */
  inviteById(id: string): ClientTransaction | undefined {
    return this.invites.get(id);
  }

  onResponse(transaction: ClientTransaction, response: SipMessage, peer: Peer): void {
    const { head } = transaction;
    const { status } = response;
    const context = transaction.context as ClientContext;
    if (status < 200) {
      if (transaction.cancelWanted) this.releaseCancel(transaction);
      if (status === 100) return;
      if (head.method === 'INVITE' && response.toTag !== null && !this.progress(context, head, response)) return;
      this.core.handler.onResponse(transaction.id, head, response, peer);
      return;
    }
    if (status >= 300) this.dropEarly(context);
    if (status === 503 && this.failOver(transaction, status, response.reason)) return;
    if (context.dialog) settleOwn(context.dialog, head.method);
    if (status < 300) {
      if (head.method === 'INVITE' && !this.accept(transaction, context, response)) return;
      if (head.method === 'SUBSCRIBE' && context.dialog === null) {
        const dialog = uacDialog(head, response);
        dialog.subscription = true;
        this.core.dialogs.add(dialog);
      }
    }
    if (status !== 503) context.failover?.note(status, response.reason);
    context.failover?.announce(response);
    this.core.handler.onResponse(transaction.id, head, response, peer);
    // A challenged BYE is sent again within the same dialog.
    if (context.last && context.dialog && status !== 401 && status !== 407) this.core.dialogs.remove(context.dialog);
  }

  /**
   * A provisional response with a To tag: makes an early dialog (RFC 3261 12.1.2). `false` for a reliable one that is
   * repeated or out of order, which the application must not hear of (RFC 3262 4).
   */
  private progress(context: ClientContext, head: RequestHead, response: SipMessage): boolean {
    const dialog = context.dialog ?? this.earlyDialog(context, head, response);
    if (dialog === null) return true;
    if (!listsOption(response, 'require', '100rel')) return true;
    const rseq = Number(response.header('rseq') ?? 0);
    if (!Number.isInteger(rseq) || rseq < 1) return true;
    const { stats } = this.core.layer;
    if (dialog.remoteRseq !== 0 && rseq !== dialog.remoteRseq + 1) {
      if (rseq <= dialog.remoteRseq) countReceivedAgain(stats, 'INVITE', response.status);
      else stats.strays++;
      return false;
    }
    dialog.remoteRseq = rseq;
    if (response.body !== '') dialog.offerOpen = false;
    return true;
  }

  private earlyDialog(context: ClientContext, head: RequestHead, response: SipMessage): Dialog | null {
    const known = earlyOf(context, response.toTag);
    if (known) return known;
    context.early ??= [];
    if (context.acceptedTag !== null || context.early.length >= MAX_BRANCHES) return null;
    const dialog = uacDialog(head, response);
    dialog.early = true;
    beginOwn(dialog, 'INVITE');
    this.core.dialogs.add(dialog);
    context.early.push(dialog);
    return dialog;
  }

  private dropEarly(context: ClientContext): void {
    if (context.early === null) return;
    for (const dialog of context.early) if (dialog.early) this.core.dialogs.remove(dialog);
    context.early = null;
  }

  /** Takes a 2xx to an INVITE; `false` when the application must not hear of it. */
  private accept(transaction: ClientTransaction, context: ClientContext, response: SipMessage): boolean {
    const { head } = transaction;
    const tag = response.toTag ?? '';
    if (context.acceptedTag !== null) {
      const known = context.acceptedTag === tag ? (context.refused?.get(tag) ?? context) : context.refused?.get(tag);
      if (known === undefined) this.refuseAnswer(context, head, response);
      else if (known.ack) {
        countSentAgain(this.core.layer.stats, 'ACK');
        this.core.layer.transmit(known.ack, known.ackPeer!, head.callId, null);
      }
      return false;
    }
    context.acceptedTag = tag;
    if (transaction.cancelWanted && context.dialog === null) {
      this.refuseAnswer(context, head, response);
      this.dropEarly(context);
      context.failover?.note(487, '200 after CANCEL');
      this.failLocally(transaction.id, head, 487, '200 after CANCEL', context.failover);
      return false;
    }
    if (context.dialog !== null) context.dialog.refreshTarget(response);
    else {
      const early = earlyOf(context, response.toTag);
      context.dialog = early ?? uacDialog(head, response);
      if (early) {
        early.settleBy(response);
        settleOwn(early, 'INVITE');
        this.core.dialogs.confirm(early);
      } else {
        this.core.dialogs.add(context.dialog);
        this.core.dialogs.confirm(context.dialog);
      }
    }
    context.dialog.acceptedCseq = head.cseq;
    context.dialog.context = context;
    return true;
  }

  /** ACK and BYE for an answer that nobody wants (any more); once, however often it comes. */
  private refuseAnswer(context: ClientContext, head: RequestHead, response: SipMessage): void {
    const tag = response.toTag ?? '';
    context.refused ??= new Map();
    if (context.refused.size >= MAX_BRANCHES) return;
    const early = earlyOf(context, response.toTag);
    if (early) this.core.dialogs.remove(early);
    const dialog = uacDialog(head, response);
    const acknowledged: Acknowledged = { ack: null, ackPeer: null };
    context.refused.set(tag, acknowledged);
    dialog.context = acknowledged;
    dialog.localCseq = Math.max(dialog.localCseq, early?.localCseq ?? 0);
    dialog.acceptedCseq = dialog.inviteCseq;
    this.acknowledge(dialog, '', '', () => {});
    this.core.hangUp(dialog, '');
  }

  onTimeout(transaction: ClientTransaction, timer: 'B' | 'F' | 'abandon'): void {
    this.onFailure(transaction, 408, timer === 'abandon' ? 'no final response' : `Timer ${timer}`, timer !== 'abandon');
  }

  onTransportError(transaction: ClientTransaction, reason: string): void {
    this.onFailure(transaction, 503, `transport: ${reason}`, true);
  }

  /** No target answered; `elsewhere`: another one might. */
  private onFailure(transaction: ClientTransaction, status: number, cause: string, elsewhere: boolean): void {
    if (elsewhere && this.failOver(transaction, status, cause)) return;
    const context = transaction.context as ClientContext | null;
    const failover = context?.failover ?? null;
    if (!elsewhere) failover?.note(status, cause);
    this.failLocally(transaction.id, transaction.head, status, cause, failover);
    if (context?.dialog) settleOwn(context.dialog, transaction.head.method);
    if (context?.last && context.dialog) this.core.dialogs.remove(context.dialog);
  }

  onClientEnd(transaction: ClientTransaction): void {
    if (this.invites.get(transaction.id) === transaction) this.invites.delete(transaction.id);
    const context = transaction.context as ClientContext | null;
    if (context) this.dropEarly(context);
    if (context?.dialog?.context === context && context?.dialog) context.dialog.context = null;
    transaction.context = null;
  }

  private failLocally(id: string, head: RequestHead, status: number, cause: string, failover: Failover | null): void {
    const response = parseMessage(localResponse(head, status, PHRASES[status], cause));
    if (response === null) return;
    failover?.announce(response);
    this.core.handler.onResponse(id, head, response, this.core.transport.local);
  }
}

function earlyOf(context: ClientContext, toTag: string | null): Dialog | undefined {
  return context.early?.find((dialog) => dialog.remoteTag === toTag);
}

/** A BYE ends its dialog, the last NOTIFY that of its subscription (RFC 6665 4.4.1). */
function isLast(method: string, dialog: Dialog, headerLines: string): boolean {
  if (method === 'BYE') return true;
  return method === 'NOTIFY' && dialog.subscription && /^subscription-state:\s*terminated/im.test(headerLines);
}
