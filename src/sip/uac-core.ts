import { ChurnMap } from '../core/churn-map.js';
import { ClientContext, dialogOf, type OwnListener } from './client-context.js';
import type { ClientTransaction, ClientUser, Departure, RequestHead } from './client-transaction.js';
import { emptyHead } from './client-transaction.js';
import { type Core, NOWHERE, SILENT_USER } from './core.js';
import type { Dialog } from './dialog.js';
import { withCredentials } from './digest.js';
import { Failover } from './failover.js';
import { InviteAnswers, type SentListener } from './invite-answers.js';
import { parseMessage, type SipMessage } from './message.js';
import type { NewRequest } from './new-request.js';
import { beginOwn, mustWait, settleOwn } from './overlap.js';
import { targetsForSize } from './oversize.js';
import { requestText } from './requests.js';
import { localResponse } from './responses.js';
import { SequencesAhead } from './sequences-ahead.js';
import { type SessionKeeper, SessionTimers, withLongerInterval } from './session-timer.js';
import { isSubscribing, Subscriptions } from './subscriptions.js';
import type { Peer } from './transport.js';

/** How often a request is sent anew because of what its refusal asks for. */
const MAX_REPEATS = 3;

/** The client half of RFC 3261's core: requests, dialogs that they make, ACK of a 2xx, CANCEL. */
export class UacCore implements ClientUser, SessionKeeper {
  readonly sessions: SessionTimers;
  readonly subscriptions: Subscriptions;
  private readonly answers: InviteAnswers;
  private readonly invites = new ChurnMap<string, ClientTransaction>();
  private readonly ahead = new SequencesAhead();

  constructor(private readonly core: Core) {
    this.sessions = new SessionTimers(core, this);
    this.subscriptions = new Subscriptions(core);
    this.answers = new InviteAnswers(core, (dialog) => this.hangUp(dialog, ''));
  }

  /** Sends a request outside any dialog; an INVITE whose Call-ID is booked for a later moment leaves then. */
  send(request: NewRequest, sent: SentListener): void {
    const { method, requestUri, from, to, callId, body } = request;
    const cseq = this.ahead.from(callId, request.cseq);
    const head = this.core.head(method, requestUri, from, to, callId, cseq, []);
    const lines = method === 'INVITE' ? this.sessions.offer(null, request.headerLines) : request.headerLines;
    const context = new ClientContext(null, lines, body, false, null);
    if (isSubscribing(method)) this.subscriptions.begin(null, head, lines);
    const dueMs = method === 'INVITE' ? this.core.layer.departures.take(callId) : null;
    this.dispatch(head, context, request.proxy ?? requestUri, sent, dueMs);
  }

  /**
   * Sends a request within a dialog; `cseq` at least that number where the application asks for one. `own`: told of its
   * final response in place of the application. A callee's BYE waits until its 2xx was acknowledged or 64·T1 have passed
   * (RFC 3261 15); one that has no call to end any more is refused.
   */
  sendWithin(
    dialog: Dialog,
    method: string,
    headerLines: string,
    body: string,
    cseq: number | null,
    sent: SentListener,
    own: OwnListener | null = null,
  ): void {
    const isBye = method === 'BYE';
    if (isBye && !dialog.inCall) {
      sent('the call is over', '', '', NOWHERE, null);
      return;
    }
    if (isBye && !dialog.mayHangUp) {
      dialog.holdBack(() => this.sendWithin(dialog, method, headerLines, body, cseq, sent, own));
      return;
    }
    dialog.localCseq = Math.max(dialog.localCseq + 1, cseq ?? 0);
    const { head, hop } = this.core.headWithin(dialog, method, dialog.localCseq);
    const timed = method === 'INVITE' || method === 'UPDATE';
    const lines = timed ? this.sessions.offer(dialog, headerLines) : headerLines;
    const context = new ClientContext(dialog, lines, body, isBye, own);
    if (timed && mustWait(dialog, method, body)) {
      const id = this.core.ids.uuid();
      sent(null, id, requestText(head, lines, body), NOWHERE, head);
      this.failLocally(id, head, 491, 'another transaction under way', context);
      return;
    }
    if (method === 'INVITE') dialog.inviteCseq = dialog.localCseq;
    if (isSubscribing(method)) this.subscriptions.begin(dialog, head, lines);
    beginOwn(dialog, method);
    this.dispatch(head, context, hop, sent);
  }

