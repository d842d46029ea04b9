import type { Dialog } from './dialog.js';
import { countSentAgain } from './stats.js';
import type { TimerHandle, TimerTarget } from './timer-queue.js';
import type { TransactionLayer } from './transaction-layer.js';
import type { Peer } from './transport.js';

/** Repeats a 2xx to an INVITE until its ACK comes (RFC 3261 13.3.1.4), and gives up after 64·T1. */
export class AcceptedInvite implements TimerTarget {
  private intervalMs: number;
  private repeatTimer: TimerHandle | null;
  private giveUpTimer: TimerHandle | null;

  constructor(
    private readonly layer: TransactionLayer,
    readonly dialog: Dialog,
    /** Sequence number of the INVITE, which its ACK carries too. */
    readonly cseq: number,
    private readonly response: Buffer,
    private readonly peer: Peer,
    private readonly unacknowledged: (dialog: Dialog) => void,
  ) {
    const { timers, queue } = layer;
    this.intervalMs = timers.t1;
    this.repeatTimer = queue.schedule(this.intervalMs, this, 'repeat');
    this.giveUpTimer = queue.schedule(64 * timers.t1, this, 'giveUp');
  }

  onTimer(kind: string): void {
    if (kind === 'giveUp') {
      this.giveUpTimer = null;
      this.stop();
      this.layer.stats.timerExpiries.ack++;
      this.unacknowledged(this.dialog);
      return;
    }
    countSentAgain(this.layer.stats, 'INVITE', 200);
    this.layer.transmit(this.response, this.peer, this.dialog.callId, null);
    this.intervalMs = Math.min(this.intervalMs * 2, this.layer.timers.t2);
    this.repeatTimer = this.layer.queue.schedule(this.intervalMs, this, 'repeat');
  }

  stop(): void {
    this.repeatTimer = this.layer.queue.cancel(this.repeatTimer);
    this.giveUpTimer = this.layer.queue.cancel(this.giveUpTimer);
  }
}
