import type { MessagePort } from 'node:worker_threads';
import { ChurnMap } from '../../core/churn-map.js';
import type { ErrorMessage } from '../../core/errors.js';
import type { Pipeline } from '../../impair/spec.js';
import type { Said } from '../sayings.js';
import type { HeardNow, Lease, MediaEvent, MediaRemote, MediaReport, MediaSnapshot, SessionSpec } from './messages.js';
import { ThreadLink } from './thread-link.js';

/** How long a call's media part is waited for. */
const REPORT_TIMEOUT_MS = 2000;
const SNAPSHOT_TIMEOUT_MS = 500;

interface PendingReport {
  resolve: (report: MediaReport | null) => void;
  timer: NodeJS.Timeout;
}

/** The media thread as the signalling thread sees it. */
export class MediaClient {
  /** Called once a second. */
  onSnapshot: ((snapshot: MediaSnapshot) => void) | null = null;
  /** The media thread told of an error and ended; nothing that follows is answered. */
  onFailed: ((failure: ErrorMessage) => void) | null = null;
  /** A close was answered by `null`, and this is why. */
  onUnreported: ((call: number, reason: string) => void) | null = null;
  /** Resolves when the thread is up; `null` when it failed instead. */
  readonly ready: ThreadLink['ready'];
  /** Resolves with the first port pairs: `null` when there are some, otherwise why there is none. */
  readonly firstLeases: Promise<ErrorMessage | null>;
  /** Why the last top-up brought fewer pairs than were asked for. */
  exhausted: ErrorMessage | null = null;

  private readonly link: ThreadLink;
  private readonly leases: Lease[] = [];
  /** Those at the front that were handed out; taking each off by itself would move all the others. */
  private leased = 0;
  private leasesAsked = 0;
  private readonly reports = new ChurnMap<number, PendingReport>();
  private readonly digits = new Map<number, ((sent: string) => void)[]>();
  private readonly sayings = new ChurnMap<number, ((said: Said | null) => void)[]>();
  private readonly ears = new ChurnMap<number, (heard: HeardNow) => void>();
  private settleFirstLeases!: (refusal: ErrorMessage | null) => void;
  private readonly snapshotWaiters: (() => void)[] = [];

  /**
   * @param port the signalling end of the channel
   * @param wake the word on which the media thread sleeps
   * @param pool port pairs to keep at hand, so that no call waits for a socket
   */
  constructor(
    port: MessagePort,
    wake: Int32Array,
    private readonly pool = 64,
  ) {
    this.firstLeases = new Promise((resolve) => {
      this.settleFirstLeases = resolve;
    });
    this.link = new ThreadLink(port, wake, {
      onEvent: (event) => this.onEvent(event),
      onEnd: (failure) => this.onEnd(failure),
      onFailed: (failure) => this.onFailed?.(failure),
    });
    this.ready = this.link.ready;
    this.topUp();
  }

  /** A bound port pair, at once; `null` when none is at hand (`exhausted` says why, if it is for good). */
  lease(): Lease | null {
    const lease = this.leases[this.leased] ?? null;
    if (lease) this.leased++;
    this.topUp();
    return lease;
  }

  /** Gives a pair back on which no call was opened; a call's own pair comes back by `close`. */
  release(pair: number): void {
    this.link.post({ kind: 'release', pair });
  }

  /** Opens a path on a leased pair. It listens at once; nothing is sent before `connect`. */
  open(call: number, pair: number, name: string, session: SessionSpec, uplink: Pipeline, downlink: Pipeline): void {
    this.link.post({ kind: 'open', call, pair, name, session, uplink, downlink });
  }

  /** Puts other impairments in the place of those that these calls have, from their next packet on. */
  impair(calls: readonly number[], uplink: Pipeline, downlink: Pipeline, name: string): void {
    this.link.post({ kind: 'impair', calls, uplink, downlink, name });
  }

  /** Sets the far end and starts sending. May come again. */
  connect(call: number, remote: MediaRemote, answered: boolean): void {
    this.link.post({ kind: 'connect', call, remote, answered });
  }

  /** Sends digits by RFC 4733, `volume` in −dBm0; resolves with those that were sent: none where telephone-event was not negotiated. */
  sendDigits(call: number, digits: string, toneMs: number, gapMs: number, volume?: number): Promise<string> {
    if (this.link.failure) return Promise.resolve('');
    return new Promise((resolve) => {
      const waiting = this.digits.get(call);
      if (waiting) waiting.push(resolve);
      else this.digits.set(call, [resolve]);
      this.link.post({ kind: 'digits', call, digits, toneMs, gapMs, volume });
    });
  }

