import { type Clock, systemClock } from '../core/clock.js';
import { AcceptedInvite } from './accepted-invite.js';
import type { ClientTransaction, ClientUser, RequestHead } from './client-transaction.js';
import { addressing, type Dialog, dialogKey, uacDialog, uasDialog } from './dialog.js';
import { tagOf } from './header-values.js';
import { IdSource } from './ids.js';
import { parseMessage, type SipMessage } from './message.js';
import { Resolver } from './resolver.js';
import { localResponse, plainResponse, responseHead } from './responses.js';
import type { ServerTransaction } from './server-transaction.js';
import type { SipStats } from './stats.js';
import { DEFAULT_TIMERS, type SipTimers } from './timer-values.js';
import { TransactionLayer, type TransactionUser } from './transaction-layer.js';
import type { Peer, Transport } from './transport.js';
import { UdpTransport } from './udp-transport.js';
import { hostPort, parseSipUri } from './uri.js';

/** What the application is told. */
export interface UserAgentHandler {
  /** A new request; `dialog` when it belongs to one. Answer it with `respond`. */
  onRequest(transaction: ServerTransaction, request: SipMessage, dialog: Dialog | null): void;
  /** The first ACK of a 2xx. */
  onAck(ack: SipMessage, peer: Peer, dialog: Dialog): void;
  /** The caller gave up: the CANCEL and the INVITE are answered already. */
  onCancel(cancel: SipMessage, invite: ServerTransaction, peer: Peer): void;
  /** A response above 100 to the request `id`; a local one (408, 503, 487) has no To tag. */
  onResponse(id: string, head: RequestHead, response: SipMessage, peer: Peer): void;
  /** A BYE that this side sent of its own accord, because a 2xx was never acknowledged. */
  onUnsolicitedBye(dialog: Dialog, bye: string, peer: Peer): void;
}

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

/** What the core keeps with an INVITE that it sent. */
interface ClientContext {
  dialog: Dialog | null;
  /** To tag of the 2xx that was taken. */
  acceptedTag: string | null;
  ack: Buffer | null;
  ackPeer: Peer | null;
}

/** Requests that mean nothing outside a dialog that we know (RFC 3261 12.2.2). */
const NEEDS_DIALOG = new Set(['INVITE', 'BYE', 'UPDATE', 'PRACK', 'INFO']);
const NEVER_FIRST = new Set(['BYE', 'UPDATE', 'PRACK']);
const REFRESHES_TARGET = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

export interface UserAgentOptions {
  address: string;
  port: number;
  /** What goes into Via and Contact instead of `address`. */
  advertise?: string;
  timers?: Partial<SipTimers>;
  clock?: Clock;
}

/** RFC 3261's user agent core, client and server: dialogs, ACK, CANCEL, repeated 2xx, on top of the transactions. */
export class UserAgent implements TransactionUser, ClientUser {
  readonly ids = new IdSource();
  handler!: UserAgentHandler;

  private readonly layer: TransactionLayer;
  private readonly resolver = new Resolver();
  private readonly dialogs = new Map<string, Dialog>();
  private readonly named = new Map<string, Dialog>();
  private readonly invites = new Map<string, ClientTransaction>();
  private readonly awaited = new Map<string, AcceptedInvite>();
  private transport!: Transport;
  private sentBy = '';
  private closed = false;

  private constructor(timers: SipTimers, clock: Clock) {
    this.layer = new TransactionLayer(timers, clock, this.ids);
    this.layer.user = this;
  }

  static async open(options: UserAgentOptions): Promise<UserAgent> {
    const agent = new UserAgent({ ...DEFAULT_TIMERS, ...options.timers }, options.clock ?? systemClock);
    const { address, port, advertise } = options;
    try {
      agent.use(await UdpTransport.open({ address, port, advertise, receiver: agent.layer }));
    } catch (error) {
      agent.layer.queue.close();
      throw error;
    }
    return agent;
  }

  private use(transport: Transport): void {
    this.transport = transport;
    this.layer.transport = transport;
    this.sentBy = hostPort(transport.advertised.address, transport.advertised.port);
  }

  get local(): Peer {
    return this.transport.local;
  }

  get advertised(): Peer {
    return this.transport.advertised;
  }

  get protocol(): string {
    return this.transport.protocol;
  }

  /** `host:port` under which others reach us. */
  get hostPort(): string {
    return this.sentBy;
  }