  /** Acknowledges the 2xx of the dialog's last INVITE. */
  acknowledge(dialog: Dialog, headerLines: string, body: string, sent: SentListener): void {
    this.answers.acknowledge(dialog, headerLines, body, sent);
    if (body !== '' && dialog.session) dialog.session.description = body;
  }

  /** A BYE of the core's own accord. */
  hangUp(dialog: Dialog, headerLines: string, sent: (bye: string) => void = () => {}): void {
    this.sendWithin(
      dialog,
      'BYE',
      headerLines,
      '',
      null,
      (_error, _id, bye) => sent(bye),
      () => {},
    );
  }

  /** Ends a dialog of the core's own accord; the application hears of the BYE. */
  drop(dialog: Dialog, headerLines: string): void {
    if (!dialog.mayHangUp) {
      dialog.holdBack(() => dialog.inCall && this.drop(dialog, headerLines));
      return;
    }
    this.hangUp(dialog, headerLines, (bye) => this.core.handler.onUnsolicitedBye(dialog, bye, NOWHERE));
    this.core.dialogs.endCall(dialog);
  }

  /**
   * The other call takes the place of this one (RFC 3891 3): the application has the time of 8·T1 to end it, after
   * which it is ended here.
   */
  giveWay(dialog: Dialog): void {
    const { queue, timers } = this.core.layer;
    queue.schedule(8 * timers.t1, { onTimer: () => this.endReplaced(dialog) }, 'replaced');
  }

