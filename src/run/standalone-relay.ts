import { ControlServer } from '../control/server.js';
import type { ControlSpec } from '../control/spec.js';
import { systemClock } from '../core/clock.js';
import type { AppError } from '../core/errors.js';
import { pipelinesOf } from '../impair/compose.js';
import type { ImpairmentSpec } from '../impair/impairment-spec.js';
import type { MediaSetup } from '../media/link/messages.js';
import type { RelayClient } from '../media/link/relay-client.js';
import type { RelaySnapshot } from '../media/link/relay-messages.js';
import type { Door } from '../relay/door.js';
import { relayPipelines } from '../relay/impairments.js';
import { Relay, type RelayCounts, type RelayOptions } from '../relay/relay.js';
import { RelayMedia } from '../shard/relay-media.js';
import { ImpairmentInForce } from './impairment-in-force.js';
import { type LatenessReport, RelayLateness } from './relay-lateness.js';
import type { PortSpan } from './rtp-ports.js';

/** How long a packet waits at most before it is read, on a machine that has time for it. */
const TICK_MS = 1;
const UPDATE_MS = 500;

export interface StandaloneRelayOptions extends Omit<RelayOptions, 'client' | 'pipelinesOf'> {
  /** What is done to calls until something else is asked for. */
  impairment: ImpairmentSpec;
  /** Why the door cannot do an impairment, where it cannot. */
  refusal(impairment: ImpairmentSpec): string | null;
  /** Where something else may be asked for; nowhere when it is left out. */
  control?: ControlSpec;
  driver: MediaSetup['driver'];
  seed: number;
  /** Local addresses that ports are leased of, and how many pairs of each are kept bound; none for a door that binds its own. */
  addresses: readonly string[];
  ports: PortSpan;
  pool: number;
  openDoor(relay: Relay, client: RelayClient, onFatal: (error: Error) => void): Promise<Door>;
  /** Twice a second, and at the end. */
  onUpdate(state: RelayState): void;
  onLog(text: string): void;
  /** Batches of the packet log (see `media/link/packet-log.ts`). */
  onPackets?(batch: Uint8Array, nameOf: (call: number) => string | undefined): void;
}

/** How a relay stands. */
export interface RelayState {
  /** Since its start. */
  forMs: number;
  counts: RelayCounts;
  door: Pick<Door, 'title' | 'figures'>;
  /** The change of impairments that is in force; `null` while they are as at the start. */
  change: string | null;
  /** `null` before the first second is over. */
  media: RelaySnapshot | null;
  /** How late packets left in the last second, 99 of 100 no more, and whether that is too late. */
  lateP99Ms: number | null;
  isLate: boolean;
  stopping: boolean;
}

/** What a relay did until it was stopped. */
export interface RelayResult {
  seed: number;
  durationMs: number;
  calls: Omit<RelayCounts, 'up'>;
  /** Changes of the impairments while it was up, in ms since its start. */
  changes: { name: string; atMs: number }[];
  /** Sums over all calls; A is the side that called. */
  media: Omit<RelaySnapshot, 'atMs' | 'calls' | 'health'> | null;
  /** `driver`, `timestampSource` and what the machine could not keep up with. */
  health:
    | (LatenessReport & {
        driver: string;
        timestampSource: string;
        receiveDrops: number;
        sendErrors: number;
        cpuMs: number | null;
      })
    | null;
  door: Record<string, unknown>;
}

/** A relay with one front door: until it is stopped. */
export class StandaloneRelay {
  private latest: RelaySnapshot | null = null;
  private settle!: () => void;
  private reject!: (error: Error) => void;
  private stopping = false;
  private relay: Relay | null = null;
  private readonly impairing: ImpairmentInForce;
  private readonly lateness = new RelayLateness();
  private startMs = 0;
  private readonly over: Promise<void>;

