import { AppError } from '../../../src/core/errors.js';
import type { Lease } from '../../../src/media/link/messages.js';
import type {
  RelayCallSpec,
  RelayDirection,
  RelayEndReport,
  RelayRemote,
  RelayReport,
  RelaySide,
} from '../../../src/media/link/relay-messages.js';
import type { NgMedia } from '../../../src/relay/ng/dialogue.js';

interface FakeCall {
  spec: RelayCallSpec;
  remotes: Partial<Record<RelaySide, RelayRemote>>;
  blocked: Record<RelayDirection, boolean>;
  /** When the last packet came; `null` for none. */
  lastPacketMs: number | null;
}

/** A media thread that has ports and keeps books, and moves no packet. */
export class FakeMedia implements NgMedia {
  readonly calls = new Map<number, FakeCall>();
  readonly leased = new Map<number, Lease>();
  private nextPort: number;

  /** @param pairs how many port pairs there are in all */
  constructor(
    private readonly pairs = 10_000,
    firstPort = 30_000,
  ) {
    this.nextPort = firstPort;
  }

  lease(address: string): Lease | AppError {
    if (this.leased.size >= this.pairs) return new AppError('PORTS_EXHAUSTED', 'No RTP port pair is left in the range');
    const lease = { pair: this.nextPort, address, rtpPort: this.nextPort, rtcpPort: this.nextPort + 1 };
    this.nextPort += 2;
    this.leased.set(lease.pair, lease);
    return lease;
  }

  release(pair: number): void {
    this.leased.delete(pair);
  }

  open(spec: RelayCallSpec): void {
    this.calls.set(spec.call, { spec, remotes: {}, blocked: { aToB: false, bToA: false }, lastPacketMs: null });
  }

  connect(call: number, side: RelaySide, remote: RelayRemote): void {
    this.calls.get(call)!.remotes[side] = remote;
  }

  block(call: number, direction: RelayDirection, blocked: boolean): void {
    this.calls.get(call)!.blocked[direction] = blocked;
  }

  query(call: number): Promise<RelayReport | null> {
    const one = this.calls.get(call);
    return Promise.resolve(one ? this.report(one) : null);
  }

  close(call: number): Promise<RelayReport | null> {
    const one = this.calls.get(call);
    if (!one) return Promise.resolve(null);
    this.calls.delete(call);
    for (const pair of Object.values(one.spec.pairs)) this.release(pair);
    return Promise.resolve(this.report(one));
  }

  /** The only call. */
  get only(): FakeCall {
    if (this.calls.size !== 1) throw new Error(`${this.calls.size} calls are up`);
    return [...this.calls.values()][0];
  }

  private report(one: FakeCall): RelayReport {
    const direction = { truth: { packets: 3 } as RelayReport['directions']['aToB']['truth'], blocked: 0 };
    return {
      openedMs: 0,
      atMs: 0,
      ends: { a: this.end(one, 'a', 7), b: this.end(one, 'b', 5) },
      directions: { aToB: direction, bToA: direction },
    };
  }

  private end(one: FakeCall, side: RelaySide, packets: number): RelayEndReport {
    const { address, rtpPort, rtcpPort } = this.leased.get(one.spec.pairs[side]) ?? {
      address: '127.0.0.1',
      rtpPort: one.spec.pairs[side],
      rtcpPort: one.spec.pairs[side] + 1,
    };
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
