import type { ServerTransaction } from './server-transaction.js';
import { countSentAgain } from './stats.js';
import type { TimerHandle, TimerTarget } from './timer-queue.js';
import type { TransactionLayer } from './transaction-layer.js';

interface Reliable {
  rseq: number;
  status: number;
  response: Buffer;
  /** Carries a session description, which must be acknowledged before a 2xx may leave. */
  withBody: boolean;
}

/**
 * The reliable provisional responses to one INVITE (RFC 3262 3): sent one after the other, each repeated from T1 on with
 * doubled intervals until its PRACK comes; after 64·T1 without it the INVITE is to be refused.
 */
export class ReliableProvisionals implements TimerTarget {
  private lastRseq = 0;
  private current: Reliable | null = null;
  private readonly waiting: Reliable[] = [];
  /** Sends the 2xx that waits for a PRACK. */
  private accept: (() => void) | null = null;
  private answered = false;
  private intervalMs = 0;
  private repeatTimer: TimerHandle | null = null;
  private giveUpTimer: TimerHandle | null = null;

  constructor(
    private readonly layer: TransactionLayer,
    readonly transaction: ServerTransaction,
    /** Sequence number of the INVITE, which RAck repeats. */
    private readonly cseq: number,
    private readonly unacknowledged: (transaction: ServerTransaction) => void,
  ) {}

  /** Whether the application gave the INVITE a 2xx, be it sent or waiting for a PRACK. */
  get isAnswered(): boolean {
    return this.answered;
  }

  nextRseq(): number {
    return ++this.lastRseq;
  }

  /** Sends a response, or lets it wait until the one before was acknowledged. */
  send(status: number, rseq: number, response: Buffer, withBody: boolean): void {
    const reliable = { rseq, status, response, withBody };
    if (this.current) this.waiting.push(reliable);
    else this.begin(reliable);
  }

  /** `RAck: rseq cseq method`; `false` when it acknowledges nothing that waits (RFC 3262 3: 481). */
  acknowledge(rack: string): boolean {
    const match = /^(\d{1,10})[ \t]+(\d{1,10})[ \t]+INVITE$/.exec(rack);
    if (!match) return false;
    // The final response may have crossed it.
    if (!this.current) return this.answered && Number(match[1]) <= this.lastRseq && Number(match[2]) === this.cseq;
    if (Number(match[1]) !== this.current.rseq || Number(match[2]) !== this.cseq) return false;
    this.halt();
    if (this.accept && !this.isDescriptionWaiting) {
      const { accept } = this;
      this.stop();
      accept();
      return true;
    }
    const next = this.waiting.shift();
    if (next) this.begin(next);
    return true;
  }

  /** Runs `send` now, or after the PRACK where a session description still waits for it (RFC 3262 3). */
  whenAcceptable(send: () => void): void {
    this.answered = true;
    if (this.current?.withBody || this.isDescriptionWaiting) {
      this.accept = send;
      return;
    }
    this.stop();
    send();
  }

  private get isDescriptionWaiting(): boolean {
    return this.waiting.some((reliable) => reliable.withBody);
  }

  /** The INVITE was answered otherwise. */
  stop(): void {
    this.halt();
    this.waiting.length = 0;
    this.accept = null;
  }

  onTimer(kind: string): void {
    if (kind === 'giveUp') {
      this.giveUpTimer = null;
      this.stop();
      this.layer.stats.timerExpiries.ack++;
      this.unacknowledged(this.transaction);
      return;
    }
    const { callId, peer } = this.transaction;
    countSentAgain(this.layer.stats, 'INVITE', this.current!.status);
    this.layer.transmit(this.current!.response, peer, callId, null);
    this.intervalMs *= 2;
    this.repeatTimer = this.layer.queue.schedule(this.intervalMs, this, 'repeat');
  }

  private begin(reliable: Reliable): void {
    this.current = reliable;
    this.transaction.respond(reliable.status, reliable.response);
    const { queue, timers } = this.layer;
    this.intervalMs = timers.t1;
    this.repeatTimer = queue.schedule(this.intervalMs, this, 'repeat');
    this.giveUpTimer = queue.schedule(64 * timers.t1, this, 'giveUp');
  }

  private halt(): void {
    this.current = null;
    this.repeatTimer = this.layer.queue.cancel(this.repeatTimer);
    this.giveUpTimer = this.layer.queue.cancel(this.giveUpTimer);
  }
}
