import { type InviteServerInput, type InviteServerState, inviteServer } from './invite-server.js';
import type { SipMessage } from './message.js';
import { type NonInviteServerInput, type NonInviteServerState, nonInviteServer } from './non-invite-server.js';
import { countReceivedAgain, countSentAgain } from './stats.js';
import type { TimerHandle, TimerTarget } from './timer-queue.js';
import type { TimerTable } from './timer-values.js';
import type { TransactionLayer } from './transaction-layer.js';
import type { Peer, TransportErrorListener } from './transport.js';

/** Whoever answers requests. */
export interface ServerUser {
  /** An ACK that came on the INVITE's own branch after a 2xx, against RFC 3261 17.1.1.3 but seen. */
  onAccepted(transaction: ServerTransaction, ack: SipMessage): void;
  onServerEnd(transaction: ServerTransaction): void;
}

/** How long a request may wait for the application: a client has given up after 64·T1, so twice that is generous. */
const ABANDON_T1S = 128;
/** A ringing INVITE may wait as long as a person would: RFC 3261 16.6 has Timer C at more than 3 minutes. */
const ABANDON_INVITE_MS = 600_000;

/** The shell around one server transaction. */
export class ServerTransaction implements TimerTarget, TransportErrorListener {
  readonly isInvite: boolean;
  readonly method: string;
  readonly callId: string;
  state: InviteServerState | NonInviteServerState;
  /** What the application knows it by. */
  readonly id: string;
  /** Our tag in To: the same in all responses. */
  localTag = '';
  /** What a copy of the request that came another way would share with it (RFC 3261 8.2.2.2); `''` within dialogs. */
  mergeKey = '';
  /** Status of the final response, 0 before. */
  finalStatus = 0;
  /** What the core keeps with it. */
  context: unknown = null;
  /** What the application keeps with it. */
  owner: unknown = null;

  private response: Buffer | null = null;
  /** Of the last response. */
  private status = 0;
  private readonly timers: TimerTable;
  private retransmitMs: number;
  private retransmitTimer: TimerHandle | null = null;
  private lingerTimer: TimerHandle | null = null;

  constructor(
    private readonly layer: TransactionLayer,
    private readonly user: ServerUser,
    readonly key: string,
    /** The request; dropped once a final response was sent. */
    public request: SipMessage | null,
    /** Where it came from. */
    readonly source: Peer,
    /** Where responses go (RFC 3261 18.2.2, RFC 3581 4). */
    readonly peer: Peer,
    id: string,
  ) {
    this.id = id;
    this.method = request!.method;
    this.callId = request!.callId;
    this.isInvite = this.method === 'INVITE';
    this.state = this.isInvite ? 'proceeding' : 'trying';
    this.timers = layer.timersFor(peer);
    this.retransmitMs = this.timers.t1;
    const patienceMs = this.isInvite ? ABANDON_INVITE_MS : ABANDON_T1S * layer.timers.t1;
    this.lingerTimer = layer.queue.schedule(patienceMs, this, 'abandon');
  }

  onTimer(kind: string): void {
    if (kind === 'G') this.retransmitTimer = null;
    else this.lingerTimer = null;
    this.step(kind as InviteServerInput & NonInviteServerInput, null);
  }

  onTransportError(_reason: string): void {
    this.layer.stats.transportErrors++;
    this.step('transportError', null);
  }

  /** The same request again. */
  repeat(): void {
    countReceivedAgain(this.layer.stats, this.method);
    this.step('request', null);
  }

  receiveAck(ack: SipMessage): void {
    if (this.state === 'confirmed') countReceivedAgain(this.layer.stats, 'ACK');
    this.step('ack', ack);
  }

  /** Sends a response of the application. */
  respond(status: number, response: Buffer): void {
    this.response = response;
    this.status = status;
    if (status >= 200) {
      if (this.finalStatus === 0) this.finalStatus = status;
      this.request = null;
      if (!this.isInvite) {
        this.context = null;
        this.owner = null;
      }
    }
    if (status < 200) this.step('provisional', null);
    else if (!this.isInvite) this.step('final', null);
    else this.step(status < 300 ? 'success' : 'failure', null);
  }

  /** Ends it without any answer. */
  abort(): void {
    this.state = 'terminated';
    this.end();
  }

  private step(input: InviteServerInput | NonInviteServerInput, ack: SipMessage | null): void {
    const next = this.isInvite
      ? inviteServer(this.state as InviteServerState, input as InviteServerInput)
      : nonInviteServer(this.state as NonInviteServerState, input as NonInviteServerInput);
    this.state = next.state;
    const { layer } = this;
    const { timers } = this;
    const { queue } = layer;
    for (const action of next.actions) {
      switch (action) {
        case 'send':
          layer.transmit(this.response!, this.peer, this.callId, this);
          break;
        case 'repeat':
          if (this.response === null) break;
          countSentAgain(layer.stats, this.method, this.status);
          layer.transmit(this.response, this.peer, this.callId, this);
          break;
        case 'deliver':
          this.user.onAccepted(this, ack!);
          break;
        case 'startG':
          if (timers.G === null) break;
          this.retransmitTimer = queue.schedule(this.retransmitMs, this, 'G');
          this.retransmitMs = Math.min(this.retransmitMs * 2, timers.t2);
          break;
        case 'startH':
          this.linger(timers.H, 'H');
          break;
        case 'startI':
          this.linger(timers.I, 'I');
          break;
        case 'startJ':
          this.linger(timers.J, 'J');
          break;
        case 'startL':
          // The core repeats the 2xx, so the transaction need not keep it.
          this.response = null;
          this.linger(timers.L, 'L');
          break;
        case 'stopGH':
          this.retransmitTimer = queue.cancel(this.retransmitTimer);
          this.lingerTimer = queue.cancel(this.lingerTimer);
          this.response = null;
          break;
        case 'timeout':
          layer.stats.timerExpiries.H++;
          break;
        case 'fail':
          break;
        case 'end':
          this.end();
          break;
        default:
          action satisfies never;
      }
    }
  }

  private linger(delayMs: number, kind: string): void {
    this.layer.queue.cancel(this.lingerTimer);
    this.lingerTimer = this.layer.queue.schedule(delayMs, this, kind);
  }

  private end(): void {
    this.retransmitTimer = this.layer.queue.cancel(this.retransmitTimer);
    this.lingerTimer = this.layer.queue.cancel(this.lingerTimer);
    this.response = null;
    this.request = null;
    this.layer.removeServer(this);
    this.user.onServerEnd(this);
  }
}
