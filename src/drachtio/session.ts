import { systemClock } from '../core/clock.js';
import type { Dialog } from '../sip/dialog.js';
import { parseMessage, type SipMessage } from '../sip/message.js';
import { withTag } from '../sip/requests.js';
import type { Peer } from '../sip/transport.js';
import { applicationLines, bracketed, replaceLocalhost } from './app-message.js';
import type { ApplicationLink, Carried, SentParts } from './application-link.js';
import type { EmbeddedServer } from './embedded-server.js';
import { readProxyOrder } from './proxy-order.js';
import { timeOfDay } from './time-of-day.js';

/** What srf reads as the version of the server; pings need 0.8.2. */
const VERSION = 'v0.8.26';
const CRLF = '\r\n';
/** Requests that carry a Contact (RFC 3261 table 2 and extensions). REGISTER's is the application's business. */
const NEEDS_CONTACT = new Set(['INVITE', 'SUBSCRIBE', 'UPDATE', 'REFER', 'NOTIFY']);

/** One application's connection: reads its payloads, answers them, and brings it what the network sent. */
export class Session {
  private readonly verbs = new Set<string>();
  private readonly tags = new Set<string>();
  private authenticated = false;
  /** Called once, after the application was told that its secret is right. */
  onAuthenticated: () => void = () => {};
  private closed = false;

  constructor(
    private readonly server: EmbeddedServer,
    private readonly link: ApplicationLink,
    private readonly secret: string,
    private readonly takesBesides: (method: string) => boolean,
  ) {
    link.onPayload = (payload) => this.receive(payload);
    link.onClosed = () => this.forget();
  }

  /** Whether the application gave the secret. */
  get isAuthenticated(): boolean {
    return this.authenticated;
  }

  /** Whether it may speak for dialogs of that other application: both name themselves by a tag, and share one. */
  sharesTag(other: Session): boolean {
    for (const tag of this.tags) if (other.tags.has(tag)) return true;
    return false;
  }

  /** Whether requests of that method shall come here. */
  takes(method: string): boolean {
    return this.authenticated && (this.verbs.has(method.toLowerCase()) || this.takesBesides(method));
  }

  /** Whether it asked for that verb by name. */
  asksFor(verb: string): boolean {
    return this.authenticated && this.verbs.has(verb);
  }

  /** Brings a call detail record. */
  deliverRecord(record: string, source: string, tail: string, message: string): void {
    this.send(`${record}|${source}|${timeOfDay(systemClock.now())}${tail}`, message);
  }

  /** Brings a message of the network. `fresh`: a request outside any dialog, which also tells where it came in. */
  deliver(message: SipMessage, peer: Peer, transactionId: string, dialogId: string, fresh: boolean): void {
    const { agent } = this.server;
    const local = peer.transport?.local ?? agent.local;
    const tail = fresh ? `${local.address}|${local.port}|` : '';
    const carried = this.link.received(message);
    this.send(
      `sip|${this.meta('network', carried.length, peer, message.arrivalMs)}|${transactionId}|${dialogId}|${tail}`,
      carried,
    );
  }

  /** Brings a request that the server itself sent to the network. */
  deliverOwn(text: string, peer: Peer, transactionId: string, dialogId: string): void {
    this.send(
      `sip|${this.meta('application', text.length, peer)}|${transactionId}|${dialogId}|`,
      this.link.sent(text, null),
    );
  }

  close(): void {
    this.forget();
    this.link.end();
  }

  private forget(): void {
    if (this.closed) return;
    this.closed = true;
    this.server.drop(this);
  }

  private receive(payload: string): void {
    if (this.closed) return;
    const end = payload.indexOf(CRLF);
    const tokens = (end < 0 ? payload : payload.slice(0, end)).split('|');
    const body = end < 0 ? '' : payload.slice(end + 2);
    const [messageId, type] = tokens;
    if (tokens.length < 2) {
      this.refuse(messageId, 'Invalid message format');
      return;
    }
    if (!this.authenticated && type !== 'authenticate') {
      this.refuse(messageId, 'not authenticated');
      return;
    }
    switch (type) {
      case 'authenticate':
        this.authenticate(messageId, tokens[2] ?? '', tokens[3] ?? '');
        break;
      case 'route':
        this.verbs.add((tokens[2] ?? '').toLowerCase());
        this.reply(messageId, 'OK');
        break;
      case 'remove_route':
        this.verbs.delete((tokens[2] ?? '').toLowerCase());
        this.reply(messageId, 'OK');
        break;
      case 'ping':
        this.reply(messageId, 'OK|pong');
        break;
      case 'sip':
        this.sip(messageId, tokens[2] ?? '', tokens[3] ?? '', tokens[4] ?? '', body);
        break;
      case 'proxy':
        this.proxy(messageId, tokens, body);
        break;
      default:
        this.refuse(messageId, 'Unknown message type');
    }
  }

