import { AcceptedInvite } from './accepted-invite.js';
import { type Core, NOWHERE } from './core.js';
import { type Dialog, dialogKey, uasDialog } from './dialog.js';
import type { SipMessage } from './message.js';
import { plainResponse, responseHead } from './responses.js';
import type { ServerTransaction } from './server-transaction.js';
import type { TransactionUser } from './transaction-layer.js';
import type { Peer } from './transport.js';

/** Requests that mean nothing outside a dialog that we know (RFC 3261 12.2.2). */
const NEEDS_DIALOG = new Set(['INVITE', 'BYE', 'UPDATE', 'PRACK', 'INFO']);
const NEVER_FIRST = new Set(['BYE', 'UPDATE', 'PRACK']);
const REFRESHES_TARGET = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** The server half of RFC 3261's core: finds the dialog, answers CANCEL, repeats a 2xx until its ACK. */
export class UasCore implements TransactionUser {
  private readonly awaited = new Map<string, AcceptedInvite>();

  constructor(private readonly core: Core) {
    core.dialogs.onRemoved = (dialog) => this.forget(dialog);
  }

  onRequest(transaction: ServerTransaction): void {
    const request = transaction.request!;
    const { method } = request;
    if (method === 'CANCEL') {
      this.receiveCancel(transaction, request);
      return;
    }
    transaction.localTag = request.toTag ?? this.core.ids.tag();
    let dialog: Dialog | null = null;
    if (request.toTag !== null) {
      dialog = this.core.dialogs.find(request.callId, request.toTag, request.fromTag ?? '') ?? null;
      if (dialog === null && NEEDS_DIALOG.has(method)) {
        this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
        return;
      }
      if (dialog !== null && request.cseqNumber < dialog.remoteCseq) {
        this.answer(transaction, 500, 'CSeq Out Of Order');
        return;
      }
    } else if (NEVER_FIRST.has(method)) {
      this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    if (dialog !== null) {
      dialog.remoteCseq = request.cseqNumber;
      if (REFRESHES_TARGET.has(method)) dialog.refreshTarget(request);
      transaction.context = dialog;
    }
    if (method === 'INVITE') {
      const trying = responseHead(request, 'SIP/2.0 100 Trying', '', false);
      transaction.respond(100, Buffer.from(`${trying}Content-Length: 0\r\n\r\n`, 'latin1'));
    }
    this.core.handler.onRequest(transaction, request, dialog);
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
    const makesDialog = transaction.isInvite || transaction.method === 'SUBSCRIBE';
    if (toTag && request.toTag === null) transaction.localTag = toTag;
    const tag = status === 100 ? '' : transaction.localTag;
    const start = responseHead(
      request,
      `SIP/2.0 ${status} ${reason}`,
      tag,
      makesDialog && status > 100 && status < 300,
    );
    const text = `${start}${headerLines}Content-Length: ${body.length}\r\n\r\n${body}`;
    const message = Buffer.from(text, 'latin1');
    let dialog = transaction.context as Dialog | null;
    if (status >= 200 && status < 300 && makesDialog) {
      if (dialog === null) {
        dialog = uasDialog(request, transaction.localTag);
        this.core.dialogs.add(dialog);
        transaction.context = dialog;
      }
      if (transaction.isInvite) {
        const awaited = new AcceptedInvite(
          this.core.layer,
          dialog,
          request.cseqNumber,
          message,
          transaction.peer,
          (unheard) => this.endUnacknowledged(unheard),
        );
        this.awaited.get(dialog.key)?.stop();
        this.awaited.set(dialog.key, awaited);
      }
    }
    transaction.respond(status, message);
    if (transaction.method === 'BYE' && status >= 200 && status !== 401 && status !== 407 && dialog)
      this.core.dialogs.remove(dialog);
    return { text, dialog };
  }

  onAck(ack: SipMessage, peer: Peer): void {
    const key = dialogKey(ack.callId, ack.toTag ?? '', ack.fromTag ?? '');
    const awaited = this.awaited.get(key);
    if (awaited === undefined || awaited.cseq !== ack.cseqNumber) {
      if (this.core.dialogs.find(ack.callId, ack.toTag ?? '', ack.fromTag ?? ''))
        this.core.layer.stats.retransmissionsReceived++;
      else this.core.layer.stats.strays++;
      return;
    }
    awaited.stop();
    this.awaited.delete(key);
    this.core.handler.onAck(ack, peer, awaited.dialog);
  }

  onAccepted(transaction: ServerTransaction, ack: SipMessage): void {
    this.onAck(ack, transaction.source);
  }

  onServerEnd(_transaction: ServerTransaction): void {}

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
    this.answer(invite, 487, 'Request Terminated');
    this.core.handler.onCancel(cancel, invite, transaction.source);
  }

  private answer(transaction: ServerTransaction, status: number, reason: string): void {
    const text = plainResponse(transaction.request!, status, reason, transaction.localTag);
    transaction.respond(status, Buffer.from(text, 'latin1'));
  }

  private endUnacknowledged(dialog: Dialog): void {
    const bye = this.core.hangUp(dialog, 'Reason: SIP;cause=200;text="ACK timeout"\r\n');
    this.core.dialogs.remove(dialog);
    this.core.handler.onUnsolicitedBye(dialog, bye, NOWHERE);
  }

  /** The dialog ended: its 2xx is not repeated any more. */
  private forget(dialog: Dialog): void {
    this.awaited.get(dialog.key)?.stop();
    this.awaited.delete(dialog.key);
  }
}
