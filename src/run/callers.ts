import type { AppError } from '../core/errors.js';
import { populationMemory } from '../flow/population.js';
import type { LoggedPackets, MediaSnapshot } from '../media/link/messages.js';
import type { Pulse, ShardCommand, ShardEvent, ShardRole } from '../shard/messages.js';
import { Shard, type ShardSpec } from '../shard/shard.js';
import { mediaSetup } from './media-setup.js';
import type { Plan } from './plan.js';
import { type PortSpan, split } from './rtp-ports.js';
import { type MediaTotals, sumMedia, sumPulses } from './shards.js';

type Ready = Extract<ShardEvent, { kind: 'ready' }>;

export interface CallersOptions {
  /** How many shards the calls are spread over. */
  shards: number;
  ports: PortSpan;
  plan: Plan;
  signalling: Pick<ShardSpec['signalling'], 'profile' | 'network'> & {
    role: Omit<Extract<ShardRole, { kind: 'swarm' }>, 'slice'>;
  };
  /** What a shard of that name says; `pulse` and `media` are up to date by then. */
  onEvent(name: string, event: Exclude<ShardEvent, Ready>): void;
  /** Every shard has tried each of its accounts. */
  onRegistered(): void;
  /** Every shard has ended its calls, or can no longer say so. */
  onDone(): void;
  onFailed(error: AppError): void;
  onOutput(text: string): void;
  /** What became of packets; they are logged where this is given. */
  onPackets?(packets: LoggedPackets): void;
}

interface Part {
  shard: Shard;
  pulse: Pulse | null;
  media: MediaSnapshot | null;
  registered: boolean;
  done: boolean;
}

/**
 * The callers of a run, spread over shards: each makes every n-th attempt of the plan, has an n-th of the ports and a SIP
 * port of its own. They count one population, so that its peak is exact.
 */
export class Callers {
  /** What the first shard says when all are ready; rejects where one cannot start. */
  readonly ready: Promise<Ready>;
  private readonly parts: Part[] = [];

  constructor(private readonly options: CallersOptions) {
    const spans = split(options.ports, options.shards);
    const population = populationMemory();
    this.ready = Promise.all(spans.map((ports, index) => this.open(index, ports, population))).then(([first]) => first);
  }

  /** Whether a shard can still hang up and report. */
  get alive(): boolean {
    return this.parts.some(({ shard }) => shard.signallingAlive);
  }

  /** The counters of all shards; `null` until each has told its own. */
  get pulse(): Pulse | null {
    const known = this.parts.flatMap(({ pulse }) => pulse ?? []);
    return known.length < this.options.shards ? null : sumPulses(known);
  }

  get media(): MediaTotals | null {
    return sumMedia(this.parts.flatMap(({ media }) => media ?? []));
  }

  send(command: ShardCommand): void {
    for (const { shard } of this.parts) shard.send(command);
  }

  async close(): Promise<void> {
    await Promise.all(this.parts.map(({ shard }) => shard.close()));
  }

  private open(index: number, ports: PortSpan, population: SharedArrayBuffer): Promise<Ready> {
    const { shards: of, plan, signalling, onOutput } = this.options;
    const { profile, network, role } = signalling;
    const name = of === 1 ? 'swarm' : `swarm ${index + 1}`;
    return new Promise((resolve, reject) => {
      const shard = new Shard(
        {
          name,
          signalling: { role: { ...role, slice: { index, of } }, profile, network, population },
          media: mediaSetup('swarm', profile, { burst: Math.ceil(plan.burst / of) }, network.address, ports),
        },
        {
          onEvent: (event) => (event.kind === 'ready' ? resolve(event) : this.onEvent(name, part, event)),
          onFailed: (error) => {
            reject(error);
            this.options.onFailed(error);
          },
          onOutput: (text) => onOutput(`${name}: ${text.trim().split('\n')[0]}`),
          onPackets: this.options.onPackets,
        },
      );
      const part: Part = { shard, pulse: null, media: null, registered: false, done: false };
      this.parts.push(part);
    });
  }

  private onEvent(name: string, part: Part, event: Exclude<ShardEvent, Ready>): void {
    if (event.kind === 'pulse') part.pulse = event.pulse;
    if (event.kind === 'media') part.media = event.snapshot;
    if (event.kind === 'done') part.done = true;
    if (event.kind === 'registered') part.registered = true;
    this.options.onEvent(name, event);
    if (event.kind === 'registered' && this.parts.every(({ registered }) => registered)) this.options.onRegistered();
    if (event.kind === 'done' && this.parts.every(({ shard, done }) => done || !shard.signallingAlive))
      this.options.onDone();
  }
}
