import { ChurnMap } from '../core/churn-map.js';
import { AcceptedInvite } from './accepted-invite.js';
import { ClientContext } from './client-context.js';
import type { Core } from './core.js';
import { Dialog, uasDialog } from './dialog.js';
import type { SipMessage } from './message.js';
import { beginTheirs, overlapOf, settleTheirs } from './overlap.js';
import { ProxyContext } from './proxy-context.js';
import { ProxyCore } from './proxy-core.js';
import { ReliableProvisionals } from './reliable-provisionals.js';
import { replacedBy } from './replaces.js';
import { listsOption, refusalOf } from './request-checks.js';
import { cancelOf, plainResponse, responseHead } from './responses.js';
import type { ServerTransaction } from './server-transaction.js';
import { countReceivedAgain } from './stats.js';
import type { TransactionUser } from './transaction-layer.js';
import type { Peer } from './transport.js';
import type { UacCore } from './uac-core.js';

/** Requests that mean nothing outside a dialog that we know (RFC 3261 12.2.2). */
const NEEDS_DIALOG = new Set(['INVITE', 'BYE', 'UPDATE', 'PRACK', 'INFO', 'SUBSCRIBE', 'REFER', 'NOTIFY']);
const NEVER_FIRST = new Set(['BYE', 'UPDATE', 'PRACK']);
const REFRESHES_TARGET = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** The server half of RFC 3261's core: finds the dialog, answers CANCEL, repeats a 2xx until its ACK. */
export class UasCore implements TransactionUser {
  /** Forwards what the application wants forwarded, and what passes through within the dialogs of that. */
  readonly proxy: ProxyCore;
  /** Dialogs in which we send provisional responses reliably. */
  private readonly reliable = new ChurnMap<string, ReliableProvisionals>();
  /** Requests outside dialogs, to know their copies by. */
  private readonly ongoing = new ChurnMap<string, ServerTransaction>();

  constructor(
    private readonly core: Core,
    private readonly uac: UacCore,
  ) {
    this.proxy = new ProxyCore(core);
    core.dialogs.onCallEnded = (dialog) => this.forget(dialog);
  }

  onRequest(transaction: ServerTransaction): void {
    const request = transaction.request!;
    const { method } = request;
    if (method === 'CANCEL') {
      this.receiveCancel(transaction, request);
      return;
    }
    transaction.localTag = request.toTag ?? this.core.ids.tag();
    if (this.proxy.takes(request)) {
      this.proxy.forwardWithin(transaction);
      return;
    }
    const timed = method === 'INVITE' || method === 'UPDATE';
    const refusal = refusalOf(request) ?? (timed ? this.uac.sessions.refusalOf(request) : null);
    if (refusal !== null) {
      this.answer(transaction, refusal.status, refusal.phrase, refusal.lines);
      return;
    }
    let dialog: Dialog | null = null;
    if (request.toTag !== null) {
      dialog = this.core.dialogs.find(request.callId, request.toTag, request.fromTag ?? '') ?? null;
      if (dialog === null && method === 'NOTIFY' && this.holds(transaction, request)) return;
      if (dialog === null && NEEDS_DIALOG.has(method)) {
        this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
        return;
      }
      if (dialog !== null && !this.admit(transaction, request, dialog)) return;
    } else if (NEVER_FIRST.has(method)) {
      this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
      return;
    } else if (this.isMerged(transaction, request)) {
      this.answer(transaction, 482, 'Loop Detected');
      return;
    }
    if (request.toTag === null && request.has('replaces')) {
      const replaced = replacedBy(request, this.core.dialogs);
      // What an application proxies may replace a call of somebody else.
      if (!(replaced instanceof Dialog) && !this.proxy.inUse) {
        this.answer(transaction, replaced.status, replaced.phrase, replaced.lines);
        return;
      }
    }
    if (method === 'INVITE') {
      const trying = responseHead(request, 'SIP/2.0 100 Trying', '', false);
      transaction.respond(100, Buffer.from(`${trying}Content-Length: 0\r\n\r\n`, 'latin1'));
    }
    this.core.handler.onRequest(transaction, request, dialog);
  }