  private authenticate(messageId: string, secret: string, tags: string): void {
    if (secret !== this.secret) {
      this.refuse(messageId, 'incorrect secret');
      return;
    }
    this.authenticated = true;
    for (const tag of tags.split(',')) if (tag.trim() !== '') this.tags.add(tag.trim());
    const { agent } = this.server;
    const { local } = agent;
    this.reply(
      messageId,
      `OK|${agent.protocol}/${agent.hostPort}|${VERSION}|${agent.protocol}/${local.address}:${local.port}`,
    );
    this.onAuthenticated();
  }

  private sip(messageId: string, transactionId: string, dialogId: string, proxy: string, text: string): void {
    const message = parseMessage(text);
    if (message === null) {
      this.reply(messageId, 'NOK|unable to parse the SIP message');
      return;
    }
    if (!message.isRequest) this.respond(messageId, transactionId, message);
    else if (message.method === 'CANCEL') this.cancel(messageId, transactionId, message);
    else if (dialogId !== '') this.within(messageId, dialogId, message);
    else {
      const dialog = this.dialogOf(message);
      if (dialog) this.sendWithin(messageId, dialog, message);
      else this.request(messageId, proxy, message);
    }
  }

  /** A request outside any dialog. */
  private request(messageId: string, proxy: string, message: SipMessage): void {
    const { agent } = this.server;
    const { method, requestUri } = message;
    const host = agent.advertised.address;
    const hop = proxy === '' || proxy === 'undefined' ? null : proxy;
    const contact = hasContact(message) ? agent.contactTowards(hop ?? requestUri) : null;
    const lines = this.lines(message, contact, NEEDS_CONTACT.has(method));
    if (lines === null) {
      this.reply(messageId, 'NOK|missing content-type');
      return;
    }
    const from = message.header('from') ?? message.header('contact') ?? `<sip:${agent.hostPort}>`;
    const to = message.header('to') ?? `<${requestUri}>`;
    agent.send(
      {
        method,
        requestUri,
        from: withTag(bracketed(replaceLocalhost(from, host)), () => agent.ids.tag()),
        to: bracketed(replaceLocalhost(to, host)),
        callId: message.callId || agent.ids.callId(),
        cseq: message.cseqNumber >= 0 ? message.cseqNumber : 1,
        headerLines: lines,
        body: message.body,
        proxy: hop,
      },
      (error, id, sent, peer, head, sentMs) => {
        if (method === 'INVITE' && error === null) this.server.cdr.attempt('application', sent);
        const parts = head && { head, headerLines: lines, body: message.body };
        this.sent(messageId, error, id, sent, parts, peer, true, sentMs);
      },
    );
  }

  /** A request within a dialog that the application named. */
  private within(messageId: string, dialogId: string, message: SipMessage): void {
    const dialog = this.server.agent.dialogNamed(dialogId);
    if (dialog === undefined) {
      this.reply(messageId, `NOK|unable to find dialog for dialog id ${dialogId}`);
      return;
    }
    this.sendWithin(messageId, dialog, message);
  }

  private sendWithin(messageId: string, dialog: Dialog, message: SipMessage): void {
    const { agent } = this.server;
    const { method } = message;
    const contact = hasContact(message) ? agent.contactWithin(dialog) : null;
    const lines = this.lines(message, contact, NEEDS_CONTACT.has(method));
    if (lines === null) {
      this.reply(messageId, 'NOK|missing content-type');
      return;
    }
    dialog.owner = this;
    if (method === 'ACK') {
      if (dialog.acceptedCseq !== dialog.inviteCseq) {
        this.reply(messageId, 'NOK|ACK for non-success responses is automatically generated by the stack');
        return;
      }
      agent.acknowledge(dialog, lines, message.body, (error, id, sent, peer) => {
        if (error !== null || this.link.confirmsAcks) this.sent(messageId, error, id, sent, null, peer, false);
      });
      return;
    }
    const cseq = message.cseqNumber >= 0 ? message.cseqNumber : null;
    agent.sendWithin(dialog, method, lines, message.body, cseq, (error, id, sent, peer, head) => {
      if (method === 'BYE' && error === null) this.server.cdr.stop('application', 'normal-release', sent);
      const parts = head && { head, headerLines: lines, body: message.body };
      this.sent(messageId, error, id, sent, parts, peer, true);
    });
  }

  private cancel(messageId: string, transactionId: string, message: SipMessage): void {
    const { agent } = this.server;
    const invite = agent.inviteById(transactionId);
    if (invite === undefined || (invite.state !== 'calling' && invite.state !== 'proceeding')) {
      this.reply(messageId, `NOK|unable to cancel unknown transaction id: ${transactionId}`);
      return;
    }
    const { text, peer } = agent.cancel(invite, this.lines(message, null) ?? '');
    this.sent(messageId, null, agent.ids.uuid(), text, null, peer, false);
  }

