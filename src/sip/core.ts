import type { ClientUser, RequestHead } from './client-transaction.js';
import { addressing, type Dialog } from './dialog.js';
import { DialogTable } from './dialog-table.js';
import type { IdSource } from './ids.js';
import type { SipMessage } from './message.js';
import { requestText } from './requests.js';
import { Resolver } from './resolver.js';
import type { ServerTransaction } from './server-transaction.js';
import type { TransactionLayer } from './transaction-layer.js';
import type { Peer, Protocol, Transport } from './transport.js';
import type { TransportSet } from './transport-set.js';
import { defaultPort, parseSipUri, type SipUri } from './uri.js';

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

/** Why a request could not leave: the caller's mistake, or the network's fault. */
export interface LocateFailure {
  kind: 'mistake' | 'transport';
  reason: string;
}

/** What both halves of the core share: the way to the wire, names, and the dialogs. */
export class Core {
  readonly ids: IdSource;
  readonly dialogs = new DialogTable();
  handler!: UserAgentHandler;
  closed = false;
  /** The first transport, for whatever names none. */
  readonly transport: Transport;
  /** `host:port` under which others reach us over the first transport. */
  readonly sentBy: string;

  private readonly resolver = new Resolver();

  constructor(
    readonly layer: TransactionLayer,
    readonly transports: TransportSet,
  ) {
    this.ids = layer.ids;
    this.transport = transports.first;
    this.sentBy = transports.sentBy(this.transport);
  }

  /** Writes into a request's Via the transport by which it goes to that peer (RFC 3261 18.1.1). */
  address(head: RequestHead, peer: Peer): void {
    const { transport } = peer;
    if (transport && transport !== this.transport) head.via = this.transports.via(transport, head.branch);
  }

  /** The transport that a URI asks for by scheme or parameter (RFC 3263 4.1): UDP where it asks for none and we have it. */
  protocolFor(uri: SipUri): Protocol {
    if (uri.scheme === 'sips') return 'tls';
    if (uri.transport !== null) return uri.transport as Protocol;
    return this.transports.find('udp') ? 'udp' : this.transport.protocol;
  }

  /** The head of a new request, with a branch of its own. */
  head(
    method: string,
    requestUri: string,
    from: string,
    to: string,
    callId: string,
    cseq: number,
    routes: readonly string[],
  ): RequestHead {
    const branch = this.ids.branch();
    const via = this.transports.via(this.transport, branch);
    return { method, requestUri, via, branch, from, to, callId, cseq, routes };
  }

  /** The head of a request within a dialog, and the URI that decides where it goes. */
  headWithin(dialog: Dialog, method: string, cseq: number): { head: RequestHead; hop: string } {
    const { requestUri, routes, hop } = addressing(dialog);
    const { localParty, remoteParty, callId } = dialog;
    return { head: this.head(method, requestUri, localParty, remoteParty, callId, cseq, routes), hop };
  }

  /** Finds where a URI leads. Numeric hosts are answered before this returns. */
  locate(hop: string, done: (peer: Peer | null, failure: LocateFailure) => void): void {
    const uri = parseSipUri(hop);
    if (uri === null) {
      done(null, { kind: 'mistake', reason: 'invalid request-uri' });
      return;
    }
    const protocol = this.protocolFor(uri);
    const any = this.transports.find(protocol);
    if (any === null) {
      done(null, { kind: 'mistake', reason: 'requested protocol/transport not available' });
      return;
    }
    const port = uri.port ?? defaultPort(protocol);
    this.resolver.resolve(uri.maddr ?? uri.host, any.local.address.includes(':') ? 6 : 4, (address, reason) => {
      if (this.closed) return;
      const transport = address === null ? null : this.transports.find(protocol, address);
      if (address === null) done(null, { kind: 'transport', reason });
      else if (transport === null)
        done(null, { kind: 'mistake', reason: 'requested protocol/transport not available' });
      else done({ address, port, transport }, { kind: 'transport', reason });
    });
  }

  /** A BYE of the core's own accord. Returns its text. */
  hangUp(dialog: Dialog, headerLines: string): string {
    const { head, hop } = this.headWithin(dialog, 'BYE', ++dialog.localCseq);
    let text = requestText(head, headerLines, '');
    this.locate(hop, (peer) => {
      if (peer === null) return;
      this.address(head, peer);
      text = requestText(head, headerLines, '');
      this.layer.request(SILENT_USER, head, Buffer.from(text, 'latin1'), peer, '');
    });
    return text;
  }
}

/** Stands where no address is known. */
export const NOWHERE: Peer = { address: '0.0.0.0', port: 0 };

/** For requests whose fate nobody waits for. */
export const SILENT_USER: ClientUser = {
  onResponse() {},
  onTimeout() {},
  onTransportError() {},
  onClientEnd() {},
};