  /** RFC 3261 8.2.2.2: the same request under another branch came here twice, through a proxy that forked. */
  private isMerged(transaction: ServerTransaction, request: SipMessage): boolean {
    const key = `${request.callId} ${request.fromTag} ${request.cseqNumber} ${request.method}`;
    if (this.ongoing.has(key)) return true;
    transaction.mergeKey = key;
    this.ongoing.set(key, transaction);
    return false;
  }

  /** Whether the application shall hear of a request within a dialog; it was answered here otherwise. */
  private admit(transaction: ServerTransaction, request: SipMessage, dialog: Dialog): boolean {
    const { method } = request;
    if (request.cseqNumber < dialog.remoteCseq) {
      this.answer(transaction, 500, 'CSeq Out Of Order');
      return false;
    }
    dialog.remoteCseq = request.cseqNumber;
    const stranger = method === 'NOTIFY' ? !this.uac.subscriptions.belongs(request, dialog) : !dialog.inCall;
    if (stranger && (method === 'NOTIFY' || method === 'INVITE' || method === 'BYE')) {
      this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
      return false;
    }
    if (method === 'BYE' && dialog.early) {
      this.endEarly(transaction, dialog);
      return false;
    }
    if (method === 'PRACK') {
      const reliable = this.reliable.get(dialog.key);
      const known = reliable?.acknowledge(request.header('rack') ?? '') ?? false;
      if (!known) this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
      // It crossed our answer: the application has no use for it any more.
      else if (reliable!.isAnswered) this.answer(transaction, 200, 'OK');
      if (transaction.finalStatus !== 0) return false;
      // Of a re-INVITE: drachtio-srf would tell its application of it, and refuse it with 501 all the same.
      if (!dialog.early && request.body === '') this.answer(transaction, 200, 'OK');
    }
    if (this.uac.subscriptions.isTooMany(request, dialog)) {
      this.answer(transaction, 500, 'Too Many Subscriptions');
      return false;
    }
    const overlap = overlapOf(request, dialog);
    if (overlap === 'ours') {
      this.answer(transaction, 491, 'Request Pending');
      return false;
    }
    if (overlap === 'theirs') {
      // Any wait of 0 to 10 s will do (RFC 3261 14.2), as long as not all wait alike.
      this.answer(transaction, 500, 'Server Internal Error', `Retry-After: ${request.cseqNumber % 11}\r\n`);
      return false;
    }
    beginTheirs(dialog, method);
    if (REFRESHES_TARGET.has(method)) dialog.refreshTarget(request);
    transaction.context = dialog;
    return true;
  }

