import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { AppError } from '../core/errors.js';
import type { LoggedPackets, MediaSetup, MediaThreadData } from '../media/link/messages.js';
import { DepartureRing } from '../sip/departure-ring.js';
import type { ShardCommand, ShardEvent, SignallingThreadData } from './messages.js';
import { startThread, threadFile } from './thread.js';

const CLOSE_PATIENCE_MS = 3000;

export interface ShardSpec {
  name: string;
  signalling: Omit<SignallingThreadData, 'media' | 'departures'>;
  media: MediaSetup;
}

export interface ShardListener {
  onEvent(event: ShardEvent): void;
  /** A thread failed or ended unasked: the run cannot go on. May come more than once; see `signallingAlive`. */
  onFailed(error: AppError): void;
  /** Something was printed within a thread. */
  onOutput(text: string): void;
  /** What became of packets; they are logged where this is given. */
  onPackets?(packets: LoggedPackets): void;
}

/** A signalling thread and a media thread that belong together; with a swarm also the one that its INVITEs leave from. */
export class Shard {
  private readonly signalling: Worker;
  private readonly media: Worker;
  private readonly departures: { ring: DepartureRing; worker: Worker } | null;
  private closing = false;
  /** Whether the signalling thread can still hang up and report. */
  signallingAlive = true;
  private readonly exits: Promise<unknown>[];

  constructor(
    spec: ShardSpec,
    private readonly listener: ShardListener,
  ) {
    const { port1, port2 } = new MessageChannel();
    const wake = new SharedArrayBuffer(4);
    const logRead = listener.onPackets && new SharedArrayBuffer(4);
    const mediaData: MediaThreadData = { setup: spec.media, port: port2, wake, logRead };
    this.media = this.start('media', spec.name, threadFile('media/thread.js'), mediaData, [port2]);
    if (logRead) {
      const read = new Int32Array(logRead);
      this.media.on('message', (packets: LoggedPackets) => {
        listener.onPackets?.(packets);
        Atomics.add(read, 0, 1);
      });
    }
    // A server elsewhere sends when it gets to it.
    const departs = spec.signalling.role.kind === 'swarm' && !spec.signalling.network.drachtio;
    const departures = departs ? DepartureRing.memory() : undefined;
    const data: SignallingThreadData = {
      ...spec.signalling,
      media: { port: port1, wake, pool: spec.media.pool },
      departures,
    };
    this.signalling = this.start('signalling', spec.name, threadFile('shard/signalling-thread.js'), data, [port1]);
    this.departures = departures
      ? {
          ring: new DepartureRing(departures),
          worker: this.start('departures', spec.name, threadFile('sip/departure-thread.js'), { departures }, []),
        }
      : null;
    this.signalling.on('message', (event: ShardEvent) => {
      if (event.kind === 'failed') this.fail(AppError.fromMessage(event));
      else listener.onEvent(event);
    });
    this.signalling.prependOnceListener('exit', () => {
      this.signallingAlive = false;
    });
    this.exits = this.workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  }

  send(command: ShardCommand): void {
    this.signalling.postMessage(command);
  }

  /** Ends the threads, by force where they do not end by themselves. Idempotent. */
  async close(): Promise<void> {
    if (!this.closing) {
      this.closing = true;
      this.departures?.ring.stop();
      this.signalling.postMessage({ kind: 'close' });
    }
    if (this.signallingAlive) {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise((resolve) => {
        timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
      });
      await Promise.race([Promise.all(this.exits), patience]);
      clearTimeout(timer);
    }
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private get workers(): Worker[] {
    return [this.media, this.signalling, ...(this.departures ? [this.departures.worker] : [])];
  }

  private start(
    kind: 'signalling' | 'media' | 'departures',
    name: string,
    file: URL,
    workerData: object,
    transfer: MessagePort[],
  ): Worker {
    return startThread(kind, `${name} ${kind}`, file, workerData, transfer, {
      onFailed: (error) => this.fail(error),
      onOutput: (text) => this.listener.onOutput(text),
    });
  }

  private fail(error: AppError): void {
    if (!this.closing) this.listener.onFailed(error);
  }
}
