import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ChurnMap } from '../core/churn-map.js';
import type { RequestHead } from '../sip/client-transaction.js';
import type { UserAgentHandler } from '../sip/core.js';
import { type Dialog, dialogName } from '../sip/dialog.js';
import { tagOf } from '../sip/header-values.js';
import type { SipMessage } from '../sip/message.js';
import type { Refusal } from '../sip/request-checks.js';
import type { ServerTransaction } from '../sip/server-transaction.js';
import type { Peer } from '../sip/transport.js';
import type { UserAgent } from '../sip/user-agent.js';
import { type ApplicationLink, FramedLink } from './application-link.js';
import { CdrPost } from './cdr.js';
import { type ApplicationAddress, connectOut } from './outbound.js';
import { Session } from './session.js';
import { answerUntaken } from './untaken.js';

export interface EmbeddedServerOptions {
  secret: string;
  /** An application to connect to for each new request, in place of those that are connected. */
  routeTo?: ApplicationAddress;
}

const NOBODY: Refusal = { status: 503, phrase: 'Service Unavailable', lines: '' };

/**
 * A drachtio server without a process of its own: speaks drachtio's wire protocol to applications on one side and
 * hands their messages to a SIP user agent on the other.
 */
export class EmbeddedServer implements UserAgentHandler {
  private readonly sessions: Session[] = [];
  readonly cdr = new CdrPost(this.sessions);
  private nextSession = 0;
  /** Connections to applications. */
  private readonly outgoing = new Set<Socket>();
  /** Which application sent a request that has no final response yet. */
  private readonly requests = new ChurnMap<string, Session>();
  /** Requests that wait for an application's answer. */
  private readonly pending = new ChurnMap<string, ServerTransaction>();

  constructor(
    readonly agent: UserAgent,
    private readonly options: EmbeddedServerOptions,
  ) {
    agent.handler = this;
    agent.proxy.onPassing = (request) => {
      if (request.method === 'BYE') this.cdr.stop('network', 'normal-release', request.text);
    };
  }

  /** Takes an application's connection. It gets the requests whose verbs it asked for. */
  accept(stream: Duplex): Session {
    return this.attach(new FramedLink(stream, this.agent.ids), () => false);
  }

  /** The same over another link. It also gets the requests that `takesBesides` says: in listen mode srf asks for none. */
  attach(link: ApplicationLink, takesBesides: (method: string) => boolean): Session {
    const session = new Session(this, link, this.options.secret, takesBesides);
    this.sessions.push(session);
    return session;
  }

  drop(session: Session): void {
    const i = this.sessions.indexOf(session);
    if (i >= 0) this.sessions.splice(i, 1);
    for (const [id, owner] of this.requests.entries()) {
      if (owner !== session) continue;
      this.requests.delete(id);
      this.agent.abandon(id);
    }
    this.agent.abandonOf(session);
    for (const [id, transaction] of this.pending.entries()) {
      if (transaction.owner !== session) continue;
      this.pending.delete(id);
      const { text } = this.agent.respond(transaction, 503, 'Service Unavailable', '', '', null);
      if (transaction.isInvite) this.cdr.stop('application', 'call-rejected', text);
    }
  }

  /** Remembers who sent a request, so that its responses find the way back. */
  own(id: string, session: Session): void {
    this.requests.set(id, session);
  }

  waiting(id: string): ServerTransaction | undefined {
    return this.pending.get(id);
  }

  answered(id: string): void {
    this.pending.delete(id);
  }

  onRequest(transaction: ServerTransaction, request: SipMessage, dialog: Dialog | null): void {
    const { method } = request;
    if (method === 'INVITE' && dialog === null) this.cdr.attempt('network', request.text);
    else if (method === 'BYE') this.cdr.stop('network', 'normal-release', request.text);
    const owner = dialog?.owner as Session | null | undefined;
    if (dialog === null && this.options.routeTo) {
      this.routeOut(transaction, request, this.options.routeTo);
      return;
    }
    const session = owner ? this.heir(owner) : this.choose(method);
    if (session === null && owner) {
      this.agent.respond(transaction, 481, 'Call/Transaction Does Not Exist', '', '', null);
      return;
    }
    if (session === null) {
      this.answerAlone(transaction, method);
      return;
    }
    if (dialog && owner) dialog.owner = session;
    transaction.owner = session;
    if (transaction.finalStatus === 0) this.pending.set(transaction.id, transaction);
    session.deliver(request, transaction.source, transaction.id, dialog?.name ?? '', dialog === null);
  }

