import { AppError } from '../../../src/core/errors.js';
import type { Lease } from '../../../src/media/link/messages.js';
import type {
  RelayBlocks,
  RelayDirection,
  RelayEndReport,
  RelayRemote,
  RelayReport,
  RelaySide,
} from '../../../src/media/link/relay-messages.js';
import type { NgMedia } from '../../../src/relay/ng/dialogue.js';
import type { OpenedCall } from '../../../src/relay/relay.js';

interface FakeCall {
  name: string;
  leases: Record<RelaySide, Lease>;
  remotes: Partial<Record<RelaySide, RelayRemote>>;
  /** What is thrown away or silenced, by name. */
  blocked: Record<RelayDirection, string[]>;
  /** When the last packet came; `null` for none. */
  lastPacketMs: number | null;
}

/** A relay that has ports and keeps books, and moves no packet. */
export class FakeMedia implements NgMedia {
  readonly calls = new Map<number, FakeCall>();
  /** Every port pair in use, by its RTP port. */
  readonly leased = new Set<number>();
  /** Further ports are still being bound. */
  isBehind = false;
  private nextPort = 30_000;
  private nextCall = 1;

  /** @param pairs how many port pairs there are in all, and how many calls there may be */
  constructor(
    private readonly pairs = 10_000,
    private readonly maxCalls = 10_000,
  ) {}

  open(name: string, at: Record<RelaySide, string | Lease>): OpenedCall | AppError {
    if (this.calls.size >= this.maxCalls) return new AppError('CALLS_EXHAUSTED', 'The relay takes no more calls');
    if (this.isBehind) return new AppError('PORTS_NOT_READY', 'Further RTP ports are still being bound');
    if (this.leased.size + 2 > this.pairs) return new AppError('PORTS_EXHAUSTED', 'No RTP port pair is left');
    const opened = { call: this.nextCall++, leases: { a: this.lease(at.a), b: this.lease(at.b) } };
    const blocked = { aToB: [], bToA: [] };
    this.calls.set(opened.call, { name, leases: opened.leases, remotes: {}, blocked, lastPacketMs: null });
    return opened;
  }

  connect(call: number, side: RelaySide, remote: RelayRemote): void {
    this.calls.get(call)!.remotes[side] = remote;
  }

  block(call: number, direction: RelayDirection, blocks: RelayBlocks): void {
    const names = Object.entries(blocks).flatMap(([name, isBlocked]) => (isBlocked ? [name] : []));
    this.calls.get(call)!.blocked[direction] = names;
  }

  query(call: number): Promise<RelayReport | null> {
    const one = this.calls.get(call);
    return Promise.resolve(one ? this.report(one) : null);
  }

  close(call: number): Promise<RelayReport | null> {
    const one = this.calls.get(call);
    if (!one) return Promise.resolve(null);
    this.calls.delete(call);
    for (const { rtpPort } of Object.values(one.leases)) this.leased.delete(rtpPort);
    return Promise.resolve(this.report(one));
  }

  /** The only call. */
  get only(): FakeCall {
    if (this.calls.size !== 1) throw new Error(`${this.calls.size} calls are up`);
    return [...this.calls.values()][0];
  }

  private lease(address: string | Lease): Lease {
    if (typeof address !== 'string') return address;
    const rtpPort = this.nextPort;
    this.nextPort += 2;
    this.leased.add(rtpPort);
    return { pair: rtpPort, address, rtpPort, rtcpPort: rtpPort + 1 };
  }

  private report(one: FakeCall): RelayReport {
    const direction = { truth: { packets: 3 } as RelayReport['directions']['aToB']['truth'], blocked: 0, silenced: 0 };
    return {
      openedMs: 0,
      atMs: 0,
      ends: { a: this.end(one, 'a', 7), b: this.end(one, 'b', 5) },
      directions: { aToB: direction, bToA: direction },
    };
  }

  private end(one: FakeCall, side: RelaySide, packets: number): RelayEndReport {
    const { address, rtpPort, rtcpPort } = one.leases[side];
    return {
      local: { address, rtpPort, rtcpPort },
      remote: one.remotes[side]?.rtp ?? null,
      latched: false,
      srtp: one.remotes[side]?.srtp?.suite ?? null,
      received: { packets, bytes: packets * 172 },
      sent: { packets: 0, bytes: 0 },
      rtcpReceived: { packets: 1, bytes: 60 },
      rtcpSent: { packets: 0, bytes: 0 },
      wrongSource: 0,
      malformed: 1,
      unopened: 0,
      unsendable: 0,
      lastPacketMs: one.lastPacketMs,
      streams: [{ ssrc: 0x1234, packets, bytes: packets * 172, payloadType: 0 }],
    };
  }
}
