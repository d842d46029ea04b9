import { AppError } from '../core/errors.js';
import type { Pipeline } from '../impair/spec.js';
import type { Lease } from '../media/link/messages.js';
import type { RelayClient } from '../media/link/relay-client.js';
import type {
  PacketLogging,
  RelayBlocks,
  RelayDirection,
  RelayRemote,
  RelayReport,
  RelaySide,
} from '../media/link/relay-messages.js';

export interface RelayOptions {
  client: RelayClient;
  /** What is done to the packets of a call; A is the side that called. */
  pipelinesOf(call: CallTraits): Record<RelayDirection, Pipeline>;
  mediaTimeoutMs: number;
  /** Calls at a time; what comes beyond is refused. */
  maxCalls: number;
  log?: PacketLogging;
}

/** What decides whether a call is impaired. */
export interface CallTraits {
  /** Its place among the calls of the relay, from 0 on. */
  id: number;
  from: string;
  to: string;
  trunk: string;
}

/** What a call that ended was, for whoever writes it down. */
export interface EndedCall {
  call: number;
  name: string;
  /** `null` where the media thread did not tell. */
  report: RelayReport | null;
}

/** Counters of the relayed calls, whatever door they came by. */
export interface RelayCounts {
  up: number;
  peak: number;
  opened: number;
  refused: number;
  timedOut: number;
}

/** What all front doors share: they open and close calls here, which counts them and holds them to the limits. */
export class Relay {
  /** A call came to nothing for want of media, and its door is to end it. */
  onTimeout: ((call: number) => void) | null = null;
  onEnded: ((ended: EndedCall) => void) | null = null;
  private readonly names = new Map<number, string>();
  private readonly closing = new Map<number, Promise<RelayReport | null>>();
  /** What decides whether a call that is up is impaired. */
  private readonly traits = new Map<number, CallTraits>();
  private pipelinesOf: RelayOptions['pipelinesOf'];
  private nextCall = 1;
  private readonly counted = { peak: 0, opened: 0, refused: 0, timedOut: 0 };

  constructor(private readonly options: RelayOptions) {
    this.pipelinesOf = options.pipelinesOf;
    options.client.onTimeout = (call) => {
      this.counted.timedOut++;
      this.onTimeout?.(call);
    };
  }

  get counts(): RelayCounts {
    return { up: this.names.size, ...this.counted };
  }

  /** The name of a call that is up. */
  nameOf(call: number): string | undefined {
    return this.names.get(call);
  }

  /**
   * Opens a call between two ports, given or of these local addresses: its number and ports, or why there is none
   * (`CALLS_EXHAUSTED`, `PORTS_EXHAUSTED`, `PORTS_NOT_READY` …). The name decides, with the seed, what becomes of its packets;
   * who calls whom over which trunk may decide whether it is impaired at all.
   */
  open(
    name: string,
    at: Record<RelaySide, string | Lease>,
    { from = '', to = '', trunk = '' }: Partial<Omit<CallTraits, 'id'>> = {},
  ): OpenedCall | AppError {
    const { client, mediaTimeoutMs, maxCalls, log } = this.options;
    if (this.names.size >= maxCalls) {
      this.counted.refused++;
      return new AppError('CALLS_EXHAUSTED', 'The relay takes no more calls', {
        where: '--max-calls',
        expected: `${maxCalls} calls at a time`,
        found: 'one more',
      });
    }
    const a = typeof at.a === 'string' ? client.lease(at.a) : at.a;
    const b = a instanceof AppError ? a : typeof at.b === 'string' ? client.lease(at.b) : at.b;
    if (a instanceof AppError || b instanceof AppError) {
      if (!(a instanceof AppError)) client.release(a.pair);
      this.counted.refused++;
      return a instanceof AppError ? a : (b as AppError);
    }
    const call = this.nextCall++;
    const traits = { id: call - 1, from, to, trunk };
    const pipelines = this.pipelinesOf(traits);
    this.names.set(call, name);
    this.traits.set(call, traits);
    this.counted.opened++;
    this.counted.peak = Math.max(this.counted.peak, this.names.size);
    client.open({ call, name, pairs: { a: a.pair, b: b.pair }, pipelines, mediaTimeoutMs, log });
    return { call, leases: { a, b } };
  }

  /** Says where a side's far end is, and how it is spoken to. */
  connect(call: number, side: RelaySide, remote: RelayRemote): void {
    this.options.client.connect(call, side, remote);
  }

  impair(call: number, direction: RelayDirection, pipeline: Pipeline, name: string): void {
    this.options.client.impair(call, direction, pipeline, name);
  }

  /** Other impairments for all calls, those that are up included. `name` is what the ground truth calls them. */
  impairAll(pipelinesOf: RelayOptions['pipelinesOf'], name: string): void {
    this.pipelinesOf = pipelinesOf;
    for (const [call, traits] of this.traits) {
      const pipelines = pipelinesOf(traits);
      for (const direction of ['aToB', 'bToA'] as const) this.impair(call, direction, pipelines[direction], name);
    }
  }

  /** Sets what of a direction is thrown away or silenced, whatever the impairments do. */
  block(call: number, direction: RelayDirection, blocks: RelayBlocks): void {
    this.options.client.block(call, direction, blocks);
  }

  query(call: number): Promise<RelayReport | null> {
    return this.options.client.query(call);
  }

  /** Ends a call and gives its ports back; resolves with what became of its packets. */
  close(call: number): Promise<RelayReport | null> {
    const name = this.names.get(call);
    if (name === undefined) return Promise.resolve(null);
    let closing = this.closing.get(call);
    if (closing === undefined) {
      closing = this.end(call, name);
      this.closing.set(call, closing);
    }
    return closing;
  }

  /** Ends every call. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.names.keys()].map((call) => this.close(call)));
  }

  private async end(call: number, name: string): Promise<RelayReport | null> {
    const report = await this.options.client.close(call);
    this.names.delete(call);
    this.traits.delete(call);
    this.closing.delete(call);
    this.onEnded?.({ call, name, report });
    return report;
  }
}

export interface OpenedCall {
  call: number;
  leases: Record<RelaySide, Lease>;
}
