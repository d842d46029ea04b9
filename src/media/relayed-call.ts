import { deriveSeed } from '../core/rng.js';
import { ImpairmentPipeline } from '../impair/pipeline.js';
import { dropsAll, type Pipeline } from '../impair/spec.js';
import type { DirectionTruth } from '../impair/truth.js';
import type { DelayQueue } from './delay-queue.js';
import type { Due } from './due-wheel.js';
import type { RelayCallSpec, RelayDirection, RelayRemote, RelayReport, RelaySide } from './link/relay-messages.js';
import type { CallLog } from './packet-log.js';
import { Direction } from './path.js';
import type { PortPair } from './ports.js';
import { RelayEnd } from './relay-end.js';
import { sumTruth } from './sum-truth.js';
import type { PacketMemory } from './udp.js';

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
  /** Room for one protected packet. */
  scratch: PacketMemory;
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
  private payloadTypes: Partial<Record<RelayDirection, Readonly<Record<number, string>>>> = {};
  private readonly revisions: Record<RelayDirection, number> = { aToB: 0, bToA: 0 };
  /** What stages did that were replaced since. */
  private readonly earlier: Record<RelayDirection, DirectionTruth | null> = { aToB: null, bToA: null };
  /** Directions that were replaced while packets waited in them. */
  private readonly emptying: Direction[] = [];
  private toldMs = -1;
  private closedAtMs: number | null = null;

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
    this.directions = {
      aToB: this.direction('aToB', spec.pipelines.aToB),
      bToA: this.direction('bToA', spec.pipelines.bToA),
    };
    this.join('aToB', spec.pipelines.aToB);
    this.join('bToA', spec.pipelines.bToA);
  }

  connect(side: RelaySide, remote: RelayRemote): void {
    this.ends[side].connect(remote);
    const direction = side === 'a' ? 'aToB' : 'bToA';
    this.payloadTypes[direction] = remote.payloadTypes;
    this.directions[direction].pipeline.setFormat(null, remote.payloadTypes);
  }

  /** Replaces the stages of a direction. Packets that are under way arrive as they would have. */
  impair(direction: RelayDirection, pipeline: Pipeline): void {
    this.earlier[direction] = this.truthOf(direction);
    const before = this.directions[direction];
    if (before.inFlight > 0) this.emptying.push(before);
    this.revisions[direction]++;
    this.directions[direction] = this.direction(direction, pipeline);
    this.directions[direction].pipeline.setFormat(null, this.payloadTypes[direction]);
    this.join(direction, pipeline);
  }

  block(direction: RelayDirection, blocked: boolean): void {
    this.ends[SOURCE[direction]].blocked = blocked;
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
  }

  /** Called once a tick after `close`: true when no delayed packet is left, or the time is up. */
  drained(nowMs: number): boolean {
    const { aToB, bToA } = this.directions;
    if ([aToB, bToA, ...this.emptying].every(({ inFlight }) => inFlight === 0)) return true;
    return nowMs - (this.closedAtMs ?? nowMs) >= MAX_DRAIN_MS;
  }

  report(nowMs: number): RelayReport {
    const { ends } = this;
    return {
      openedMs: this.openedMs,
      atMs: nowMs,
      ends: { a: ends.a.report(), b: ends.b.report() },
      directions: {
        aToB: { truth: this.truthOf('aToB'), blocked: ends.a.blockedPackets },
        bToA: { truth: this.truthOf('bToA'), blocked: ends.b.blockedPackets },
      },
    };
  }

  /** What was done to the packets of a direction, by all the stages that it had. */
  truthOf(direction: RelayDirection): DirectionTruth {
    const truth = this.directions[direction].pipeline.truth.snapshot();
    const earlier = this.earlier[direction];
    return earlier ? sumTruth(earlier, truth) : truth;
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
    );
    pair.rtp.sink = rtp?.before(end.sink) ?? end.sink;
    pair.rtcp.sink = rtcp?.before(end.rtcp) ?? end.rtcp;
    return end;
  }

  private direction(direction: RelayDirection, pipeline: Pipeline): Direction {
    const revision = this.revisions[direction];
    const { seed, queue } = this.around;
    const first = deriveSeed(seed, this.spec.name, SEED_NAME[direction]);
    const impairments = new ImpairmentPipeline(pipeline, revision === 0 ? first : deriveSeed(first, revision));
    return new Direction(impairments, pipeline, queue, this.ends[OPPOSITE[SOURCE[direction]]]);
  }

  private join(direction: RelayDirection, pipeline: Pipeline): void {
    const end = this.ends[SOURCE[direction]];
    end.outbound = this.directions[direction];
    end.rtcp.silenced = dropsAll(pipeline);
  }
}