  /** The caller's BYE before our final response (RFC 3261 15): the INVITE ends as by a CANCEL. */
  private endEarly(bye: ServerTransaction, dialog: Dialog): void {
    if (dialog.role === 'uac') {
      this.answer(bye, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    this.answer(bye, 200, 'OK');
    this.terminate(dialog.context as ServerTransaction, 487, 'Request Terminated', 'SIP;cause=487;text="BYE"');
  }

  /** Refuses an INVITE of the core's own accord; the application hears of a CANCEL. */
  private terminate(invite: ServerTransaction, status: number, phrase: string, reason: string): void {
    if (invite.state !== 'proceeding' || invite.request === null) return;
    const cancel = cancelOf(invite.request, reason);
    this.answer(invite, status, phrase);
    if (cancel) this.core.handler.onCancel(cancel, invite, invite.source);
  }

  /** Sends the application's response. Returns the text as it left and the dialog it belongs to. */
  respond(
    transaction: ServerTransaction,
    status: number,
    reason: string,
    headerLines: string,
    body: string,
    toTag: string | null,
  ): { text: string; dialog: Dialog | null } {
    const request = transaction.request!;
    const { isInvite, method } = transaction;
    let dialog = transaction.context as Dialog | null;
    const { subscriptions } = this.uac;
    const makesDialog = isInvite ? status > 100 : subscriptions.grantsDialog(request, status, headerLines);
    // All responses carry one tag, so the first that carries any decides.
    if (toTag && request.toTag === null && dialog === null) transaction.localTag = toTag;
    if (makesDialog && status < 300 && dialog === null) {
      dialog = this.makeDialog(transaction, request);
      transaction.context = dialog;
    }
    let lines = headerLines;
    let rseq = 0;
    const early = isInvite && status > 100 && status < 200;
    const insists = early && listsOption(request, 'require', '100rel');
    // Whoever insists on it gets nothing else, whatever the application had in mind (RFC 3262 3).
    if (insists && !lines.includes('100rel')) lines += 'Require: 100rel\r\n';
    if (early && lines.includes('100rel')) {
      if (insists || listsOption(request, 'supported', '100rel')) {
        rseq = this.reliableIn(dialog!, transaction, request.cseqNumber).nextRseq();
        lines += `RSeq: ${rseq}\r\n`;
      } else lines = lines.replace(/^Require:[^\r\n]*100rel[^\r\n]*\r\n/im, '');
    }
    if ((isInvite || method === 'UPDATE') && status >= 200 && status < 300 && dialog)
      lines += this.uac.sessions.answer(dialog, request, lines, body);
    const tag = status === 100 ? '' : transaction.localTag;
    const start = responseHead(request, `SIP/2.0 ${status} ${reason}`, tag, makesDialog && status < 300);
    const text = `${start}${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
    const message = Buffer.from(text, 'latin1');
    if (rseq > 0) {
      if (body !== '') dialog!.offerOpen = false;
      this.reliable.get(dialog!.key)!.send(status, rseq, message, body !== '');
    } else if (isInvite && status >= 200 && status < 300) {
      this.accept(transaction, dialog!, request.cseqNumber, status, message);
      if (request.toTag === null && request.has('replaces')) {
        const replaced = replacedBy(request, this.core.dialogs);
        if (replaced instanceof Dialog) this.uac.giveWay(replaced);
      }
    } else {
      if (status >= 200) this.settle(transaction, status >= 300);
      transaction.respond(status, message);
    }
    if (dialog && status >= 200 && !isInvite) this.settleUsages(request, dialog, status, lines);
    return { text, dialog };
  }

  /** What our final response means for the call and the subscriptions of a dialog. */
  private settleUsages(request: SipMessage, dialog: Dialog, status: number, headerLines: string): void {
    const { method } = request;
    const { subscriptions } = this.uac;
    // A challenged BYE comes again.
    if (method === 'BYE' && status !== 401 && status !== 407) this.core.dialogs.endCall(dialog);
    else if (method === 'NOTIFY') subscriptions.noted(request, dialog, status);
    else if (subscriptions.grantsDialog(request, status, headerLines))
      subscriptions.grant(dialog, request, headerLines);
  }

  /** A NOTIFY that overtook the answer to our SUBSCRIBE or REFER waits for it (RFC 6665 4.1.2.4). */
  private holds(transaction: ServerTransaction, request: SipMessage): boolean {
    return this.uac.subscriptions.hold(request, () => {
      if (transaction.state === 'trying') this.onRequest(transaction);
    });
  }

  private makeDialog(transaction: ServerTransaction, request: SipMessage): Dialog {
    const dialog = uasDialog(request, transaction.localTag);
    if (transaction.isInvite) {
      dialog.early = true;
      beginTheirs(dialog, 'INVITE');
      dialog.context = transaction;
    }
    this.core.dialogs.add(dialog);
    return dialog;
  }

  private reliableIn(dialog: Dialog, transaction: ServerTransaction, cseq: number): ReliableProvisionals {
    let reliable = this.reliable.get(dialog.key);
    if (reliable?.transaction !== transaction) {
      reliable = new ReliableProvisionals(this.core.layer, transaction, cseq, (unheard) =>
        this.terminate(unheard, 504, 'Server Time-out', 'SIP;cause=504;text="PRACK timeout"'),
      );
      this.reliable.set(dialog.key, reliable);
    }
    return reliable;
  }

  /** Sends a 2xx to an INVITE: at once, or once a session description in a reliable response was acknowledged. */
  private accept(transaction: ServerTransaction, dialog: Dialog, cseq: number, status: number, message: Buffer): void {
    const send = (): void => {
      if (dialog.terminated) return;
      if (dialog.early) {
        dialog.context = null;
        this.core.dialogs.confirm(dialog);
      }
      this.settle(transaction, false);
      dialog.unacknowledged?.stop();
      dialog.unacknowledged = new AcceptedInvite(this.core.layer, dialog, cseq, message, transaction.peer, (unheard) =>
        this.giveUp(unheard),
      );
      transaction.respond(status, message);
    };
    const reliable = this.reliable.get(dialog.key);
    if (reliable?.transaction === transaction) reliable.whenAcceptable(send);
    else send();
  }

  /** No ACK came in time (RFC 3261 13.3.1.4). */
  private giveUp(unheard: Dialog): void {
    unheard.unacknowledged = null;
    if (!unheard.release()) this.uac.drop(unheard, 'Reason: SIP;cause=200;text="ACK timeout"\r\n');
  }

  /** A transaction that changes the session has its final response. */
  private settle(transaction: ServerTransaction, failed: boolean): void {
    const dialog = transaction.context;
    if (!(dialog instanceof Dialog)) return;
    settleTheirs(dialog, transaction.method);
    if (!transaction.isInvite || !failed) return;
    const reliable = this.reliable.get(dialog.key);
    if (reliable?.transaction === transaction) reliable.stop();
    if (dialog.early) this.core.dialogs.remove(dialog);
  }

  onAck(ack: SipMessage, peer: Peer): void {
    if (this.proxy.takes(ack)) {
      this.proxy.forwardAck(ack);
      return;
    }
    const dialog = this.core.dialogs.find(ack.callId, ack.toTag ?? '', ack.fromTag ?? '');
    if (dialog === undefined) {
      this.core.layer.stats.strays++;
      return;
    }
    if (dialog.unacknowledged?.cseq !== ack.cseqNumber) {
      countReceivedAgain(this.core.layer.stats, 'ACK');
      return;
    }
    dialog.unacknowledged.stop();
    dialog.unacknowledged = null;
    this.core.handler.onAck(ack, peer, dialog);
    dialog.release();
  }

  /** Forgets every request and dialog without a word to the network; the application hears of CANCELs. */
  forgetAll(): void {
    const { layer, handler, dialogs } = this.core;
    for (const transaction of layer.received()) {
      const { request, isInvite, state } = transaction;
      const cancel = isInvite && state === 'proceeding' && request && cancelOf(request, 'SIP;text="restarted"');
      transaction.abort();
      if (cancel) handler.onCancel(cancel, transaction, transaction.source);
    }
    layer.giveUpAll('restarted');
    dialogs.removeAll();
  }

  onAccepted(transaction: ServerTransaction, ack: SipMessage): void {
    this.onAck(ack, transaction.source);
  }

  onServerEnd(transaction: ServerTransaction): void {
    if (transaction.mergeKey !== '') this.ongoing.delete(transaction.mergeKey);
    if (transaction.finalStatus === 0) this.settle(transaction, true);
    this.core.handler.onServerEnd(transaction);
  }

  private receiveCancel(transaction: ServerTransaction, cancel: SipMessage): void {
    const invite = this.core.layer.findCancelled(cancel);
    if (invite === undefined) {
      transaction.localTag = this.core.ids.tag();
      this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    transaction.localTag = invite.localTag;
    this.answer(transaction, 200, 'OK');
    if (invite.state !== 'proceeding') return;
    if (invite.context instanceof ProxyContext) {
      invite.context.cancel();
      return;
    }
    this.answer(invite, 487, 'Request Terminated');
    this.core.handler.onCancel(cancel, invite, transaction.source);
  }

  /** A final response of the core's own accord. */
  private answer(transaction: ServerTransaction, status: number, reason: string, headerLines = ''): void {
    this.settle(transaction, status >= 300);
    const text = plainResponse(transaction.request!, status, reason, transaction.localTag, headerLines);
    transaction.respond(status, Buffer.from(text, 'latin1'));
  }

  /** The call ended: its 2xx is not repeated any more. */
  private forget(dialog: Dialog): void {
    if (dialog.context instanceof ClientContext) dialog.context.forget(dialog);
    dialog.unacknowledged?.stop();
    dialog.unacknowledged = null;
    dialog.release();
    this.reliable.get(dialog.key)?.stop();
    this.reliable.delete(dialog.key);
  }
}