  /** No application takes a request, or there is none at all. */
  private answerAlone(transaction: ServerTransaction, method: string): void {
    const { status, phrase, lines } = this.sessions.some(({ isAuthenticated }) => isAuthenticated)
      ? answerUntaken(method, (name) => this.sessions.some((session) => session.takes(name)))
      : NOBODY;
    const { text } = this.agent.respond(transaction, status, phrase, lines, '', null);
    if (method === 'INVITE') this.cdr.stop('application', 'call-rejected', text);
  }

  /** A connection of its own for a new request; 480 when the application cannot be had. */
  private routeOut(transaction: ServerTransaction, request: SipMessage, address: ApplicationAddress): void {
    const socket = connectOut(this, address, (session) => {
      if (transaction.request === null) {
        socket.destroy();
        return;
      }
      if (session === null) {
        const { text } = this.agent.respond(transaction, 480, 'Temporarily Unavailable', '', '', null);
        if (transaction.isInvite) this.cdr.stop('application', 'call-rejected', text);
        return;
      }
      transaction.owner = session;
      this.pending.set(transaction.id, transaction);
      session.deliver(request, transaction.source, transaction.id, '', true);
    });
    this.outgoing.add(socket);
    socket.on('close', () => this.outgoing.delete(socket));
  }

  onServerEnd(transaction: ServerTransaction): void {
    this.pending.delete(transaction.id);
  }

  onAck(ack: SipMessage, peer: Peer, dialog: Dialog): void {
    const owner = dialog.owner as Session | null;
    const session = owner && this.heir(owner);
    session?.deliver(ack, peer, this.agent.ids.uuid(), dialog.name, false);
  }

  onCancel(cancel: SipMessage, invite: ServerTransaction, peer: Peer): void {
    this.pending.delete(invite.id);
    if (cancel.toTag === null) this.cdr.stop('network', 'call-canceled', cancel.text);
    const session = invite.owner as Session | null;
    session?.deliver(cancel, peer, invite.id, '', false);
  }

  onResponse(id: string, head: RequestHead, response: SipMessage, peer: Peer, dialog: Dialog | null): void {
    const session = this.requests.get(id);
    if (head.method === 'INVITE' && response.status >= 200 && tagOf(head.to) === null)
      this.cdr.outcome('network', 'uac', response.status, response.text);
    if (session === undefined) return;
    if (response.status >= 200) this.requests.delete(id);
    let name = '';
    if (head.method === 'INVITE' || response.toTag !== null) name = this.nameFor(head, response, session, dialog);
    session.deliver(response, peer, id, name, false);
  }

  onUnsolicitedBye(dialog: Dialog, bye: string, peer: Peer): void {
    this.cdr.stop('application', 'system-initiated-termination', bye);
    (dialog.owner as Session | null)?.deliverOwn(bye, peer, 'unsolicited', dialog.name);
  }

  /** The dialog id that goes with a response: by it the application will name the dialog. */
  private nameFor(head: RequestHead, response: SipMessage, session: Session, known: Dialog | null): string {
    const localTag = known ? known.localTag : (tagOf(head.from) ?? '');
    const dialog = known ?? this.agent.findDialog(head.callId, localTag, response.toTag ?? '');
    if (dialog) {
      dialog.owner = session;
      return dialog.name;
    }
    return head.method === 'INVITE' ? dialogName(head.callId, localTag) : '';
  }

  /**
   * An application broke on a message, of which this is the line before it: a request is answered, and a call of which it
   * will never know is hung up.
   */
  giveUpOn(line: string): void {
    const [, type, source, , , , , , transactionId, dialogId] = line.split('|');
    if (type !== 'sip' || source !== 'network') return;
    const transaction = this.pending.get(transactionId);
    if (transaction) {
      this.answered(transactionId);
      this.agent.respond(transaction, 500, 'Server Internal Error', '', '', null);
      return;
    }
    const dialog = this.agent.dialogNamed(dialogId);
    if (dialog === undefined || dialog.role !== 'uac' || dialog.acceptedCseq !== dialog.inviteCseq) return;
    this.agent.acknowledge(dialog, '', '', () => {});
    this.agent.sendWithin(dialog, 'BYE', '', '', null, () => {});
  }

  /** Who serves an application's dialogs: itself, or once its connection is gone, one that gave the same tag. */
  private heir(owner: Session): Session | null {
    if (this.sessions.includes(owner)) return owner;
    return this.sessions.find((session) => session.sharesTag(owner)) ?? null;
  }

  /** Round robin among the applications that take the method. */
  private choose(method: string): Session | null {
    const count = this.sessions.length;
    for (let i = 0; i < count; i++) {
      const session = this.sessions[(this.nextSession + i) % count];
      if (session.takes(method)) {
        this.nextSession = (this.nextSession + i + 1) % count;
        return session;
      }
    }
    return null;
  }

  close(): void {
    for (const session of [...this.sessions]) session.close();
    for (const socket of this.outgoing) socket.destroy();
  }
}