  /**
   * Says a sound of the setup once, in place of the call's audio and after what is said before. Resolves when that is over, with its
   * times on the run's clock; with `null` where nothing was being sent, or by a codec that is not encoded here.
   */
  say(call: number, sound: string): Promise<Said | null> {
    if (this.link.failure) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiting = this.sayings.get(call);
      if (waiting) waiting.push(resolve);
      else this.sayings.set(call, [resolve]);
      this.link.post({ kind: 'say', call, sound });
    });
  }

  /** Plays a sound of the setup over and over, in place of the call's audio; `none` for no RTP. */
  play(call: number, sound: string): void {
    this.link.post({ kind: 'play', call, sound });
  }

  /** What a call that is listened to live hears goes to `onHeard`, until it is closed. */
  hear(call: number, onHeard: (heard: HeardNow) => void): void {
    this.ears.set(call, onHeard);
  }

  /** Stops sending for good and goes on listening: to be called before a BYE is sent (RFC 3261 15.1.1). */
  hush(call: number): void {
    this.link.post({ kind: 'hush', call });
  }

  /** Ends a call's media; resolves with its report, or with `null` after 2 s without one (see `onUnreported`). */
  close(call: number): Promise<MediaReport | null> {
    if (this.link.failure) {
      this.onUnreported?.(call, this.link.failure.message);
      return Promise.resolve(null);
    }
    return new Promise((resolve) => {
      const giveUp = (): void =>
        this.unreported(call, `the media thread did not report within ${REPORT_TIMEOUT_MS} ms`);
      this.reports.set(call, { resolve, timer: setTimeout(giveUp, REPORT_TIMEOUT_MS) });
      this.link.post({ kind: 'close', call });
    });
  }

  /** Asks for a snapshot, which goes to `onSnapshot`; resolves after that, or when none comes. */
  async takeSnapshot(): Promise<void> {
    if (this.link.failure) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.snapshotWaiters.push(resolve);
      timer = setTimeout(resolve, SNAPSHOT_TIMEOUT_MS);
      this.link.post({ kind: 'snapshot' });
    });
    clearTimeout(timer);
  }

  /** Ends the thread, whatever calls are up; resolves when its end of the channel is closed. */
  async stop(): Promise<void> {
    await this.link.stop();
    this.abandon('the media thread was stopped');
  }

  /** Asks for pairs when a quarter of the pool is used, so that not every call costs a message. */
  private topUp(): void {
    const missing = this.pool - (this.leases.length - this.leased) - this.leasesAsked;
    if (missing * 4 < this.pool) return;
    this.leasesAsked += missing;
    this.link.post({ kind: 'lease', count: missing });
  }

  private onEvent(event: MediaEvent): void {
    switch (event.kind) {
      case 'leased':
        this.leases.splice(0, this.leased);
        this.leased = 0;
        this.leases.push(...event.leases);
        this.leasesAsked = event.exhausted ? 0 : this.leasesAsked - event.leases.length;
        this.exhausted = event.reason;
        this.settleFirstLeases(event.leases.length > 0 ? null : event.reason);
        break;
      case 'digits-sent':
        this.settleDigits(event.call, event.digits);
        break;
      case 'said':
        this.settleSaid(event.call, event.said);
        break;
      case 'heard':
        this.ears.get(event.call)?.(event.heard);
        break;
      case 'closed':
        this.ears.delete(event.call);
        this.settleReport(event.call, event.report);
        this.topUp();
        break;
      case 'snapshot':
        this.onSnapshot?.(event.snapshot);
        if (event.asked) this.snapshotWaiters.shift()?.();
        break;
      case 'relay':
      case 'ready':
      case 'failed':
        break;
      default:
        event satisfies never;
    }
  }

  /** The thread is gone: what is waited for does not come. One that ends without a word is for its owner to notice. */
  private onEnd(failure: ErrorMessage): void {
    this.settleFirstLeases(failure);
    this.abandon(failure.message);
  }

  private settleDigits(call: number, sent: string): void {
    const waiting = this.digits.get(call);
    waiting?.shift()?.(sent);
    if (waiting?.length === 0) this.digits.delete(call);
  }

  private settleSaid(call: number, said: Said | null): void {
    const waiting = this.sayings.get(call);
    waiting?.shift()?.(said);
    if (waiting?.length === 0) this.sayings.delete(call);
  }

  private settleReport(call: number, report: MediaReport | null): void {
    const pending = this.reports.get(call);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.reports.delete(call);
    pending.resolve(report);
  }

  private unreported(call: number, reason: string): void {
    this.onUnreported?.(call, reason);
    this.settleReport(call, null);
  }

  private abandon(reason: string): void {
    for (const [call] of this.reports.entries()) this.unreported(call, reason);
    for (const waiting of this.digits.values()) for (const resolve of waiting) resolve('');
    this.digits.clear();
    for (const [call, waiting] of this.sayings.entries()) {
      for (const resolve of waiting) resolve(null);
      this.sayings.delete(call);
    }
    for (const resolve of this.snapshotWaiters.splice(0)) resolve();
  }
}
