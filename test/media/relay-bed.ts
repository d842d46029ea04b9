import { ManualClock } from '../../src/core/clock.js';
import type { AppError } from '../../src/core/errors.js';
import type { Pipeline } from '../../src/impair/spec.js';
import { AudioLibrary } from '../../src/media/audio-library.js';
import type { Lease } from '../../src/media/link/messages.js';
import type {
  RelayBlocks,
  RelayCallSpec,
  RelayCommand,
  RelayEvent,
  RelayRemote,
  RelayReport,
  RelaySide,
} from '../../src/media/link/relay-messages.js';
import { Plane, type PlaneListener } from '../../src/media/plane.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { MemoryNet } from './memory-net.js';

export const RELAY = '10.0.0.1';
/** Where the far ends are. */
export const FAR: Record<RelaySide, { address: string; port: number }> = {
  a: { address: '10.0.0.2', port: 4000 },
  b: { address: '10.0.0.3', port: 5000 },
};
/** Nothing is blocked. */
export const PASSES: RelayBlocks = { traffic: false, media: false, events: false, silence: false };
const TICK_MS = 2;

/** A packet that came to a far end. */
export interface Came {
  atMs: number;
  bytes: Uint8Array;
}

export interface RtpFields {
  sequence: number;
  ssrc?: number;
  payloadType?: number;
  timestamp?: number;
}

/** 20 ms of µ-law whose samples are the low byte of the sequence number. */
export function rtp({ sequence, ssrc = 0xa0a0, payloadType = 0, timestamp = sequence * 160 }: RtpFields): Uint8Array {
  const bytes = new Uint8Array(172).fill(sequence & 0xff, 12);
  writeRtpHeader(bytes, 0, false, payloadType, sequence & 0xffff, timestamp, ssrc);
  return bytes;
}

/** A receiver report of so many bytes, without blocks. */
export function rtcp(ssrc: number, bytes = 8): Uint8Array {
  const packet = new Uint8Array(bytes);
  const view = new DataView(packet.buffer);
  view.setUint16(0, 0x80c9);
  view.setUint16(2, bytes / 4 - 1);
  view.setUint32(4, ssrc);
  return packet;
}

/** A plane that relays between two far ends over a network in memory. */
export class RelayBed implements PlaneListener {
  readonly clock = new ManualClock(5000);
  readonly net = new MemoryNet(this.clock);
  readonly events: RelayEvent[] = [];
  readonly leases: Lease[] = [];
  readonly refusals: AppError[] = [];
  readonly plane = new Plane(
    {
      driver: this.net.driver(),
      clock: this.clock,
      utcOffsetMs: 1_700_000_000_000,
      seed: 7,
      addresses: [RELAY],
      portMin: 20_000,
      portMax: 20_099,
      audio: new AudioLibrary({}, 1),
    },
    this,
  );
  /** RTP, and RTCP, that came to the far ends. */
  readonly came: Record<RelaySide, Came[]> = {
    a: this.listen(FAR.a.address, FAR.a.port),
    b: this.listen(FAR.b.address, FAR.b.port),
  };
  readonly rtcpCame: Record<RelaySide, Came[]> = {
    a: this.listen(FAR.a.address, FAR.a.port + 1),
    b: this.listen(FAR.b.address, FAR.b.port + 1),
  };

  onLeased(_address: string | null, leases: Lease[], refusal: AppError | null): void {
    this.leases.push(...leases);
    if (refusal) this.refusals.push(refusal);
  }

  onRelay(event: RelayEvent): void {
    this.events.push(event);
  }

  onDigitsSent(): void {}

  onHeard(): void {}

  onSaid(): void {}

  onClosed(): void {}

  tell(command: RelayCommand): void {
    this.plane.relay.handle(command, this.clock.now());
  }

  run(ms: number): void {
    const endMs = this.clock.now() + ms;
    while (this.clock.now() < endMs) {
      this.clock.advance(TICK_MS);
      this.plane.tick(this.clock.now());
    }
  }

  /** What comes to a port that is nobody's but the test's. */
  listen(address: string, port: number): Came[] {
    const came: Came[] = [];
    this.net.open(address, port).onQueued = (bytes) => came.push({ atMs: this.clock.now(), bytes });
    return came;
  }

  /** Opens a call and says where both far ends are. */
  open(
    aToB: Pipeline = [],
    bToA: Pipeline = [],
    more: { spec?: Partial<RelayCallSpec>; remotes?: Partial<Record<RelaySide, Partial<RelayRemote> | null>> } = {},
  ): Record<RelaySide, Lease> {
    this.plane.lease(2, RELAY);
    this.run(TICK_MS);
    const [a, b] = this.leases.splice(0, 2);
    const pairs = { a: a.pair, b: b.pair };
    this.tell({
      kind: 'open',
      spec: { call: 1, name: 'call-1', pairs, pipelines: { aToB, bToA }, mediaTimeoutMs: 0, ...more.spec },
    });
    for (const side of ['a', 'b'] as const)
      if (more.remotes?.[side] !== null) this.connect(side, { rtp: FAR[side], ...more.remotes?.[side] });
    return { a, b };
  }

  connect(side: RelaySide, remote: RelayRemote): void {
    this.tell({ kind: 'connect', call: 1, side, remote });
  }

  /** Sends a packet from a far end, or from elsewhere, to the relay. */
  send(side: RelaySide, to: Lease, bytes: Uint8Array, from = FAR[side]): void {
    this.net.inject(bytes, from.address, from.port, RELAY, to.rtpPort);
  }

  sendRtcp(side: RelaySide, to: Lease, bytes: Uint8Array, from = FAR[side], fromPort = from.port + 1): void {
    this.net.inject(bytes, from.address, fromPort, RELAY, to.rtcpPort);
  }

  /** Sends `count` packets of 20 ms, one by one. */
  talk(side: RelaySide, to: Lease, count: number, first = 0): void {
    for (let i = 0; i < count; i++) {
      this.send(side, to, rtp({ sequence: first + i }));
      this.run(20);
    }
  }

  report(): RelayReport {
    this.tell({ kind: 'query', call: 1 });
    const event = this.events.findLast((told) => told.kind === 'report');
    if (event?.kind !== 'report' || event.report === null) throw new Error('there is no report');
    return event.report;
  }

  close(): RelayReport {
    this.tell({ kind: 'close', call: 1 });
    this.run(1500);
    const event = this.events.findLast((told) => told.kind === 'closed');
    if (event?.kind !== 'closed' || event.report === null) throw new Error('the call has not ended');
    return event.report;
  }
}
