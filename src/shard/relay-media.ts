import { MessageChannel } from 'node:worker_threads';
import { AppError } from '../core/errors.js';
import type { MediaSetup, MediaThreadData } from '../media/link/messages.js';
import { RelayClient } from '../media/link/relay-client.js';
import { startThread, threadFile } from './thread.js';

export interface RelayMediaListener {
  /** The media thread failed or ended unasked: no call goes on. */
  onFailed(error: AppError): void;
  /** Something was printed within the thread. */
  onOutput(text: string): void;
}

/** What of a thread's setup a relay has to say; it plays nothing. */
export type RelaySetup = Pick<
  MediaSetup,
  'driver' | 'addresses' | 'portMin' | 'portMax' | 'pool' | 'seed' | 'tickMs' | 'impairments'
>;

/** A relay's media thread; its doors work in the thread that starts it. */
export class RelayMedia {
  readonly client: RelayClient;
  private readonly terminate: () => Promise<unknown>;
  private closing = false;

  constructor(setup: RelaySetup, listener: RelayMediaListener) {
    const { port1, port2 } = new MessageChannel();
    const wake = new SharedArrayBuffer(4);
    const data: MediaThreadData = { setup: { ...setup, sounds: {}, formats: [] }, port: port2, wake };
    const worker = startThread('media', 'relay media', threadFile('media/thread.js'), data, [port2], {
      onOutput: (text) => listener.onOutput(text),
      onFailed: (error) => {
        if (!this.closing) listener.onFailed(error);
      },
    });
    this.terminate = () => worker.terminate();
    this.client = new RelayClient(port1, new Int32Array(wake), setup.addresses, setup.pool);
    this.client.onFailed = (failure) => {
      if (!this.closing) listener.onFailed(AppError.fromMessage(failure));
    };
  }

  /** Ends the thread, whatever calls are up. Idempotent. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.client.stop();
    await this.terminate();
  }
}
