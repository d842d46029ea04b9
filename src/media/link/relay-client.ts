import type { MessagePort } from 'node:worker_threads';
import { AppError, type ErrorMessage } from '../../core/errors.js';
import type { Pipeline } from '../../impair/spec.js';
import type { Lease, MediaEvent } from './messages.js';
import type {
  RelayBlocks,
  RelayCallSpec,
  RelayCommand,
  RelayDirection,
  RelayEvent,
  RelayRemote,
  RelayReport,
  RelaySide,
  RelaySnapshot,
} from './relay-messages.js';
import { ThreadLink } from './thread-link.js';

/** How long a report is waited for: a close lets delayed packets go for a second. */
const REPORT_TIMEOUT_MS = 2500;

type Settle<T> = (value: T) => void;

/** Port pairs of one address at hand. */
class Stock {
  readonly leases: Lease[] = [];
  asked = 0;
  exhausted: ErrorMessage | null = null;
}

/** The media thread of a relay, as its doors see it: calls of two UDP ends each. */
export class RelayClient {
  /** Called once a second. */
  onSnapshot: ((snapshot: RelaySnapshot) => void) | null = null;
  /** The media thread told of an error and ended; nothing that follows is answered. */
  onFailed: ((failure: ErrorMessage) => void) | null = null;
  /** Neither end of the call sent anything for its media timeout. */
  onTimeout: ((call: number) => void) | null = null;
  /** Takes a batch of the packet log (`packet-log.ts`); its memory is gone after the call. */
  onLog: ((batch: Uint8Array) => void) | null = null;

  private readonly link: ThreadLink;
  private readonly stocks = new Map<string, Stock>();
  private readonly bindings = new Map<number, { resolve: Settle<Lease>; reject: Settle<AppError> }>();
  private readonly queries = new Map<number, Settle<RelayReport | null>[]>();
  private readonly closings = new Map<number, { resolve: Settle<RelayReport | null>; timer: NodeJS.Timeout }>();
  private readonly snapshots: Settle<RelaySnapshot | null>[] = [];
  private requests = 0;
  private settleLeases!: Settle<void>;
  private readonly leasesCame: Promise<void>;

  /**
   * @param port the owner's end of the channel
   * @param wake the word on which the media thread sleeps
   * @param addresses of the setup, for each of which port pairs are kept at hand
   * @param pool how many pairs of each; 0 for an owner that binds its ports itself
   */
  constructor(
    port: MessagePort,
    wake: Int32Array,
    addresses: readonly string[],
    private readonly pool = 64,
  ) {
    this.leasesCame = new Promise((resolve) => {
      this.settleLeases = resolve;
    });
    this.link = new ThreadLink(port, wake, {
      onEvent: (event) => this.onEvent(event),
      onEnd: (failure) => this.abandon(failure),
      onFailed: (failure) => this.onFailed?.(failure),
    });
    if (pool > 0) for (const address of addresses) this.stocks.set(address, new Stock());
    else this.settleLeases();
    for (const address of this.stocks.keys()) this.topUp(address);
  }

  /** Resolves when the thread is up and each address has port pairs; an AppError says why not. */
  async ready(): Promise<void> {
    if (!(await this.link.ready)) throw AppError.fromMessage(this.link.failure!);
    await this.leasesCame;
    if (this.link.failure) throw AppError.fromMessage(this.link.failure);
    for (const { leases, exhausted } of this.stocks.values())
      if (leases.length === 0 && exhausted) throw AppError.fromMessage(exhausted);
  }

  /** A bound port pair of an address of the setup, at once; otherwise why there is none (`PORTS_EXHAUSTED`, `PORTS_NOT_READY` …). */
  lease(address: string): Lease | AppError {
    const stock = this.stocks.get(address);
    if (!stock) throw new Error(`${address} is no address of this relay`);
    const lease = stock.leases.shift();
    this.topUp(address);
    if (lease) return lease;
    if (this.link.failure) return AppError.fromMessage(this.link.failure);
    if (stock.exhausted) return AppError.fromMessage(stock.exhausted);
    return new AppError('PORTS_NOT_READY', 'Further RTP ports are still being bound', {
      where: `RTP ports of ${address}`,
      expected: `calls that come no faster than ports are bound, ${this.pool} of which are kept at hand`,
      found: `${stock.asked} that are on their way`,
      hint: 'Try again',
    });
  }

  /** Binds an RTP port of one's choice and the RTCP port above it; rejects with an AppError (`PORT_TAKEN` …). */
  bind(address: string, port: number): Promise<Lease> {
    if (this.link.failure) return Promise.reject(AppError.fromMessage(this.link.failure));
    const request = ++this.requests;
    return new Promise((resolve, reject) => {
      this.bindings.set(request, { resolve, reject });
      this.post({ kind: 'bind', request, address, port });
    });
  }

  /** Gives a pair back on which no call was opened; a call's own pairs come back by `close`. */
  release(pair: number): void {
    this.link.post({ kind: 'release', pair });
  }

