import { type InviteClientInput, type InviteClientState, inviteClient } from './invite-client.js';
import type { SipMessage } from './message.js';
import { type NonInviteClientInput, type NonInviteClientState, nonInviteClient } from './non-invite-client.js';
import { countReceivedAgain, countSentAgain } from './stats.js';
import type { TimerHandle, TimerTarget } from './timer-queue.js';
import type { TimerTable } from './timer-values.js';
import type { TransactionLayer } from './transaction-layer.js';
import type { DepartureListener, Peer } from './transport.js';

/** The parts of a request that its ACK, its CANCEL and its local answers repeat. Header values are without names. */
export interface RequestHead {
  method: string;
  requestUri: string;
  /** Whole value of our Via. */
  via: string;
  branch: string;
  from: string;
  to: string;
  callId: string;
  cseq: number;
  /** Route values in order; empty for most requests. */
  routes: readonly string[];
}

/** Lets go what only its ACK, its CANCEL and its local answers would repeat: parts of messages, each of which keeps all of its own. */
export function emptyHead(head: RequestHead): void {
  head.requestUri = '';
  head.via = '';
  head.from = '';
  head.to = '';
  head.routes = NO_ROUTES;
}

const NO_ROUTES: readonly string[] = [];

/** Whoever sent the request. */
export interface ClientUser {
  onResponse(transaction: ClientTransaction, response: SipMessage, peer: Peer): void;
  /** No answer in time; `timer` is the RFC's letter, or `abandon` when the wait after a CANCEL ended. */
  onTimeout(transaction: ClientTransaction, timer: 'B' | 'F' | 'abandon'): void;
  onTransportError(transaction: ClientTransaction, reason: string): void;
  /**
   * The connection ended after a provisional response to an INVITE. The transaction lives on: the far end may still open
   * another one for its answer (RFC 3261 18.2.2).
   */
  onConnectionLost(transaction: ClientTransaction, reason: string): void;
  onClientEnd(transaction: ClientTransaction): void;
}

/** A request that is made ahead of its time. */
export interface Departure {
  /** When it is to leave, by the run's clock in ms. */
  readonly dueMs: number;
  /** Told once, before any response: it left then. */
  onDeparted(atMs: number): void;
}

/** The shell around one client transaction: holds its timers and its bytes, and does what the state machine says. */
export class ClientTransaction implements TimerTarget, DepartureListener {
  readonly isInvite: boolean;
  state: InviteClientState | NonInviteClientState;
  /** Set by the user: what the application knows it by. */
  readonly id: string;
  /** Anything at all came back. */
  answered = false;
  /** The application wants it cancelled; the CANCEL leaves once a provisional response is there. */
  cancelWanted = false;
  cancelSent = false;
  /** Free for the user. */
  context: unknown = null;

  private readonly timers: TimerTable;
  private retransmitMs: number;
  private retransmitTimer: TimerHandle | null = null;
  private timeoutTimer: TimerHandle | null = null;
  private error = '';
  /** While it has not left. */
  private departure: Departure | null = null;

  constructor(
    private readonly layer: TransactionLayer,
    private readonly user: ClientUser,
    readonly head: RequestHead,
    /** The request as sent; dropped when it cannot be needed any more. */
    private message: Buffer | null,
    readonly peer: Peer,
    id: string,
  ) {
    this.id = id;
    this.isInvite = head.method === 'INVITE';
    this.state = this.isInvite ? 'calling' : 'trying';
    this.timers = layer.timersFor(peer);
    this.retransmitMs = this.timers.t1;
  }

  /** Sends the request, at once or when it is due, and starts timers A and B, or E and F, when it has left. */
  start(departure: Departure | null): void {
    this.departure = departure;
    if (departure === null) this.leave();
    else this.layer.transmitAt(departure.dueMs, this.message!, this.peer, this);
  }

  /** Whether the request has left. */
  get isOut(): boolean {
    return this.departure === null;
  }

  /** It is due, and leaves from here. */
  onDue(): void {
    const { departure } = this;
    if (departure === null) return;
    this.departure = null;
    departure.onDeparted(this.layer.clock.now());
    this.leave();
  }

  /** The transport sent it then. */
  onDeparted(atMs: number): void {
    const { departure } = this;
    if (departure === null) return;
    this.departure = null;
    departure.onDeparted(atMs);
    this.layer.noteSent(this.message!, this.peer, this.head.callId, atMs);
    this.startTimers(atMs - this.layer.clock.now());
  }

  private leave(): void {
    this.layer.transmit(this.message!, this.peer, this.head.callId, this);
    this.startTimers(0);
  }