  constructor(private readonly options: StandaloneRelayOptions) {
    this.impairing = new ImpairmentInForce(options.impairment);
    this.over = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.reject = reject;
    });
    // It may fail before anybody waits for it.
    this.over.catch(() => {});
  }

  /** Runs until `stop`. Rejects with an AppError when it cannot start, or cannot go on. */
  async execute(): Promise<RelayResult> {
    const { options } = this;
    const { driver, addresses, ports, pool, seed } = options;
    const { uplink, downlink } = pipelinesOf(options.impairment);
    const span = { portMin: ports.min, portMax: ports.max };
    const media = new RelayMedia(
      { driver, addresses, ...span, pool, seed, tickMs: TICK_MS, impairments: [...uplink, ...downlink] },
      { onFailed: (error: AppError) => this.reject(error), onOutput: (text) => options.onLog(text.trim()) },
    );
    const { client } = media;
    client.onSnapshot = (snapshot) => this.note(snapshot);
    let timer: NodeJS.Timeout | undefined;
    let door: Door | null = null;
    let control: ControlServer | null = null;
    const startMs = systemClock.now();
    this.startMs = startMs;
    try {
      await client.ready();
      const relay = new Relay({ ...options, client, pipelinesOf: relayPipelines(options.impairment) });
      this.relay = relay;
      const nameOf = (call: number): string | undefined => relay.nameOf(call);
      client.onLog = (batch) => options.onPackets?.(batch, nameOf);
      door = await options.openDoor(relay, client, (error) => this.reject(error));
      const listening = door;
      control = await this.openControl();
      const update = (): void =>
        options.onUpdate({
          forMs: systemClock.now() - startMs,
          counts: relay.counts,
          door: listening,
          change: this.impairing.changed?.name ?? null,
          media: this.latest,
          lateP99Ms: this.lateness.p99Ms,
          isLate: this.lateness.isLate,
          stopping: this.stopping,
        });
      update();
      timer = setInterval(update, UPDATE_MS);
      await this.over;
      await door.close();
      await relay.closeAll();
      const last = await client.takeSnapshot();
      if (last !== null) this.note(last);
      update();
      const { up: _, ...calls } = relay.counts;
      const durationMs = systemClock.now() - startMs;
      const { changes } = this.impairing.report();
      return { seed, durationMs, calls, changes, ...this.parts(last), door: door.statistics() };
    } finally {
      clearInterval(timer);
      await Promise.all([door?.close().catch(() => {}), control?.close()]);
      await media.close();
    }
  }

  /** Other impairments, for the calls that are up and for those that come. */
  changeImpairment(impairment: ImpairmentSpec): void {
    if (this.relay === null) return;
    const name = this.impairing.change(impairment, systemClock.now() - this.startMs);
    this.options.onLog(`impairments: ${name}`);
    this.relay.impairAll(relayPipelines(impairment), name);
  }

  /** The next one of the named networks in place of the impairments; after the last one those of the start again. */
  nextNetwork(): void {
    this.changeImpairment(this.impairing.nextNetwork());
  }

  private note(snapshot: RelaySnapshot): void {
    const { lateness, options } = this;
    const wasLate = lateness.isLate;
    this.latest = snapshot;
    lateness.add(snapshot);
    if (lateness.isLate === wasLate) return;
    options.onLog(
      wasLate
        ? 'packets leave in time again'
        : `this machine does not keep up: packets leave late, p99 ${lateness.p99Ms!.toFixed(1)} ms, by which delays are longer than those injected`,
    );
  }

  private parts(snapshot: RelaySnapshot | null): Pick<RelayResult, 'media' | 'health'> {
    if (snapshot === null) return { media: null, health: null };
    const { atMs: _at, calls: _calls, health, ...media } = snapshot;
    const { driver, timestampSource, receiveDrops, sendErrors, cpuMs } = health;
    return { media, health: { driver, timestampSource, receiveDrops, sendErrors, cpuMs, ...this.lateness.report() } };
  }

  private async openControl(): Promise<ControlServer | null> {
    const { control, onLog } = this.options;
    if (control === undefined) return null;
    const server = await ControlServer.open(control, {
      impairment: () => this.impairing.report(),
      refusal: this.options.refusal,
      changeImpairment: (impairment) => this.changeImpairment(impairment),
    });
    onLog(`control: ${server.url}`);
    return server;
  }

  /** Ends every call, and the relay. */
  stop(): void {
    this.stopping = true;
    this.settle();
  }
}
