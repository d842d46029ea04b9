import type { MessagePort, Transferable } from 'node:worker_threads';
import type { ErrorMessage } from '../../core/errors.js';
import type { MediaCommand, MediaEvent } from './messages.js';

/** What the owner of a link hears. */
export interface ThreadLinkListener {
  /** Anything but `ready` and `failed`. */
  onEvent(event: MediaEvent): void;
  /** The thread is gone, however that came: what is waited for does not come. Told once. */
  onEnd(failure: ErrorMessage): void;
  /** The thread itself told why. */
  onFailed(failure: ErrorMessage): void;
}

/** A media thread seen from the thread that commands it. */
export class ThreadLink {
  /** Resolves when the thread is up; `null` when it failed instead. */
  readonly ready: Promise<{ driver: 'native' | 'dgram'; timestampSource: 'kernel' | 'user' } | null>;
  /** Why the thread has ended, unasked. */
  failure: ErrorMessage | null = null;

  private outgoing: MediaCommand[] = [];
  private transfers: Transferable[] = [];
  private settleReady!: (value: { driver: 'native' | 'dgram'; timestampSource: 'kernel' | 'user' } | null) => void;
  private stopping = false;
  private readonly closed: Promise<void>;
  private readonly sendOutgoing = (): void => {
    this.port.postMessage(this.outgoing, this.transfers);
    this.outgoing = [];
    this.transfers = [];
    Atomics.add(this.wake, 0, 1);
    Atomics.notify(this.wake, 0);
  };

  /** @param wake the word on which the thread sleeps */
  constructor(
    private readonly port: MessagePort,
    private readonly wake: Int32Array,
    private readonly listener: ThreadLinkListener,
  ) {
    this.ready = new Promise((resolve) => {
      this.settleReady = resolve;
    });
    this.closed = new Promise((resolve) => port.once('close', resolve));
    port.once('close', () => {
      if (!this.stopping) this.end({ code: 'THREAD_CRASHED', message: 'the media thread has ended', detail: {} });
    });
    port.on('message', (event: MediaEvent) => this.onEvent(event));
  }

  /** Commands of one turn of the event loop go together: each message by itself costs a copy and a wake-up. */
  post(command: MediaCommand, transfers: readonly Transferable[] = []): void {
    if (this.outgoing.length === 0) process.nextTick(this.sendOutgoing);
    this.outgoing.push(command);
    this.transfers.push(...transfers);
  }

  /** Ends the thread; resolves when its end of the channel is closed. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.post({ kind: 'stop' });
    await this.closed;
  }

  private onEvent(event: MediaEvent): void {
    if (event.kind === 'ready') {
      this.settleReady({ driver: event.driver, timestampSource: event.timestampSource });
    } else if (event.kind === 'failed') {
      this.end(event);
      this.listener.onFailed(event);
    } else {
      this.listener.onEvent(event);
    }
  }

  private end(failure: ErrorMessage): void {
    if (this.failure) return;
    this.failure = failure;
    this.settleReady(null);
    this.listener.onEnd(failure);
  }
}
