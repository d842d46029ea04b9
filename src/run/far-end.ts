import type { AppError } from '../core/errors.js';
import type { ShardCommand, ShardEvent } from '../shard/messages.js';
import { Shard } from '../shard/shard.js';
import { hostPort } from '../sip/uri.js';
import { mediaSetup } from './media-setup.js';
import { sharedSpans } from './rtp-ports.js';
import type { RunOptions } from './run-options.js';

/** So long after its callers have gone its last reports are waited for. */
const DRAIN_MS = 3000;

export interface FarEndOptions {
  /** `accounts` are those that are called; left out, it is a trunk. */
  run: Pick<RunOptions, 'profile' | 'plan' | 'accounts' | 'advertise'>;
  address: string;
  onEvent(name: string, event: Exclude<ShardEvent, { kind: 'ready' | 'done' }>): void;
  onFailed(error: AppError): void;
  onOutput(text: string): void;
}

/** Those who answer the calls of a run: a trunk of its own, or the accounts that are called. */
export class FarEnd {
  /** Its SIP URI; rejects where it cannot start. */
  readonly ready: Promise<string>;
  private shard!: Shard;
  private end!: () => void;
  private readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(options: FarEndOptions) {
    const { run, address, onEvent, onFailed, onOutput } = options;
    const { profile, plan, accounts, advertise } = run;
    const name = accounts ? 'accounts' : 'trunk';
    this.ready = new Promise((resolve, reject) => {
      this.shard = new Shard(
        {
          name,
          signalling: { role: { kind: 'trunk', accounts }, profile, network: { address, sipPort: 0, advertise } },
          media: mediaSetup('trunk', profile, plan, address, sharedSpans(profile.media.rtpPorts).trunk),
        },
        {
          onEvent: (event) => {
            if (event.kind === 'ready') resolve(`sip:${hostPort(event.sip!.address, event.sip!.port)}`);
            else if (event.kind === 'done') this.end();
            else onEvent(name, event);
          },
          onFailed: (error) => {
            reject(error);
            if (!this.shard.signallingAlive) this.end();
            onFailed(error);
          },
          onOutput: (text) => onOutput(`${name}: ${text.trim().split('\n')[0]}`),
        },
      );
    });
  }

  send(command: ShardCommand): void {
    this.shard.send(command);
  }

  /**
   * Lets its last reports come in.
   * @param leavingMs how long its accounts take to be taken off
   */
  async drain(leavingMs: number): Promise<void> {
    if (!this.shard.signallingAlive) return;
    this.send({ kind: 'stop' });
    const timer = setTimeout(this.end, DRAIN_MS + leavingMs);
    await this.ended;
    clearTimeout(timer);
  }

  close(): Promise<void> {
    return this.shard.close();
  }
}
