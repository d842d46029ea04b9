import { ChurnMap } from '../core/churn-map.js';
import type { Clock } from '../core/clock.js';
import { ClientTransaction, type ClientUser, type Departure, type RequestHead } from './client-transaction.js';
import { DepartureBook } from './departure-book.js';
import { stampVia } from './header-values.js';
import { type HeldRequest, HeldRequests } from './held-requests.js';
import type { IdSource } from './ids.js';
import { type MessageFault, parseMessage, type SipMessage } from './message.js';
import { checkMessage, isFlood } from './message-check.js';
import { plainResponse } from './responses.js';
import { ServerTransaction, type ServerUser } from './server-transaction.js';
import { SilentPeers } from './silent-peers.js';
import { emptyStats, type SipStats } from './stats.js';
import { TimerQueue } from './timer-queue.js';
import { deriveTimers, type SipTimers, type TimerTable } from './timer-values.js';
import type { TraceBook } from './trace.js';
import type { Peer, Transport, TransportErrorListener, TransportReceiver } from './transport.js';
import { defaultPort } from './uri.js';

/** The transaction user: RFC 3261's core. */
export interface TransactionUser extends ServerUser {
  /** A request that belongs to no transaction yet. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK that belongs to no INVITE transaction: that of a 2xx. */
  onAck(ack: SipMessage, peer: Peer): void;
}

/** Matches messages to transactions (RFC 3261 17.1.3, 17.2.3), makes new ones, and sends for them. */
export class TransactionLayer implements TransportReceiver {
  readonly timers: TimerTable;
  private readonly reliableTimers: TimerTable;
  readonly queue: TimerQueue;
  readonly stats: SipStats = emptyStats();
  /** When INVITEs are to leave that are made ahead of their time. */
  readonly departures: DepartureBook;
  /** Sends to peers that name no transport of their own. */
  transport!: Transport;
  /** `null` while the ports are being opened: what comes then is not heard. */
  user: TransactionUser | null = null;
  /** Set before the first message where calls are traced. */
  trace: TraceBook | null = null;
  /** Nothing is sent and nothing is heard, as if the line were dead. */
  silent = false;
  /** Messages that came meanwhile. */
  unheard = 0;

  private readonly clients = new ChurnMap<string, ClientTransaction>();
  private readonly servers = new ChurnMap<string, ServerTransaction>();
  private readonly silentPeers: SilentPeers;
  private readonly held: HeldRequests;

  constructor(
    timers: SipTimers,
    readonly clock: Clock,
    readonly ids: IdSource,
    queue?: TimerQueue,
  ) {
    this.held = new HeldRequests(clock);
    this.departures = new DepartureBook(clock, () => ids.callId());
    this.timers = deriveTimers(timers, false);
    this.reliableTimers = deriveTimers(timers, true);
    this.queue = queue ?? new TimerQueue(clock);
    this.silentPeers = new SilentPeers(
      clock,
      () => this.transport,
      (peer, reason) => this.refuse(peer, reason),
    );
  }

  /** The timers that hold on the way to a peer: over reliable transports nothing is sent again (RFC 3261 table 4). */
  timersFor(peer: Peer): TimerTable {
    return peer.transport?.reliable ? this.reliableTimers : this.timers;
  }

  /**
   * Sends a request in a transaction of its own; `context` is the user's, and there even where sending fails at once. With a
   * `departure` it leaves when that is due.
   */
  request(
    user: ClientUser,
    head: RequestHead,
    message: Buffer,
    peer: Peer,
    id: string,
    context: unknown = null,
    departure: Departure | null = null,
  ): ClientTransaction {
    const transaction = new ClientTransaction(this, user, head, message, peer, id);
    transaction.context = context;
    this.clients.set(clientKey(head.branch, head.method), transaction);
    this.stats.transactions++;
    if (transaction.isInvite) this.trace?.begin(head.callId);
    transaction.start(departure);
    return transaction;
  }

  /** Sends what belongs to no transaction (the ACK of a 2xx) or what a transaction asks to send. */
  transmit(message: Buffer, peer: Peer, callId: string, onError: TransportErrorListener | null): void {
    if (this.silent) return;
    this.noteSent(message, peer, callId, this.clock.now());
    const transport = peer.transport ?? this.transport;
    transport.send(message, peer.address, peer.port, onError, peer.connection, peer.name);
  }

