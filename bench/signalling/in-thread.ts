import { EventEmitter } from 'node:events';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Lease, MediaCommand, MediaEvent } from '../../src/media/link/messages.js';
import type { Pulse, ShardEvent } from '../../src/shard/messages.js';
import type { Signalling as SignallingType } from '../../src/shard/signalling.js';
import { built } from './built.js';

const { impairmentsOf } = await built<typeof import('../../src/impair/compose.js')>('impair/compose.js');
const { parseProfile } = await built<typeof import('../../src/profile/read.js')>('profile/read.js');
const { DepartureRing } = await built<typeof import('../../src/sip/departure-ring.js')>('sip/departure-ring.js');
const { threadFile } = await built<typeof import('../../src/shard/thread.js')>('shard/thread.js');
const { Signalling } = await built<typeof import('../../src/shard/signalling.js')>('shard/signalling.js');
const { readTarget } = await built<typeof import('../../src/swarm/target.js')>('swarm/target.js');

// As the signalling thread does: srf looks into process.env for every header it reads.
process.env = { ...process.env };

/** Stands for the media thread and its channel: hands out port pairs that nobody bound, and carries nothing. */
class NoMedia extends EventEmitter {
  private pair = 0;

  postMessage(commands: MediaCommand[]): void {
    for (const command of commands) this.take(command);
  }

  private take(command: MediaCommand): void {
    switch (command.kind) {
      case 'lease': {
        const leases = Array.from({ length: command.count }, () => this.lease());
        this.answer({ kind: 'leased', address: null, leases, exhausted: false, reason: null });
        break;
      }
      case 'close':
        // Without a report the record says that it is missing, and nothing else changes.
        this.answer({ kind: 'closed', call: command.call, report: null as never });
        break;
      case 'stop':
        this.emit('close');
        break;
    }
  }

  begin(): void {
    this.answer({ kind: 'ready', driver: 'native', timestampSource: 'kernel' });
  }

  private answer(event: MediaEvent): void {
    setImmediate(() => this.emit('message', event));
  }

  private lease(): Lease {
    this.pair = (this.pair + 1) % 20_000;
    return { pair: this.pair, address: '127.0.0.1', rtpPort: 20_000 + 2 * this.pair, rtcpPort: 20_001 + 2 * this.pair };
  }
}

const POLL_MS = 5;

/** What `keepUp` takes hold of. */
interface Paced {
  readonly up: number;
  readonly options: { pacer: object; onRecord: (record: unknown) => void };
  turn(): void;
}

/**
 * The life of a signalling thread, swarm, drachtio-srf and embedded server, in this thread, where its memory can be
 * measured, and beside it the thread that its INVITEs leave from. There is no media thread: ten thousand calls would need twenty thousand sockets.
 */
export class InThread {
  pulse: Pulse | null = null;
  /** Records of calls that have ended. */
  ended = 0;
  failed = 0;
  readonly done: Promise<void>;
  private isStopped = false;
  private readonly signalling: SignallingType;
  private readonly departures = DepartureRing.memory();

  /** @param load stages of a profile, as YAML */
  constructor(target: string, load: string, holdMs: number) {
    const profile = parseProfile(
      `{ name: bench, target: "${target}", load: ${load}, calls: { to: service, hold: ${holdMs} } }`,
      'bench',
    );
    const { departures } = this;
    new Worker(threadFile('sip/departure-thread.js'), { workerData: { departures } });
    const media = new NoMedia();
    let settle = (): void => {};
    this.done = new Promise((resolve) => {
      settle = resolve;
    });
    this.signalling = new Signalling(
      {
        role: {
          kind: 'swarm',
          target: readTarget(target)!,
          group: null,
          impairment: impairmentsOf(profile.impairment),
          rows: [],
          accounts: [],
          slice: { index: 0, of: 1 },
        },
        profile,
        network: { address: '127.0.0.1', sipPort: 0 },
        media: { port: media as unknown as MessagePort, wake: new SharedArrayBuffer(4), pool: 2000 },
        departures,
      },
      (event: ShardEvent) => {
        if (event.kind === 'pulse') this.pulse = event.pulse;
        else if (event.kind === 'records') {
          this.ended += event.records.length;
          for (const record of event.records) if (record.outcome !== 'completed') this.failed++;
        } else if (event.kind === 'failed') throw new Error(event.message);
        else if (event.kind === 'done') settle();
      },
    );
    media.begin();
  }

  async begin(): Promise<void> {
    await this.signalling.open();
    this.signalling.handle({ kind: 'begin' });
  }

  /**
   * Places a call whenever fewer than `count` are up, whatever the plan says: as fast as it goes, so that a machine that is
   * busy otherwise makes it slower and not fail.
   */
  keepUp(count: number): void {
    const { swarm } = this.signalling as unknown as { swarm: Paced };
    let index = 0;
    let isDue = false;
    Object.assign(swarm.options.pacer, {
      advance: (_nowMs: number, limit: number, start: (index: number, lateMs: number) => boolean): boolean => {
        for (let n = 0; n < limit && swarm.up < count && !this.isStopped; n++) start(index++, 0);
        return false;
      },
      untilNextMs: () => POLL_MS,
    });
    const { onRecord } = swarm.options;
    swarm.options.onRecord = (record) => {
      onRecord(record);
      if (isDue) return;
      isDue = true;
      setImmediate(() => {
        isDue = false;
        swarm.turn();
      });
    };
  }

  stop(): void {
    this.isStopped = true;
    this.signalling.handle({ kind: 'stop' });
  }

  close(): Promise<void> {
    new DepartureRing(this.departures).stop();
    return this.signalling.close();
  }
}