  private endReplaced(dialog: Dialog): void {
    if (!dialog.inCall) return;
    if (!dialog.early) {
      this.drop(dialog, 'Reason: SIP;cause=200;text="Replaced"\r\n');
      return;
    }
    for (const invite of this.invites.values())
      if (invite.head.callId === dialog.callId && (invite.context as ClientContext | null)?.early?.includes(dialog))
        this.cancel(invite, '');
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

  /** Gives an INVITE up that nobody waits for any more: an answer, come or to come, is acknowledged and hung up. */
  abandon(id: string): void {
    const invite = this.invites.get(id);
    const context = invite?.context as ClientContext | undefined;
    if (!invite || !context) return;
    context.silent = true;
    const { dialog } = context;
    if (invite.state !== 'accepted') this.cancel(invite, '');
    else if (dialog?.inCall && context.ack === null) {
      this.acknowledge(dialog, '', '', () => {});
      this.hangUp(dialog, 'Reason: SIP;cause=503;text="Application lost"\r\n');
    }
  }

  /** The same for all that belong to dialogs of that owner. */
  abandonOf(owner: unknown): void {
    for (const [id, { context }] of this.invites.entries())
      if ((context as ClientContext | null)?.dialog?.owner === owner) this.abandon(id);
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
    context: ClientContext,
    hop: string,
    sent: SentListener,
    dueMs: number | null = null,
  ): void {
    const id = this.core.ids.uuid();
    const { headerLines, body, dialog } = context;
    this.core.locate(hop, (found, failure) => {
      let text = requestText(head, headerLines, body);
      const peers = targetsForSize(found, text.length, this.core.transports, this.core.oversize);
      const [peer] = peers;
      if (peer && this.core.address(head, peer)) text = requestText(head, headerLines, body);
      if (failure) {
        const fail = (): void => {
          sent(failure.kind === 'mistake' ? failure.reason : null, id, text, NOWHERE, head);
          if (dialog) settleOwn(dialog, head.method);
          if (dialog && context.last) this.core.dialogs.endCall(dialog);
          if (failure.kind === 'transport') this.failLocally(id, head, 503, `transport: ${failure.reason}`, context);
          else if (dialog === null && isSubscribing(head.method)) this.subscriptions.release(head);
        };
        // What is made ahead of its time does not fail before, either: what is tried next would leave too early.
        if (dueMs === null) fail();
        else this.core.layer.hold(dueMs, { onDue: fail });
        return;
      }
      if (peers.length > 1) context.failover = new Failover(peers);
      if (dueMs === null) {
        sent(null, id, text, peer, head);
        this.attempt(head, text, peer, id, context);
      } else {
        const onDeparted = (atMs: number): void => sent(null, id, text, peer, head, atMs);
        this.attempt(head, text, peer, id, context, { dueMs, onDeparted });
      }
    });
  }

  private attempt(
    head: RequestHead,
    text: string,
    peer: Peer,
    id: string,
    context: ClientContext,
    departure: Departure | null = null,
  ): void {
    const message = Buffer.from(text, 'latin1');
    const transaction = this.core.layer.request(this, head, message, peer, id, context, departure);
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
    this.attempt(head, requestText(head, context.headerLines, context.body), peer, transaction.id, context);
    return true;
  }

  /** Sends a request anew with what its refusal asks for (RFC 3261 8.1.3.5); `false` where that is not to be done. */
  private repeat(transaction: ClientTransaction, context: ClientContext, response: SipMessage): boolean {
    if (transaction.cancelWanted || context.repeats >= MAX_REPEATS) return false;
    const { dialog } = context;
    const { method, requestUri: uri, callId, cseq } = transaction.head;
    const { credentials } = this.core;
    let lines: string | null = null;
    if (response.status === 422) lines = withLongerInterval(context.headerLines, response);
    // The application answers the challenges to its own requests.
    else if (context.own && credentials)
      lines = withCredentials(context.headerLines, { method, uri }, response, credentials);
    if (lines === null) return false;
    const head = { ...this.core.headAnew(transaction.head, transaction.peer), cseq: cseq + 1 };
    if (dialog) {
      head.cseq = ++dialog.localCseq;
      if (method === 'INVITE') dialog.inviteCseq = head.cseq;
    } else this.ahead.use(callId, head.cseq);
    context.repeats++;
    context.headerLines = lines;
    transaction.context = null;
    this.attempt(head, requestText(head, lines, context.body), transaction.peer, transaction.id, context);
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
      const news =
        head.method !== 'INVITE' || response.toTag === null || this.answers.progress(context, head, response);
      if (news && context.own === null) this.tell(context, transaction.id, head, response, peer);
      return;
    }
    if (status >= 300) this.answers.dropEarly(context);
    if (status === 503 && this.failOver(transaction, status, response.reason)) return;
    if ((status === 422 || status === 401 || status === 407) && this.repeat(transaction, context, response)) return;
    if (context.dialog) settleOwn(context.dialog, head.method);
    if (status < 300) {
      if (head.method === 'INVITE' && !this.accept(transaction, context, response)) return;
      const timed = head.method === 'INVITE' || head.method === 'UPDATE';
      if (timed && context.dialog && !context.dialog.early)
        this.sessions.settle(context.dialog, context.headerLines, context.body, response);
    }
    const { headerLines } = context;
    if (status < 300 && isSubscribing(head.method))
      this.subscriptions.settle(context.dialog, head, headerLines, response);
    context.headerLines = '';
    context.body = '';
    if (context.repeats > 0 && status !== 401 && status !== 407) this.ahead.forget(head.callId);
    if (status !== 503) context.failover?.note(status, response.reason);
    context.failover?.announce(response);
    this.tell(context, transaction.id, head, response, peer);
    this.settleUsages(context, head, headerLines, response);
    if (context.last && context.dialog) this.endAfter(context.dialog, status);
    this.forget(transaction, status);
  }

  /** Its timers still run for a while (D, K, M), for which they need next to nothing of it. */
  private forget(transaction: ClientTransaction, status: number): void {
    const { head } = transaction;
    const isAccepted = head.method === 'INVITE' && status < 300;
    if (isAccepted || head.method === 'BYE') emptyHead(head);
    // An ACK may have to be repeated.
    if (!isAccepted) transaction.context = null;
  }