  private respond(messageId: string, transactionId: string, message: SipMessage): void {
    if (transactionId === '') {
      this.refuse(messageId, 'transaction id missing');
      return;
    }
    const { server } = this;
    const transaction = server.waiting(transactionId);
    if (transaction === undefined) {
      this.reply(messageId, 'NOK|Response not sent due to unknown transaction');
      return;
    }
    const { status } = message;
    const { isInvite, method } = transaction;
    const needsContact = (isInvite || method === 'SUBSCRIBE' || method === 'UPDATE') && status > 100 && status < 300;
    const contact = needsContact || message.has('contact') ? server.agent.contactFor(transaction) : null;
    const lines = this.lines(message, contact, needsContact);
    if (lines === null) {
      this.reply(messageId, 'NOK|missing content-type');
      return;
    }
    if (status >= 200) server.answered(transactionId);
    const { agent } = server;
    const outside = isInvite && transaction.request?.toTag === null;
    const { text, dialog } = agent.respond(transaction, status, message.reason, lines, message.body, message.toTag);
    if (outside && status >= 200) server.cdr.outcome('application', 'uas', status, text);
    if (dialog) dialog.owner = this;
    const meta = this.meta('application', text.length, transaction.peer);
    this.send(
      `response|${messageId}|OK|${meta}|${transactionId}|${dialog?.name ?? ''}||Msg sent:|`,
      this.link.sent(text, null),
    );
  }

  /** A request of the network that shall go on to other targets. */
  private proxy(messageId: string, tokens: readonly string[], text: string): void {
    const order = readProxyOrder(tokens, text, (message) => this.lines(message, null) ?? '');
    if (order === null) {
      this.refuse(messageId, 'Invalid proxy request: not enough information provided');
      return;
    }
    const { server } = this;
    const transaction = server.waiting(order.transactionId);
    if (transaction === undefined) {
      this.reply(messageId, `NOK|Unknown transaction id: ${order.transactionId}`);
      return;
    }
    server.answered(order.transactionId);
    const { isInvite } = transaction;
    server.agent.proxy.proxy(transaction, order.options, {
      onTried: (text) => isInvite && server.cdr.attempt('application', text),
      onForwarded: (status, text) => isInvite && server.cdr.outcome('application', 'proxy-uas', status, text),
      onProxied: (response, peer) => {
        if (response.status < 200) return;
        const { text } = response;
        if (isInvite) server.cdr.outcome('network', 'proxy-uac', response.status, text);
        if (!order.fullResponse) return;
        const meta = this.meta('network', text.length, peer, response.arrivalMs);
        this.send(`response|${messageId}|OK|${meta}|||continue`, text);
      },
      onProxyDone: () => this.reply(messageId, 'OK|done'),
    });
  }

  private sent(
    messageId: string,
    error: string | null,
    id: string,
    text: string,
    parts: SentParts | null,
    peer: Peer,
    awaits: boolean,
    sentMs: number | null = null,
  ): void {
    if (this.closed) return;
    if (error !== null) {
      this.reply(messageId, `NOK|${error}`);
      return;
    }
    if (awaits) this.server.own(id, this);
    const meta = this.meta('application', text.length, peer, sentMs);
    this.send(`response|${messageId}|OK|${meta}|${id}|Msg sent:|`, this.link.sent(text, parts));
  }

  private dialogOf(message: SipMessage): Dialog | undefined {
    const { toTag, fromTag } = message;
    if (toTag === null || fromTag === null) return undefined;
    return this.server.agent.findDialog(message.callId, fromTag, toTag);
  }

  private lines(message: SipMessage, contact: string | null, needsContact = false): string | null {
    const { agent } = this.server;
    return applicationLines(message, { host: agent.advertised.address, contact, needsContact });
  }

  private meta(source: 'network' | 'application', bytes: number, peer: Peer, atMs: number | null = null): string {
    return `${source}|${bytes}|${peer.transport?.protocol ?? this.server.agent.protocol}|${peer.address}|${peer.port}|${timeOfDay(atMs ?? systemClock.now())}`;
  }

  private reply(messageId: string, result: string): void {
    this.send(`response|${messageId}|${result}`, null);
  }

  /** A refusal after which a drachtio server hangs up. */
  private refuse(messageId: string, reason: string): void {
    this.reply(messageId, `NO|${reason}`);
    this.close();
  }

  private send(line: string, message: Carried | null): void {
    if (!this.closed) this.link.send(line, message);
  }
}

/** Whether a request goes with a Contact: it must have one, or the application gave one. */
function hasContact(request: SipMessage): boolean {
  return NEEDS_CONTACT.has(request.method) || request.has('contact');
}