  /** The counters as they stand. */
  stats(): SipStats {
    const { stats } = this.layer;
    return { ...stats, timerExpiries: { ...stats.timerExpiries }, dialogs: this.dialogs.size };
  }

  /** A dialog by its name: Call-ID and the initiator's tag. */
  dialogNamed(name: string): Dialog | undefined {
    return this.named.get(name);
  }

  findDialog(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.dialogs.get(dialogKey(callId, localTag, remoteTag));
  }

  // ---- requests of ours

  /** Sends a request outside any dialog. */
  send(request: NewRequest, sent: SentListener): void {
    const { method, requestUri, from, to, callId, cseq } = request;
    const head = this.head(method, requestUri, from, to, callId, cseq, []);
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
    if (method === 'INVITE') dialog.inviteCseq = dialog.localCseq;
    const { requestUri, routes, hop } = addressing(dialog);
    const { localParty, remoteParty, callId } = dialog;
    const head = this.head(method, requestUri, localParty, remoteParty, callId, dialog.localCseq, routes);
    this.dispatch(head, headerLines, body, hop, dialog, sent);
  }

  /** Acknowledges the 2xx of the dialog's last INVITE; the ACK is kept for as long as the 2xx may come again. */
  acknowledge(dialog: Dialog, headerLines: string, body: string, sent: SentListener): void {
    const { requestUri, routes, hop } = addressing(dialog);
    const { localParty, remoteParty, callId, acceptedCseq } = dialog;
    const head = this.head('ACK', requestUri, localParty, remoteParty, callId, acceptedCseq, routes);
    const text = requestText(head, headerLines, body);
    const id = this.ids.uuid();
    this.locate(hop, (peer, reason) => {
      if (peer === null) {
        sent(reason, id, text, NOWHERE);
        return;
      }
      const message = Buffer.from(text, 'latin1');
      const context = dialog.context as ClientContext | null;
      if (context) {
        context.ack = message;
        context.ackPeer = peer;
      }
      this.layer.transmit(message, peer, null);
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
      (invite.context as ClientContext & { cancel?: Buffer }).cancel = Buffer.from(text, 'latin1');
      if (invite.state === 'proceeding') this.releaseCancel(invite);
    }
    return { text, peer: invite.peer };
  }

  private releaseCancel(invite: ClientTransaction): void {
    const context = invite.context as ClientContext & { cancel?: Buffer };
    if (invite.cancelSent || !context.cancel) return;
    invite.cancelSent = true;
    this.layer.request(SILENT_USER, { ...invite.head, method: 'CANCEL' }, context.cancel, invite.peer, '');
    context.cancel = undefined;
    invite.expectFinal();
  }

  private head(
    method: string,
    requestUri: string,
    from: string,
    to: string,
    callId: string,
    cseq: number,
    routes: readonly string[],
  ): RequestHead {
    const branch = this.ids.branch();
    const via = `SIP/2.0/${this.transport.protocol.toUpperCase()} ${this.sentBy};rport;branch=${branch}`;
    return { method, requestUri, via, branch, from, to, callId, cseq, routes };
  }

  private dispatch(
    head: RequestHead,
    headerLines: string,
    body: string,
    hop: string,
    dialog: Dialog | null,
    sent: SentListener,
  ): void {
    const text = requestText(head, headerLines, body);
    const id = this.ids.uuid();
    this.locate(hop, (peer, reason) => {
      if (peer === null) {
        sent(reason.startsWith('!') ? reason.slice(1) : null, id, text, NOWHERE);
        if (!reason.startsWith('!')) this.failLocally(id, head, 503, `transport: ${reason}`);
        return;
      }
      const context: ClientContext = { dialog, acceptedTag: null, ack: null, ackPeer: null };
      sent(null, id, text, peer);
      const transaction = this.layer.request(this, head, Buffer.from(text, 'latin1'), peer, id);
      transaction.context = context;
      if (head.method === 'INVITE') this.invites.set(id, transaction);
    });
  }

  /** An INVITE of ours that is under way or was accepted lately. */
  inviteById(id: string): ClientTransaction | undefined {
    return this.invites.get(id);
  }

  /** Finds where a URI leads; a reason that starts with `!` is the caller's mistake, any other a transport failure. */
  private locate(hop: string, done: (peer: Peer | null, reason: string) => void): void {
    const uri = parseSipUri(hop);
    if (uri === null) {
      done(null, '!invalid request-uri');
      return;
    }
    if (uri.scheme === 'sips' || (uri.transport !== null && uri.transport !== this.transport.protocol)) {
      done(null, '!requested protocol/transport not available');
      return;
    }
    const port = uri.port ?? 5060;
    const family = this.transport.local.address.includes(':') ? 6 : 4;
    this.resolver.resolve(uri.maddr ?? uri.host, family, (address, reason) => {
      if (this.closed) return;
      done(address === null ? null : { address, port }, reason);
    });
  }

  onResponse(transaction: ClientTransaction, response: SipMessage, peer: Peer): void {
    const { head } = transaction;
    const { status } = response;
    const context = transaction.context as ClientContext;
    if (status < 200) {
      if (transaction.cancelWanted) this.releaseCancel(transaction);
      if (status > 100) this.handler.onResponse(transaction.id, head, response, peer);
      return;
    }
    if (status < 300) {
      if (head.method === 'INVITE' && !this.accept(transaction, context, response)) return;
      if (head.method === 'SUBSCRIBE' && context.dialog === null) this.add(uacDialog(head, response));
    }
    this.handler.onResponse(transaction.id, head, response, peer);
    // A challenged BYE is sent again within the same dialog.
    if (head.method === 'BYE' && context.dialog && status !== 401 && status !== 407) this.remove(context.dialog);
  }

  /** Takes a 2xx to an INVITE; `false` when the application must not hear of it. */
  private accept(transaction: ClientTransaction, context: ClientContext, response: SipMessage): boolean {
    const { head } = transaction;
    if (context.acceptedTag !== null) {
      if (context.acceptedTag === response.toTag) {
        if (context.ack) {
          this.layer.stats.retransmissionsSent++;
          this.layer.transmit(context.ack, context.ackPeer!, null);
        }
      } else this.refuseAnswer(uacDialog(head, response), null);
      return false;
    }
    context.acceptedTag = response.toTag ?? '';
    if (transaction.cancelWanted) {
      this.refuseAnswer(context.dialog ?? uacDialog(head, response), context);
      this.failLocally(transaction.id, head, 487, '200 after CANCEL');
      return false;
    }
    if (context.dialog === null) {
      context.dialog = uacDialog(head, response);
      this.add(context.dialog);
    } else context.dialog.refreshTarget(response);
    context.dialog.acceptedCseq = head.cseq;
    context.dialog.context = context;
    return true;
  }

  /** ACK and BYE for an answer that nobody wants (any more). */
  private refuseAnswer(dialog: Dialog, context: ClientContext | null): void {
    dialog.context = context;
    dialog.acceptedCseq = dialog.inviteCseq;
    this.acknowledge(dialog, '', '', () => {});
    const { requestUri, routes, hop } = addressing(dialog);
    const { localParty, remoteParty, callId } = dialog;
    const head = this.head('BYE', requestUri, localParty, remoteParty, callId, ++dialog.localCseq, routes);
    this.locate(hop, (peer) => {
      if (peer) this.layer.request(SILENT_USER, head, Buffer.from(requestText(head, '', ''), 'latin1'), peer, '');
    });
  }

  onTimeout(transaction: ClientTransaction, timer: 'B' | 'F' | 'abandon'): void {
    const cause = timer === 'abandon' ? 'no final response' : `Timer ${timer}`;
    this.failLocally(transaction.id, transaction.head, 408, cause);
    this.endWithFailedBye(transaction);
  }

  onTransportError(transaction: ClientTransaction, reason: string): void {
    this.failLocally(transaction.id, transaction.head, 503, `transport: ${reason}`);
    this.endWithFailedBye(transaction);
  }

  private endWithFailedBye(transaction: ClientTransaction): void {
    const context = transaction.context as ClientContext | null;
    if (transaction.head.method === 'BYE' && context?.dialog) this.remove(context.dialog);
  }

  onClientEnd(transaction: ClientTransaction): void {
    if (transaction.isInvite) this.invites.delete(transaction.id);
    const context = transaction.context as ClientContext | null;
    if (context?.dialog?.context === context && context?.dialog) context.dialog.context = null;
    transaction.context = null;
  }

  private failLocally(id: string, head: RequestHead, status: number, cause: string): void {
    const phrase = status === 408 ? 'Request Timeout' : status === 487 ? 'Request Terminated' : 'Service Unavailable';
    const response = parseMessage(localResponse(head, status, phrase, cause));
    if (response) this.handler.onResponse(id, head, response, this.transport.local);
  }

  // ---- requests of others

  onRequest(transaction: ServerTransaction): void {
    const request = transaction.request!;
    const { method } = request;
    if (method === 'CANCEL') {
      this.receiveCancel(transaction, request);
      return;
    }
    transaction.localTag = request.toTag ?? this.ids.tag();
    let dialog: Dialog | null = null;
    if (request.toTag !== null) {
      dialog = this.dialogs.get(dialogKey(request.callId, request.toTag, request.fromTag ?? '')) ?? null;
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
    this.handler.onRequest(transaction, request, dialog);
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
        this.add(dialog);
        transaction.context = dialog;
      }
      if (transaction.isInvite) {
        const awaited = new AcceptedInvite(
          this.layer,
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
      this.remove(dialog);
    return { text, dialog };
  }

  onAck(ack: SipMessage, peer: Peer): void {
    const key = dialogKey(ack.callId, ack.toTag ?? '', ack.fromTag ?? '');
    const awaited = this.awaited.get(key);
    if (awaited === undefined || awaited.cseq !== ack.cseqNumber) {
      if (this.dialogs.has(key)) this.layer.stats.retransmissionsReceived++;
      else this.layer.stats.strays++;
      return;
    }
    awaited.stop();
    this.awaited.delete(key);
    this.handler.onAck(ack, peer, awaited.dialog);
  }

  onAccepted(transaction: ServerTransaction, ack: SipMessage): void {
    this.onAck(ack, transaction.source);
  }

  onServerEnd(_transaction: ServerTransaction): void {}

  private receiveCancel(transaction: ServerTransaction, cancel: SipMessage): void {
    const invite = this.layer.findCancelled(cancel);
    if (invite === undefined) {
      transaction.localTag = this.ids.tag();
      this.answer(transaction, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    transaction.localTag = invite.localTag;
    this.answer(transaction, 200, 'OK');
    if (invite.state !== 'proceeding') return;
    this.answer(invite, 487, 'Request Terminated');
    this.handler.onCancel(cancel, invite, transaction.source);
  }

  private answer(transaction: ServerTransaction, status: number, reason: string): void {
    const text = plainResponse(transaction.request!, status, reason, transaction.localTag);
    transaction.respond(status, Buffer.from(text, 'latin1'));
  }

  private endUnacknowledged(dialog: Dialog): void {
    const { requestUri, routes, hop } = addressing(dialog);
    const { localParty, remoteParty, callId } = dialog;
    const head = this.head('BYE', requestUri, localParty, remoteParty, callId, ++dialog.localCseq, routes);
    const text = requestText(head, 'Reason: SIP;cause=200;text="ACK timeout"\r\n', '');
    this.remove(dialog);
    this.locate(hop, (peer) => {
      if (peer) this.layer.request(SILENT_USER, head, Buffer.from(text, 'latin1'), peer, '');
      this.handler.onUnsolicitedBye(dialog, text, peer ?? NOWHERE);
    });
  }

  private add(dialog: Dialog): void {
    this.dialogs.set(dialog.key, dialog);
    this.named.set(dialog.name, dialog);
  }

  private remove(dialog: Dialog): void {
    if (dialog.terminated) return;
    dialog.terminated = true;
    const { key } = dialog;
    this.dialogs.delete(key);
    this.awaited.get(key)?.stop();
    this.awaited.delete(key);
    if (this.named.get(dialog.name) === dialog) this.named.delete(dialog.name);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.layer.queue.close();
    await this.transport.close();
  }
}

const NOWHERE: Peer = { address: '0.0.0.0', port: 0 };

/** For requests whose fate nobody waits for. */
const SILENT_USER: ClientUser = {
  onResponse() {},
  onTimeout() {},
  onTransportError() {},
  onClientEnd() {},
};

/** A whole request (RFC 3261 8.1.1). */
export function requestText(head: RequestHead, headerLines: string, body: string): string {
  const { method, requestUri, via, from, to, callId, cseq, routes } = head;
  let text = `${method} ${requestUri} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\n`;
  for (const route of routes) text += `Route: ${route}\r\n`;
  return `${text}From: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n${headerLines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The tag of a From value, or a new one appended to it. */
export function withTag(value: string, tag: () => string): string {
  return tagOf(value) === null ? `${value};tag=${tag()}` : value;
}