  /** A BYE of ours was answered. A challenged one comes again within the same dialog: the application has 64·T1 for it. */
  private endAfter(dialog: Dialog, status: number): void {
    const { dialogs, layer } = this.core;
    if (status !== 401 && status !== 407) dialogs.endCall(dialog);
    else layer.queue.schedule(64 * layer.timers.t1, { onTimer: () => dialogs.endCall(dialog) }, 'challenged');
  }

  /** Takes a 2xx to an INVITE; `false` when the application must not hear of it. */
  private accept(transaction: ClientTransaction, context: ClientContext, response: SipMessage): boolean {
    const { head } = transaction;
    const acceptance = this.answers.accept(context, head, response, transaction.cancelWanted);
    if (acceptance === 'refused') {
      context.failover?.note(487, '200 after CANCEL');
      this.failLocally(transaction.id, head, 487, '200 after CANCEL', context);
    } else if (acceptance === 'taken') {
      if (context.own || context.silent) this.acknowledge(context.dialog!, '', '', () => {});
    }
    return acceptance === 'taken';
  }

  onTimeout(transaction: ClientTransaction, timer: 'B' | 'F' | 'abandon'): void {
    this.onFailure(transaction, 408, timer === 'abandon' ? 'no final response' : `Timer ${timer}`, timer !== 'abandon');
  }

  onTransportError(transaction: ClientTransaction, reason: string): void {
    this.onFailure(transaction, 503, `transport: ${reason}`, true);
  }

  /** The application hears of it at once; the far end, should it still be there, of a CANCEL over another connection. */
  onConnectionLost(transaction: ClientTransaction, reason: string): void {
    const context = transaction.context as ClientContext | null;
    if (context === null || context.silent) return;
    this.failLocally(transaction.id, transaction.head, 503, `transport: ${reason}`, context);
    context.silent = true;
    this.cancel(transaction, '');
  }

  /** No target answered; `elsewhere`: another one might. */
  private onFailure(transaction: ClientTransaction, status: number, cause: string, elsewhere: boolean): void {
    if (elsewhere && this.failOver(transaction, status, cause)) return;
    const context = transaction.context as ClientContext | null;
    if (!elsewhere) context?.failover?.note(status, cause);
    this.failLocally(transaction.id, transaction.head, status, cause, context);
    if (context?.dialog) settleOwn(context.dialog, transaction.head.method);
    if (context?.last && context.dialog) this.core.dialogs.endCall(context.dialog);
  }

  onClientEnd(transaction: ClientTransaction): void {
    if (this.invites.get(transaction.id) === transaction) this.invites.delete(transaction.id);
    const context = transaction.context as ClientContext | null;
    if (context) this.answers.dropEarly(context);
    if (context?.dialog?.context === context && context?.dialog) context.dialog.context = null;
    transaction.context = null;
  }

  private failLocally(
    id: string,
    head: RequestHead,
    status: number,
    cause: string,
    context: ClientContext | null,
  ): void {
    const response = parseMessage(localResponse(head, status, cause));
    if (response === null) return;
    context?.failover?.announce(response);
    this.tell(context, id, head, response, this.core.transport.local);
    if (context) this.settleUsages(context, head, context.headerLines, response);
  }

  private tell(context: ClientContext | null, id: string, head: RequestHead, response: SipMessage, peer: Peer): void {
    if (context?.silent) return;
    if (context?.own) context.own(response);
    else this.core.handler.onResponse(id, head, response, peer, context && dialogOf(context, response));
  }

  /** What a final response means for subscriptions. */
  private settleUsages(context: ClientContext, head: RequestHead, headerLines: string, response: SipMessage): void {
    const { dialog } = context;
    if (isSubscribing(head.method)) {
      if (dialog === null) this.subscriptions.release(head);
      else if (response.status >= 300) this.subscriptions.settle(dialog, head, headerLines, response);
    } else if (head.method === 'NOTIFY' && dialog) this.subscriptions.notified(dialog, headerLines, response.status);
  }
}