  /** Opens a call on two leased pairs: both listen from now on. */
  open(spec: RelayCallSpec): void {
    this.post({ kind: 'open', spec });
  }

  /** Sets or replaces where a side's far end is, and how it is spoken to. */
  connect(call: number, side: RelaySide, remote: RelayRemote): void {
    this.post({ kind: 'connect', call, side, remote });
  }

  /** Replaces the impairments of a direction while the call is up; `name` is what the truth calls the time from now on. */
  impair(call: number, direction: RelayDirection, pipeline: Pipeline, name: string): void {
    this.post({ kind: 'impair', call, direction, pipeline, name });
  }

  /** Sets what of a direction is thrown away or silenced. */
  block(call: number, direction: RelayDirection, blocks: RelayBlocks): void {
    this.post({ kind: 'block', call, direction, blocks });
  }

  /** How a call stands; `null` where it is not up. */
  query(call: number): Promise<RelayReport | null> {
    if (this.link.failure) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiting = this.queries.get(call);
      if (waiting) waiting.push(resolve);
      else this.queries.set(call, [resolve]);
      this.post({ kind: 'query', call });
    });
  }

  /** Ends a call; resolves with its last report, or with `null` where it is not up or the thread does not report. */
  close(call: number): Promise<RelayReport | null> {
    if (this.link.failure || this.closings.has(call)) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settleClose(call, null), REPORT_TIMEOUT_MS);
      this.closings.set(call, { resolve, timer });
      this.post({ kind: 'close', call });
    });
  }

  /** Asks for a snapshot, which goes to `onSnapshot` too; `null` where none comes. */
  takeSnapshot(): Promise<RelaySnapshot | null> {
    if (this.link.failure) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.snapshots.push(resolve);
      this.post({ kind: 'snapshot' });
    });
  }

  /** Ends the thread, whatever calls are up. */
  async stop(): Promise<void> {
    await this.link.stop();
    this.abandon({ code: 'THREAD_CRASHED', message: 'the media thread was stopped', detail: {} });
  }

  private post(command: RelayCommand): void {
    this.link.post({ kind: 'relay', command });
  }

  private topUp(address: string): void {
    const stock = this.stocks.get(address)!;
    const missing = this.pool - stock.leases.length - stock.asked;
    if (missing * 4 < this.pool) return;
    stock.asked += missing;
    this.link.post({ kind: 'lease', count: missing, address });
  }

  private onEvent(event: MediaEvent): void {
    if (event.kind === 'leased') this.onLeased(event.address, event.leases, event.exhausted, event.reason);
    else if (event.kind === 'relay') this.onRelayEvent(event.event);
  }

  private onLeased(address: string | null, leases: Lease[], exhausted: boolean, reason: ErrorMessage | null): void {
    const stock = address === null ? undefined : this.stocks.get(address);
    if (!stock) return;
    stock.leases.push(...leases);
    stock.asked = exhausted ? 0 : stock.asked - leases.length;
    stock.exhausted = reason;
    if ([...this.stocks.values()].every((one) => one.leases.length > 0 || one.exhausted !== null)) this.settleLeases();
  }

  private onRelayEvent(event: RelayEvent): void {
    switch (event.kind) {
      case 'bound': {
        const binding = this.bindings.get(event.request);
        this.bindings.delete(event.request);
        if (event.lease) binding?.resolve(event.lease);
        else if (event.refusal) binding?.reject(AppError.fromMessage(event.refusal));
        break;
      }
      case 'report': {
        const waiting = this.queries.get(event.call);
        waiting?.shift()?.(event.report);
        if (waiting?.length === 0) this.queries.delete(event.call);
        break;
      }
      case 'closed':
        this.settleClose(event.call, event.report);
        for (const address of this.stocks.keys()) this.topUp(address);
        break;
      case 'timeout':
        this.onTimeout?.(event.call);
        break;
      case 'snapshot':
        this.onSnapshot?.(event.snapshot);
        if (event.asked) this.snapshots.shift()?.(event.snapshot);
        break;
      case 'log':
        this.onLog?.(new Uint8Array(event.batch, 0, event.bytes));
        this.link.post({ kind: 'relay', command: { kind: 'log-read', batch: event.batch } }, [event.batch]);
        break;
      default:
        event satisfies never;
    }
  }

  private settleClose(call: number, report: RelayReport | null): void {
    const closing = this.closings.get(call);
    if (!closing) return;
    clearTimeout(closing.timer);
    this.closings.delete(call);
    closing.resolve(report);
  }

  private abandon(failure: ErrorMessage): void {
    for (const { reject } of this.bindings.values()) reject(AppError.fromMessage(failure));
    this.bindings.clear();
    for (const waiting of this.queries.values()) for (const resolve of waiting) resolve(null);
    this.queries.clear();
    for (const resolve of this.snapshots.splice(0)) resolve(null);
    for (const call of [...this.closings.keys()]) this.settleClose(call, null);
    this.settleLeases();
  }
}
