import { deriveSeed } from '../core/rng.js';
import { AudioTap } from '../impair/audio-tap.js';
import { ImpairmentPipeline } from '../impair/pipeline.js';
import type { SharedImpairments } from '../impair/shared-impairments.js';
import type { Pipeline } from '../impair/spec.js';
import type { DirectionTruth } from '../impair/truth.js';
import type { DelayQueue } from './delay-queue.js';
import type { Due } from './due-wheel.js';
import type {
  RelayBlocks,
  RelayCallSpec,
  RelayDirection,
  RelayRemote,
  RelayReport,
  RelaySide,
} from './link/relay-messages.js';
import type { CallLog } from './packet-log.js';
import { Direction } from './path.js';
import type { PortPair } from './ports.js';
import { RelayEnd } from './relay-end.js';
import type { PacketMemory, UdpPort } from './udp.js';

/** How long the delayed packets of a closed call are waited for at most. */
const MAX_DRAIN_MS = 1000;

/** Which end a direction starts at. */
const SOURCE: Record<RelayDirection, RelaySide> = { aToB: 'a', bToA: 'b' };
const OPPOSITE: Record<RelaySide, RelaySide> = { a: 'b', b: 'a' };
/** A relayed call makes the same random decisions as a call of a run with its name: A is the caller. */
const SEED_NAME: Record<RelayDirection, string> = { aToB: 'uplink', bToA: 'downlink' };

/** What the relayed calls of a plane share. */
export interface RelaySurroundings {
  seed: number;
  queue: DelayQueue;
  shared: SharedImpairments;
  /** Room for one protected packet. */
  scratch: PacketMemory;
  /** A further port at an address; `null` where there is none. */
  spare(address: string): UdpPort | null;
}

/** A call with two UDP ends and an impairment pipeline each way. */
export class RelayedCall implements Due {
  readonly id: number;
  readonly ends: Record<RelaySide, RelayEnd>;
  private readonly directions: Record<RelayDirection, Direction>;
  dueMs: number;
  next: Due | null = null;
  /** Set by its plane; hears once that nothing came for the media timeout. */
  onTimeout: (() => void) | null = null;
  private toldMs = -1;
  private closedAtMs: number | null = null;
  /** Ports that RTP of either side went over to. */
  readonly spares: UdpPort[] = [];

  constructor(
    private readonly spec: RelayCallSpec,
    pairs: Record<RelaySide, PortPair>,
    private readonly around: RelaySurroundings,
    log: CallLog | null,
    private readonly openedMs: number,
  ) {
    this.id = spec.call;
    this.dueMs = openedMs + spec.mediaTimeoutMs;
    this.ends = { a: this.end('a', pairs.a, log), b: this.end('b', pairs.b, log) };
    this.ends.a.rtcp.other = this.ends.b.rtcp;
    this.ends.b.rtcp.other = this.ends.a.rtcp;
    const taps = { a: new AudioTap(), b: new AudioTap() };
    const direction = (name: RelayDirection): Direction => {
      const from = SOURCE[name];
      const to = OPPOSITE[from];
      const stages = spec.pipelines[name];
      const seed = deriveSeed(around.seed, spec.name, SEED_NAME[name]);
      const heard = { own: taps[from], other: taps[to] };
      const pipeline = new ImpairmentPipeline(stages, seed, around.shared, null, heard);
      const made = new Direction(pipeline, stages, around.queue, this.ends[to]);
      this.ends[from].start(made);
      return made;
    };
    this.directions = { aToB: direction('aToB'), bToA: direction('bToA') };
    // The second may have begun to listen to the first.
    this.directions.aToB.settle();
  }

  connect(side: RelaySide, remote: RelayRemote): void {
    this.ends[side].connect(remote);
    const { payloadTypes, clockRate } = remote;
    const isSealed = this.ends.a.isProtected || this.ends.b.isProtected;
    for (const { pipeline } of Object.values(this.directions)) pipeline.setSealed(isSealed);
    this.directions[side === 'a' ? 'aToB' : 'bToA'].pipeline.setFormat(null, payloadTypes, clockRate);
  }

