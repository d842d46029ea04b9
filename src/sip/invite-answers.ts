import { type Acknowledged, type ClientContext, earlyOf } from './client-context.js';
import type { RequestHead } from './client-transaction.js';
import { type Core, NOWHERE } from './core.js';
import { type Dialog, uacDialog } from './dialog.js';
import { uriOf } from './header-values.js';
import type { SipMessage } from './message.js';
import { beginOwn, settleOwn } from './overlap.js';
import { ownCopy } from './own-copy.js';
import { listsOption } from './request-checks.js';
import { requestText } from './requests.js';
import { countReceivedAgain, countSentAgain } from './stats.js';
import type { Peer, TransportErrorListener } from './transport.js';

/** Told before any response: the request as it left, or why it could not; when, where that was not just now. */
export type SentListener = (
  error: string | null,
  id: string,
  text: string,
  peer: Peer,
  head: RequestHead | null,
  sentMs?: number,
) => void;

/** More branches than any proxy forks to; the other side chooses their tags. */
const MAX_BRANCHES = 32;

/** What becomes of an answer to an INVITE of ours. */
export type Acceptance =
  /** It made or changed a dialog, and is to be acknowledged. */
  | 'taken'
  /** It came again, or from a further branch: done with. */
  | 'absorbed'
  /** Nobody wanted it (any more): it was acknowledged and hung up. */
  | 'refused';

/** What the responses to an INVITE make (RFC 3261 12.1.2, 13.2.2): early dialogs, dialogs, ACKs. */
export class InviteAnswers {
  constructor(
    private readonly core: Core,
    private readonly hangUp: (dialog: Dialog) => void,
  ) {}

  /**
   * A provisional response with a To tag: makes an early dialog (RFC 3261 12.1.2). `false` for a reliable one that is
   * repeated or out of order, which the application must not hear of (RFC 3262 4).
   */
  progress(context: ClientContext, head: RequestHead, response: SipMessage): boolean {
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

  dropEarly(context: ClientContext): void {
    if (context.early === null) return;
    for (const dialog of context.early) if (dialog.early) this.core.dialogs.remove(dialog);
    context.early = null;
  }

  /** Takes a 2xx. `unwanted`: the INVITE was cancelled. */
  accept(context: ClientContext, head: RequestHead, response: SipMessage, unwanted: boolean): Acceptance {
    const tag = response.toTag ?? '';
    if (context.acceptedTag !== null) {
      const known = context.acceptedTag === tag ? (context.refused?.get(tag) ?? context) : context.refused?.get(tag);
      if (known === undefined) this.refuse(context, head, response);
      else if (known.ack) repeatAck(this.core, head, known);
      else known.acksOwed++;
      return 'absorbed';
    }
    context.acceptedTag = ownCopy(tag);
    if (unwanted && context.dialog === null) {
      this.refuse(context, head, response);
      this.dropEarly(context);
      return 'refused';
    }
    if (context.dialog !== null) context.dialog.refreshTarget(response);
    else {
      const early = earlyOf(context, response.toTag);
      context.dialog = early ?? uacDialog(head, response);
      if (early) {
        early.settleBy(response);
        settleOwn(early, 'INVITE');
      } else this.core.dialogs.add(context.dialog);
      this.core.dialogs.confirm(context.dialog);
    }
    context.dialog.acceptedCseq = head.cseq;
    context.dialog.context = context;
    return 'taken';
  }

  /** ACK and BYE for an answer that nobody wants (any more); once, however often it comes. */
  private refuse(context: ClientContext, head: RequestHead, response: SipMessage): void {
    const tag = response.toTag ?? '';
    context.refused ??= new Map();
    if (context.refused.size >= MAX_BRANCHES) return;
    const early = earlyOf(context, response.toTag);
    if (early) this.core.dialogs.remove(early);
    // Of an INVITE that was accepted the head is empty by now: the answer tells whose it is.
    const from = response.header('from')!;
    const dialog = uacDialog(head.from === '' ? { ...head, from, requestUri: uriOf(from) } : head, response);
    const acknowledged: Acknowledged = { ack: null, ackPeer: null, acksOwed: 0, credentials: context.credentials };
    context.refused.set(tag, acknowledged);
    dialog.context = acknowledged;
    dialog.localCseq = Math.max(dialog.localCseq, early?.localCseq ?? 0);
    dialog.acceptedCseq = dialog.inviteCseq;
    this.acknowledge(dialog, '', '', () => {});
    this.hangUp(dialog);
  }

  /** Acknowledges the 2xx of the dialog's last INVITE; the ACK is kept for as long as the 2xx may come again. */
  acknowledge(dialog: Dialog, headerLines: string, body: string, sent: SentListener): void {
    const { head, hop } = this.core.headWithin(dialog, 'ACK', dialog.acceptedCseq);
    const id = this.core.ids.uuid();
    this.core.locate(hop, (peers, failure) => {
      if (failure) {
        sent(failure.reason, id, requestText(head, headerLines, body), NOWHERE, head);
        return;
      }
      const kept = dialog.context as Acknowledged | null;
      const lines = kept ? kept.credentials + headerLines : headerLines;
      const text = new AckFlight(this.core, head, lines, body, peers, kept).next()!;
      sent(null, id, text, peers[0], head);
    });
  }
}

function repeatAck(core: Core, head: RequestHead, { ack, ackPeer }: Acknowledged): void {
  countSentAgain(core.layer.stats, 'ACK');
  core.layer.transmit(ack!, ackPeer!, head.callId, null);
}

/** An ACK belongs to no transaction: where its target cannot be reached the next one gets it (RFC 3263 4.3). */
class AckFlight implements TransportErrorListener {
  private index = 0;

  constructor(
    private readonly core: Core,
    private head: RequestHead,
    private readonly headerLines: string,
    private readonly body: string,
    private readonly peers: readonly Peer[],
    private readonly kept: Acknowledged | null,
  ) {}

  /** Sends it to the next target. Returns the text; `null` when there is none left. */
  next(): string | null {
    if (this.index >= this.peers.length) return null;
    const { core, kept } = this;
    const peer = this.peers[this.index];
    if (this.index++ > 0) this.head = core.headAnew(this.head, peer);
    else core.address(this.head, peer);
    const { head } = this;
    const text = requestText(head, this.headerLines, this.body);
    const message = Buffer.from(text, 'latin1');
    if (kept) {
      kept.ack = message;
      kept.ackPeer = peer;
    }
    core.layer.transmit(message, peer, head.callId, this.peers.length > this.index ? this : null);
    for (; kept && kept.acksOwed > 0; kept.acksOwed--) repeatAck(core, head, kept);
    return text;
  }

  onTransportError(_reason: string): void {
    this.next();
  }
}
