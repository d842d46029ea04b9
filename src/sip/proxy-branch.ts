import type { ClientTransaction, ClientUser, RequestHead } from './client-transaction.js';
import { type Core, SILENT_USER } from './core.js';
import type { SipMessage } from './message.js';
import { requestText } from './requests.js';
import type { TimerHandle, TimerTarget } from './timer-queue.js';
import type { Peer } from './transport.js';

/** What a branch tells the proxy; `response` is `null` for one that nobody sent. */
export interface BranchUser {
  /** The request as it shall leave over that peer's transport. */
  compose(branch: ProxyBranch, peer: Peer, branchId: string): { head: RequestHead; text: string };
  onBranchResponse(branch: ProxyBranch, response: SipMessage, peer: Peer): void;
  onBranchFailure(branch: ProxyBranch, status: 408 | 503): void;
}

export interface BranchPatience {
  /** Longest wait for any response; `null`: none but the transaction's own. */
  provisionalMs: number | null;
  /** Longest wait for the final response of an INVITE (Timer C, RFC 3261 16.6 step 11), anew with each 101–199. */
  finalMs: number;
}

/** One target of a proxied request: its client transaction, its timers, its CANCEL. */
export class ProxyBranch implements ClientUser, TimerTarget {
  /** Final response or failure was told. */
  finished = false;
  /** Its share of the branches that the request may have. */
  breadth = 0;
  private transaction: ClientTransaction | null = null;
  private wait: TimerHandle | null = null;
  private cancelled = false;
  private peers: Peer[] = [];

  constructor(
    private readonly core: Core,
    private readonly user: BranchUser,
    readonly requestUri: string,
    private readonly hop: string,
    private readonly patience: BranchPatience,
    private readonly digest: string,
  ) {}

  start(): void {
    this.core.locate(this.hop, (peers) => {
      this.peers = [...peers];
      this.next();
    });
  }

  /** Cancels it (RFC 3261 16.10): at once when it rings, else with its first provisional response. */
  cancel(): void {
    if (this.finished || this.cancelled) return;
    this.cancelled = true;
    const { transaction } = this;
    if (transaction === null) return;
    transaction.cancelWanted = true;
    if (transaction.isInvite && transaction.state === 'proceeding') this.sendCancel(transaction);
  }

  onResponse(transaction: ClientTransaction, response: SipMessage, peer: Peer): void {
    const { status } = response;
    if (status < 200) {
      if (this.cancelled) this.sendCancel(transaction);
      else if (transaction.isInvite) this.patiently(this.patience.finalMs, 'final');
    }
    const late = this.finished;
    if (status >= 200) this.settle();
    if (!late || (status >= 200 && status < 300)) this.user.onBranchResponse(this, response, peer);
  }

  onTimeout(): void {
    this.fail(408);
  }

  onTransportError(): void {
    if (!this.cancelled && this.peers.length > 0) this.next();
    else this.fail(503);
  }

  onConnectionLost(): void {
    this.cancel();
    this.fail(503);
  }

  onClientEnd(): void {
    this.transaction = null;
  }

  /** Nobody answered in time (RFC 3261 16.8): what rings is cancelled, only a 2xx still passes. */
  onTimer(_kind: string): void {
    this.wait = null;
    this.cancel();
    this.fail(408);
  }

  private next(): void {
    const peer = this.peers.shift();
    if (peer === undefined || this.cancelled) {
      this.fail(this.cancelled ? 408 : 503);
      return;
    }
    const { core } = this;
    const { head, text } = this.user.compose(this, peer, `${core.ids.branch()}.${this.digest}`);
    if (this.patience.provisionalMs !== null) this.patiently(this.patience.provisionalMs, 'provisional');
    const transaction = core.layer.request(this, head, Buffer.from(text, 'latin1'), peer, core.ids.uuid());
    // Sending may have failed at once, and the next peer been tried.
    if (transaction.state !== 'terminated') this.transaction = transaction;
  }

  private sendCancel(transaction: ClientTransaction): void {
    if (transaction.cancelSent || !transaction.isInvite) return;
    transaction.cancelSent = true;
    const head = { ...transaction.head, method: 'CANCEL' };
    const text = requestText(head, '', '');
    this.core.layer.request(SILENT_USER, head, Buffer.from(text, 'latin1'), transaction.peer, '');
    transaction.expectFinal();
  }

  private patiently(ms: number, kind: 'provisional' | 'final'): void {
    const { queue } = this.core.layer;
    queue.cancel(this.wait);
    this.wait = queue.schedule(ms, this, kind);
  }

  private settle(): void {
    this.wait = this.core.layer.queue.cancel(this.wait);
    this.finished = true;
  }

  private fail(status: 408 | 503): void {
    if (this.finished) return;
    this.settle();
    this.user.onBranchFailure(this, status);
  }
}