  /** @param fromMs since when they run, seen from now */
  private startTimers(fromMs: number): void {
    const { timers, isInvite } = this;
    const { queue } = this.layer;
    const first = isInvite ? timers.A : timers.E;
    if (first !== null) this.retransmitTimer = queue.schedule(first + fromMs, this, isInvite ? 'A' : 'E');
    this.timeoutTimer = isInvite
      ? queue.schedule(timers.B + fromMs, this, 'B')
      : queue.schedule(timers.F + fromMs, this, 'F');
  }

  onTimer(kind: string): void {
    if (kind === 'A' || kind === 'E') this.retransmitTimer = null;
    else this.timeoutTimer = null;
    this.step(kind as InviteClientInput & NonInviteClientInput, null, null);
  }

  onTransportError(reason: string): void {
    this.layer.stats.transportErrors++;
    this.giveUp(reason);
  }

  /** Waits for no answer any more, where there is none: its user is told that it could not be sent. */
  giveUp(reason: string): void {
    this.settleDeparture();
    this.error = reason;
    this.step('transportError', null, null);
  }

  /** The connection that it was sent over ended. */
  onConnectionLost(reason: string): void {
    if (!this.answered) this.onTransportError(reason);
    else if (this.isInvite && this.state === 'proceeding') this.user.onConnectionLost(this, reason);
  }

  /** A response that belongs to this transaction. */
  receive(response: SipMessage, peer: Peer): void {
    this.settleDeparture();
    this.answered = true;
    const { status } = response;
    if (this.state === 'completed' || this.state === 'accepted')
      countReceivedAgain(this.layer.stats, this.head.method, status);
    if (this.isInvite) this.step(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure', response, peer);
    else this.step(status < 200 ? 'provisional' : 'final', response, peer);
  }

  /** Whoever hears what came of it has heard that it left; from the transport, unless that was stopped in the act. */
  private settleDeparture(): void {
    if (this.departure) this.onDeparted(this.departure.dueMs);
  }

  /** Gives a cancelled INVITE another 64·T1 for its final response (RFC 3261 9.1). */
  expectFinal(): void {
    this.layer.queue.cancel(this.timeoutTimer);
    this.timeoutTimer = this.layer.queue.schedule(64 * this.layer.timers.t1, this, 'abandon');
  }

  /** Ends it now, without telling anybody. */
  abort(): void {
    this.state = 'terminated';
    this.departure = null;
    this.end();
  }

  private step(input: InviteClientInput | NonInviteClientInput, response: SipMessage | null, peer: Peer | null): void {
    const next = this.isInvite
      ? inviteClient(this.state as InviteClientState, input as InviteClientInput)
      : nonInviteClient(this.state as NonInviteClientState, input as NonInviteClientInput);
    this.state = next.state;
    const { layer, user, timers } = this;
    const { queue } = layer;
    for (const action of next.actions) {
      switch (action) {
        case 'deliver':
          user.onResponse(this, response!, peer!);
          break;
        case 'ack':
          layer.acknowledgeFailure(this, response!);
          break;
        case 'retransmit':
          countSentAgain(layer.stats, this.head.method);
          layer.transmit(this.message!, this.peer, this.head.callId, this);
          layer.suspect(this.peer);
          break;
        case 'startA':
          this.retransmitMs *= 2;
          this.retransmitTimer = queue.schedule(this.retransmitMs, this, 'A');
          break;
        case 'startE':
          this.retransmitMs = Math.min(this.retransmitMs * 2, timers.t2);
          this.retransmitTimer = queue.schedule(this.retransmitMs, this, 'E');
          break;
        case 'startET2':
          this.retransmitTimer = queue.schedule(timers.t2, this, 'E');
          break;
        case 'stopRequest':
          this.retransmitTimer = queue.cancel(this.retransmitTimer);
          this.timeoutTimer = queue.cancel(this.timeoutTimer);
          this.message = null;
          break;
        case 'startD':
          this.linger(timers.D, 'D');
          break;
        case 'startM':
          this.linger(timers.M, 'M');
          break;
        case 'startK':
          this.linger(timers.K, 'K');
          break;
        case 'timeout':
          this.expire(input);
          break;
        case 'fail':
          user.onTransportError(this, this.error);
          break;
        case 'end':
          this.end();
          break;
        default:
          action satisfies never;
      }
    }
  }

  private expire(input: string): void {
    const timer = input as 'B' | 'F' | 'abandon';
    if (timer === 'F') this.layer.stats.timerExpiries.F++;
    else this.layer.stats.timerExpiries.B++;
    this.user.onTimeout(this, timer);
  }

  private linger(delayMs: number, kind: string): void {
    this.timeoutTimer = this.layer.queue.schedule(delayMs, this, kind);
  }

  private end(): void {
    const { queue } = this.layer;
    this.retransmitTimer = queue.cancel(this.retransmitTimer);
    this.timeoutTimer = queue.cancel(this.timeoutTimer);
    this.message = null;
    this.layer.removeClient(this);
    this.user.onClientEnd(this);
  }
}