  /** A message leaves, or has left. */
  noteSent(message: Buffer, peer: Peer, callId: string, atMs: number): void {
    this.stats.messagesSent++;
    this.trace?.note(callId, atMs, true, peer.transport ?? this.transport, peer, message);
  }

  /** Sends the request of a transaction when it is due: by the transport, where that does so by itself, or from here. */
  transmitAt(dueMs: number, message: Buffer, peer: Peer, transaction: ClientTransaction): void {
    if (this.silent || dueMs <= this.clock.now()) {
      transaction.onDue();
      return;
    }
    const transport = peer.transport ?? this.transport;
    if (!transport.depart?.(message, peer.address, peer.port, dueMs, transaction)) this.hold(dueMs, transaction);
  }

  /** Keeps a request here until it is due. */
  hold(dueMs: number, request: HeldRequest): void {
    this.held.hold(dueMs, request);
  }

  onMessage(data: Buffer, peer: Peer, arrivalMs: number): void {
    // As if it had come before the port was there: whoever sent it sends it again.
    if (this.user === null) return;
    if (!peer.transport?.reliable) this.silentPeers.hear(peer);
    if (isKeepAlive(data)) return;
    if (this.silent) {
      this.unheard++;
      return;
    }
    this.stats.messagesReceived++;
    const message = parseMessage(data.toString('latin1'));
    if (message === null || isFlood(message)) {
      this.stats.malformed++;
      return;
    }
    message.arrivalMs = arrivalMs;
    if (this.trace) this.noteReceived(this.trace, message, peer, data);
    const fault = checkMessage(message);
    if (fault !== null) {
      this.stats.malformed++;
      if (fault.answerable && message.isRequest && message.method !== 'ACK') this.reject(message, peer, fault);
      return;
    }
    if (message.isRequest) this.receiveRequest(message, peer);
    else this.receiveResponse(message, peer);
  }

  private noteReceived(trace: TraceBook, message: SipMessage, peer: Peer, data: Buffer | string): void {
    trace.note(message.callId, message.arrivalMs!, false, peer.transport ?? this.transport, peer, data);
  }

  /** Ends the requests that wait for a final response over that connection. */
  onConnectionLost(peer: Peer, reason: string): void {
    for (const transaction of this.clients.values()) {
      if (!transaction.isOut || transaction.peer.transport !== peer.transport) continue;
      const { address, port } = transaction.peer;
      if (port === peer.port && address === peer.address) transaction.onConnectionLost(reason);
    }
  }

  /** The INVITE transaction that a CANCEL means (RFC 3261 9.2). */
  findCancelled(cancel: SipMessage): ServerTransaction | undefined {
    return this.servers.get(serverKey(cancel, 'INVITE'));
  }

  /** ACK of a non-2xx final response (RFC 3261 17.1.1.3): same branch, To of the response. */
  acknowledgeFailure(transaction: ClientTransaction, response: SipMessage): void {
    const { head } = transaction;
    let text = `ACK ${head.requestUri} SIP/2.0\r\nVia: ${head.via}\r\nMax-Forwards: 70\r\n`;
    for (const route of head.routes) text += `Route: ${route}\r\n`;
    text += `From: ${head.from}\r\nTo: ${response.header('to')}\r\nCall-ID: ${head.callId}\r\nCSeq: ${head.cseq} ACK\r\nContent-Length: 0\r\n\r\n`;
    this.transmit(Buffer.from(text, 'latin1'), transaction.peer, head.callId, null);
  }

  /** The requests that were received and whose transactions are not over. */
  received(): ServerTransaction[] {
    return this.servers.values();
  }

  /** Ends our requests that have no final response, as if they could not be sent. */
  giveUpAll(reason: string): void {
    for (const transaction of this.clients.values()) transaction.giveUp(reason);
  }

  /** A request had to be repeated: asks whether anybody is there at all. */
  suspect(peer: Peer): void {
    if (!this.silent) this.silentPeers.suspect(peer);
  }

