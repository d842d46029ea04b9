import { isIP } from 'node:net';
import type { ClientUser, RequestHead } from './client-transaction.js';
import { addressing, type Dialog } from './dialog.js';
import { DialogTable } from './dialog-table.js';
import type { Credentials } from './digest.js';
import type { IdSource } from './ids.js';
import type { SipMessage } from './message.js';
import { usableTransports } from './next-hop.js';
import { type Oversize, oversizeOf } from './oversize.js';
import { ownCopy } from './own-copy.js';
import { type LocateFailure, NO_TRANSPORT, type Resolver } from './resolver.js';
import type { ServerTransaction } from './server-transaction.js';
import type { TransactionLayer } from './transaction-layer.js';
import type { Peer, Transport } from './transport.js';
import type { TransportSet } from './transport-set.js';
import { parseSipUri } from './uri.js';

/** Next hops remembered; beyond that the memory starts anew. */
const MAX_KNOWN = 4096;

/** What the application is told. */
export interface UserAgentHandler {
  /** A new request; `dialog` when it belongs to one. Answer it with `respond`. */
  onRequest(transaction: ServerTransaction, request: SipMessage, dialog: Dialog | null): void;
  /** The first ACK of a 2xx. */
  onAck(ack: SipMessage, peer: Peer, dialog: Dialog): void;
  /** The caller gave up: the CANCEL and the INVITE are answered already. */
  onCancel(cancel: SipMessage, invite: ServerTransaction, peer: Peer): void;
  /** A response above 100 to the request `id`, and its dialog where that is known; a local one (408, 503, 487) has no To tag. */
  onResponse(id: string, head: RequestHead, response: SipMessage, peer: Peer, dialog: Dialog | null): void;
  /** A BYE that this side sent of its own accord: a 2xx was never acknowledged, or the session not refreshed. */
  onUnsolicitedBye(dialog: Dialog, bye: string, peer: Peer): void;
  /** A request's transaction is over: whether it was answered or not, it cannot be any more. */
  onServerEnd(transaction: ServerTransaction): void;
}

/** What both halves of the core share: the way to the wire, names, and the dialogs. */
export class Core {
  readonly ids: IdSource;
  readonly dialogs = new DialogTable();
  /** Our Contact and, for numeric hosts, the peers by the URI of the next hop: with them most requests need no more. */
  private readonly contacts = new Map<string, string>();
  private readonly numeric = new Map<string, readonly Peer[]>();
  handler!: UserAgentHandler;
  closed = false;
  /** Set before the first request. */
  oversize: Oversize = oversizeOf();
  /** For challenges to requests of its own: refreshes, and BYEs that no application sent. */
  credentials: Credentials | null = null;
  /** Shortest session interval that is taken, in seconds (RFC 4028 5). */
  minSessionS = 90;
  /** The first transport, for whatever names none. */
  readonly transport: Transport;
  /** `host:port` under which others reach us over the first transport. */
  readonly sentBy: string;

  constructor(
    readonly layer: TransactionLayer,
    readonly transports: TransportSet,
    private readonly resolver: Resolver,
  ) {
    this.ids = layer.ids;
    this.transport = transports.first;
    this.sentBy = transports.sentBy(this.transport);
  }

  /** Writes into a request's Via the transport by which it goes to that peer (RFC 3261 18.1.1). Tells whether it changed. */
  address(head: RequestHead, peer: Peer): boolean {
    const { transport } = peer;
    if (!transport || transport === this.transport) return false;
    head.via = this.transports.via(transport, head.branch);
    return true;
  }

  /** The Contact URI by which the far end of a request to `hop` reaches us. */
  contactTowards(hop: string): string {
    const known = this.contacts.get(hop);
    if (known !== undefined) return known;
    const contact = this.findContact(hop);
    if (this.contacts.size >= MAX_KNOWN) this.contacts.clear();
    this.contacts.set(ownCopy(hop), contact);
    return contact;
  }

  private findContact(hop: string): string {
    const uri = parseSipUri(hop);
    if (uri === null) return this.transports.contact(this.transport);
    const [protocol] = usableTransports(uri, this.transports.reach.transports);
    const host = uri.maddr ?? uri.host;
    const transport = protocol && this.transports.find(protocol, isIP(host) === 0 ? undefined : host);
    return this.transports.contact(transport || this.transport, uri.scheme === 'sips');
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

  /** The head of a request that is tried anew at another target: all the same but the Via (RFC 3263 4.3). */
  headAnew(head: RequestHead, peer: Peer): RequestHead {
    const branch = this.ids.branch();
    return { ...head, branch, via: this.transports.via(peer.transport ?? this.transport, branch) };
  }

  /** The head of a request within a dialog, and the URI that decides where it goes. */
  headWithin(dialog: Dialog, method: string, cseq: number): { head: RequestHead; hop: string } {
    const { requestUri, routes, hop } = addressing(dialog);
    const { localParty, remoteParty, callId } = dialog;
    return { head: this.head(method, requestUri, localParty, remoteParty, callId, cseq, routes), hop };
  }

  /**
   * Finds where a URI leads (RFC 3263): the peers in the order to try them, at least one unless there is a failure.
   * Numeric hosts are answered before this returns.
   */
  locate(hop: string, done: (peers: readonly Peer[], failure: LocateFailure | null) => void): void {
    const known = this.numeric.get(hop);
    if (known) {
      if (!this.closed) done(known, null);
      return;
    }
    const uri = parseSipUri(hop);
    if (uri === null) {
      done([], { kind: 'mistake', reason: 'invalid request-uri' });
      return;
    }
    this.resolver.locate(uri, (hops, failure) => {
      if (this.closed) return;
      const peers: Peer[] = [];
      const name = isIP(uri.host) === 0 ? uri.host.toLowerCase() : undefined;
      for (const { protocol, address, port } of hops) {
        const transport = this.transports.find(protocol, address);
        if (transport) peers.push({ address, port, name, transport });
      }
      if (peers.length > 0 && isIP(uri.maddr ?? uri.host) !== 0) {
        if (this.numeric.size >= MAX_KNOWN) this.numeric.clear();
        this.numeric.set(ownCopy(hop), peers);
      }
      done(peers, peers.length > 0 ? null : (failure ?? NO_TRANSPORT));
    });
  }
}

/** Stands where no address is known. */
export const NOWHERE: Peer = { address: '0.0.0.0', port: 0 };

/** For requests whose fate nobody waits for. */
export const SILENT_USER: ClientUser = {
  onResponse() {},
  onTimeout() {},
  onTransportError() {},
  onConnectionLost() {},
  onClientEnd() {},
};