  /** Puts other stages in the place of those of a direction. Packets that are under way arrive as they would have. */
  impair(direction: RelayDirection, pipeline: Pipeline, name: string, nowMs: number): void {
    if (this.closedAtMs !== null) return;
    const { aToB, bToA } = this.directions;
    this.directions[direction].replace(pipeline, name, nowMs);
    aToB.settle();
    bToA.settle();
  }

  block(direction: RelayDirection, blocks: RelayBlocks): void {
    this.ends[SOURCE[direction]].block(blocks);
  }

  /** Looks whether anything came since the last time. */
  onDue(nowMs: number): boolean {
    if (this.closedAtMs !== null) return false;
    const lastMs = Math.max(this.openedMs, this.ends.a.lastMs, this.ends.b.lastMs);
    const { mediaTimeoutMs } = this.spec;
    const isSilent = nowMs - lastMs >= mediaTimeoutMs;
    if (isSilent && this.toldMs !== lastMs) {
      this.toldMs = lastMs;
      this.onTimeout?.();
    }
    this.dueMs = isSilent ? nowMs + mediaTimeoutMs : lastMs + mediaTimeoutMs;
    return true;
  }

  /** Takes nothing new from now on. */
  close(nowMs: number): void {
    if (this.closedAtMs !== null) return;
    this.closedAtMs = nowMs;
    for (const { pair } of [this.ends.a, this.ends.b]) {
      pair.rtp.sink = null;
      pair.rtcp.sink = null;
    }
    for (const port of this.spares) port.sink = null;
  }

  /** Called once a tick after `close`: true when no delayed packet is left, or the time is up. */
  drained(nowMs: number): boolean {
    if (this.directions.aToB.inFlight + this.directions.bToA.inFlight === 0) return true;
    return nowMs - (this.closedAtMs ?? nowMs) >= MAX_DRAIN_MS;
  }

  /** What still waits goes nowhere. */
  forget(): void {
    this.directions.aToB.end();
    this.directions.bToA.end();
  }

  report(nowMs: number): RelayReport {
    const { ends } = this;
    return {
      openedMs: this.openedMs,
      atMs: nowMs,
      ends: { a: ends.a.report(), b: ends.b.report() },
      directions: {
        aToB: { truth: this.truthOf('aToB'), ...blockedAt(ends.a) },
        bToA: { truth: this.truthOf('bToA'), ...blockedAt(ends.b) },
      },
    };
  }

  /** What was done to the packets of a direction so far. */
  truthOf(direction: RelayDirection): DirectionTruth {
    return this.directions[direction].pipeline.truth.snapshot();
  }

  /** An end that listens to its ports from now on, by way of the capture where there is one. */
  private end(side: RelaySide, pair: PortPair, log: CallLog | null): RelayEnd {
    const rtp = log?.captureOf(side, pair, false) ?? null;
    const rtcp = log?.captureOf(side, pair, true) ?? null;
    const fates = log?.fatesOf(side) ?? null;
    const end = new RelayEnd(
      pair,
      rtp?.by(pair.rtp) ?? pair.rtp,
      rtcp?.by(pair.rtcp) ?? pair.rtcp,
      this.around.scratch,
      fates,
      () => this.otherPort(side, log),
    );
    pair.rtp.sink = rtp?.before(end.sink) ?? end.sink;
    pair.rtcp.sink = rtcp?.before(end.rtcp) ?? end.rtcp;
    return end;
  }

  /** Another port for the RTP of a side, captured as the one before. */
  private otherPort(side: RelaySide, log: CallLog | null): UdpPort | null {
    const end = this.ends[side];
    const { lease } = end.pair;
    const port = this.around.spare(lease.address);
    if (port === null) return null;
    this.spares.push(port);
    const capture = log?.captureOf(side, { lease: { ...lease, rtpPort: port.port } }, false) ?? null;
    port.sink = capture?.before(end.sink) ?? end.sink;
    return capture?.by(port) ?? port;
  }
}

function blockedAt({ blockedPackets, silencedPackets }: RelayEnd): { blocked: number; silenced: number } {
  return { blocked: blockedPackets, silenced: silencedPackets };
}