  /** Sends nothing that is due later, and wakes nobody any more. */
  close(): void {
    this.queue.close();
    this.held.close();
  }

  removeClient(transaction: ClientTransaction): void {
    if (this.clients.delete(clientKey(transaction.head.branch, transaction.head.method))) this.stats.transactions--;
  }

  removeServer(transaction: ServerTransaction): void {
    if (this.servers.delete(transaction.key)) this.stats.transactions--;
  }

  private receiveResponse(response: SipMessage, peer: Peer): void {
    const branch = response.topVia!.branch;
    const { cseqMethod } = response;
    const transaction = branch === null ? undefined : this.clients.get(clientKey(branch, cseqMethod));
    if (transaction?.head.method !== cseqMethod) {
      this.stats.strays++;
      return;
    }
    transaction.receive(response, peer);
  }

  private receiveRequest(request: SipMessage, peer: Peer): void {
    const { method } = request;
    const key = serverKey(request, method === 'ACK' ? 'INVITE' : method);
    const existing = this.servers.get(key);
    if (method === 'ACK') {
      if (existing) existing.receiveAck(request);
      else this.user!.onAck(request, peer);
      return;
    }
    if (existing) {
      existing.repeat();
      return;
    }
    const isNewCall = method === 'INVITE' && request.toTag === null;
    if (isNewCall && this.trace?.begin(request.callId)) this.noteReceived(this.trace, request, peer, request.raw);
    const answerTo = stampSource(request, peer);
    const transaction = new ServerTransaction(this, this.user!, key, request, peer, answerTo, this.ids.uuid());
    this.servers.set(key, transaction);
    this.stats.transactions++;
    this.user!.onRequest(transaction);
  }

  /** Answers a request that cannot be processed, without keeping a transaction for it. */
  private reject(request: SipMessage, peer: Peer, { status, reason }: MessageFault): void {
    const answerTo = stampSource(request, peer);
    const text = plainResponse(request, status, status === 400 ? `Bad Request - ${reason}` : reason, this.ids.tag());
    this.transmit(Buffer.from(text, 'latin1'), answerTo, request.callId, null);
  }

  private refuse(peer: Peer, reason: string): void {
    for (const transaction of this.clients.values()) {
      if (!transaction.isOut || transaction.answered || transaction.peer.port !== peer.port) continue;
      if (transaction.peer.address === peer.address) transaction.onTransportError(reason);
    }
  }
}

/** Branches are unique but for that of a CANCEL, which has its INVITE's (RFC 3261 9.1). */
function clientKey(branch: string, method: string): string {
  return method === 'CANCEL' ? `${branch} CANCEL` : branch;
}

/** RFC 3261 17.2.3: branch, sent-by and method; without the magic cookie the fields that RFC 2543 compared. */
function serverKey(request: SipMessage, method: string): string {
  const via = request.topVia!;
  const sentBy = via.port === null ? via.host : `${via.host}:${via.port}`;
  // The cookie alone makes nothing unique (RFC 4475 3.2.1).
  if (via.branch?.startsWith('z9hG4bK') && via.branch.length > 7) return `${via.branch} ${sentBy} ${method}`;
  return `${request.callId} ${request.fromTag} ${request.cseqNumber} ${sentBy} ${method}`;
}

/**
 * Writes `received` and `rport` into the top Via and tells where the responses go (RFC 3261 18.2.2): over a reliable
 * transport back through the connection, and where that is gone through a new one to the port of the Via.
 */
function stampSource(request: SipMessage, peer: Peer): Peer {
  const via = request.topVia!;
  const i = request.keys.indexOf('via');
  request.values[i] = stampVia(request.values[i], via, peer.address, peer.port);
  const { address, transport, connection } = peer;
  const byVia = via.port ?? defaultPort(transport?.protocol ?? 'udp');
  return { address, port: via.rport && !transport?.reliable ? peer.port : byVia, transport, connection };
}

/** RFC 5626 4.4.1 and 3261 7.5: empty lines keep a path open and mean nothing. */
function isKeepAlive(data: Buffer): boolean {
  if (data.length > 4) return false;
  for (const byte of data) if (byte !== 0x0d && byte !== 0x0a && byte !== 0) return false;
  return true;
}
