import { systemClock } from '../../core/clock.js';
import type { RelayClient } from '../../media/link/relay-client.js';
import type { RelaySide } from '../../media/link/relay-messages.js';
import type { SdpFault } from '../../sdp/fault-spec.js';
import { hostPort } from '../../sip/uri.js';
import type { Door } from '../door.js';
import type { CallTraits, Relay } from '../relay.js';
import { NgEngine } from './engine.js';
import type { NgInterface } from './interfaces.js';
import { TcpControl } from './tcp-control.js';
import { UdpControl } from './udp-control.js';

const TICK_MS = 1000;
/** How long an offer may wait for its answer: longer than any phone rings (RFC 3261, timer C: 3 minutes). */
const OFFER_TIMEOUT_MS = 300_000;
/** How long a call on hold may be silent. */
const HELD_TIMEOUT_MS = 3_600_000;

export interface NgDoorOptions {
  relay: Relay;
  client: Pick<RelayClient, 'onSnapshot'>;
  /** Faults of what each side of a call says in its descriptions. */
  sdpFaultsOf?(call: CallTraits): Record<RelaySide, readonly SdpFault[]>;
  /** Where controllers send to, by UDP and by TCP. */
  listen: { host: string; port: number };
  /** Local addresses, all of which the media thread has ports of; at least one. */
  interfaces: readonly NgInterface[];
  /** The range that media ports are taken of, for `statistics`. */
  ports: { min: number; max: number };
  maxCalls: number;
  mediaTimeoutMs: number;
  onLog(text: string): void;
}

/** The door that stands where rtpengine stood: controllers of its ng protocol have their calls' media relayed here. */
export class NgDoor implements Door {
  private readonly engine: NgEngine;
  private udp!: UdpControl;
  private tcp!: TcpControl;
  private readonly timer: NodeJS.Timeout;
  private closing: Promise<void> | null = null;

  private constructor(private readonly options: NgDoorOptions) {
    const { relay, client, interfaces, ports, maxCalls, mediaTimeoutMs, onLog, sdpFaultsOf } = options;
    const limits = {
      calls: maxCalls,
      offerTimeoutMs: OFFER_TIMEOUT_MS,
      heldTimeoutMs: HELD_TIMEOUT_MS,
      mediaTimeoutMs,
    };
    const unixOffsetMs = Date.now() - systemClock.now();
    this.engine = new NgEngine({
      media: relay,
      // The protocol tells who calls whom by nothing but tags.
      sdpFaultsOf: sdpFaultsOf && ((call) => sdpFaultsOf({ id: call - 1, from: '', to: '', trunk: '' })),
      clock: systemClock,
      interfaces,
      limits,
      ports,
      onNote: (note) => onLog(`ng: ${note}`),
      unixMs: (atMs) => atMs + unixOffsetMs,
    });
    relay.onTimeout = (call) => this.engine.calls.onSilent(call);
    const { onSnapshot } = client;
    client.onSnapshot = (snapshot) => {
      onSnapshot?.(snapshot);
      this.engine.onSnapshot(snapshot);
    };
    this.timer = setInterval(() => void this.engine.tick(), TICK_MS);
  }

  /** Opens the control port. Rejects with an AppError: `PORT_TAKEN`, `ADDRESS_UNUSABLE`. */
  static async open(options: NgDoorOptions): Promise<NgDoor> {
    const door = new NgDoor(options);
    const { host, port } = options.listen;
    try {
      door.udp = await UdpControl.open(host, port, door.engine);
      door.tcp = await TcpControl.open(host, port, door.engine);
    } catch (error) {
      clearInterval(door.timer);
      await door.udp?.close();
      throw error;
    }
    return door;
  }

  get title(): string {
    const { host, port } = this.options.listen;
    return `ng ${hostPort(host, port)}`;
  }

  figures(): { label: string; value: string }[] {
    const { calls, counts } = this.engine;
    return [
      { label: 'ng calls', value: String(calls.size) },
      { label: 'commands', value: String(counts.messages) },
      { label: 'errors', value: String(counts.errors + counts.malformed) },
    ];
  }

  statistics(): Record<string, unknown> {
    const { engine, udp, tcp } = this;
    return {
      control: { ...engine.counts, sendErrors: udp.sendErrors, tcp: tcp.counts },
      calls: engine.calls.ended,
    };
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    clearInterval(this.timer);
    this.engine.close();
    await Promise.all([this.udp.close(), this.tcp.close()]);
  }
}
