import { deriveSeed } from '../core/rng.js';
import { isRtp, payloadTypeOf } from '../rtp/packet.js';
import { AudioTap } from './audio-tap.js';
import { buildChain } from './build-stage.js';
import { Carried, type Fate, newFate } from './fate.js';
import { SharedImpairments } from './shared-impairments.js';
import type { Pipeline } from './spec.js';
import type { StageChain } from './stage-chain.js';
import { TruthCounter } from './truth-counter.js';

/** What the stages tell apart; audio of any other codec is carried as it is. */
type CarriedName = 'PCMU' | 'PCMA' | 'G722' | 'telephone-event' | 'CN';

/** Static payload types of RFC 3551. */
const STATIC_TYPES: Readonly<Record<number, CarriedName>> = { 0: 'PCMU', 8: 'PCMA', 9: 'G722', 13: 'CN' };

const CARRIED: Readonly<Record<string, Carried>> = {
  PCMU: Carried.pcmu,
  PCMA: Carried.pcma,
  'L16/8000': Carried.l16,
  'L16/16000': Carried.l16,
  G722: Carried.g722,
  opus: Carried.opus,
  'telephone-event': Carried.event,
  CN: Carried.comfortNoise,
};

/**
 * The impairments of one direction of one call, in the order of the profile. Pure over (packet, arrival, seed): it moves
 * no packet and knows no clock; whoever carries the packets asks it what becomes of each.
 *
 * Each stage has a generator of its own, derived from `seed`, its position and its kind, and makes a fixed number of draws
 * a packet: the same packets with the same arrival times have the same fate, bit for bit.
 */
export class ImpairmentPipeline {
  readonly truth = new TruthCounter();

  private chain: StageChain;
  private isTransparent: boolean;
  private changes = 0;
  private readonly carriedByType = new Uint8Array(128);
  private readonly fate: Fate = newFate();
  private started = false;
  private readonly taps: { own: AudioTap; other: AudioTap };

  /**
   * @param seed derived per call and direction
   * @param shared with the other pipelines of the thread; without it the pipeline is on its own
   * @throws AppError when a stage cannot be done (see `infeasibility`) or its file cannot be read
   */
  constructor(
    stages: Pipeline,
    private readonly seed: number,
    private readonly shared: SharedImpairments = new SharedImpairments(),
    eventPayloadType: number | null = null,
    taps = { own: new AudioTap(), other: new AudioTap() },
  ) {
    this.taps = taps;
    this.chain = this.build(stages, seed);
    this.isTransparent = stages.length === 0;
    this.setFormat(eventPayloadType);
  }

  /**
   * Puts other stages in the place of those that there are. Their generators start anew, times count from the next packet on,
   * and the truth goes on.
   *
   * @param name what the truth calls the time from now on
   * @throws AppError as the constructor; then all stays as it was
   */
  replace(stages: Pipeline, name: string, nowMs: number): void {
    this.chain = this.build(stages, deriveSeed(this.seed, 'change', this.changes + 1));
    this.changes++;
    // What earlier stages dropped or delayed still meets what comes now.
    this.isTransparent = this.isTransparent && stages.length === 0;
    const sinceMs = this.started ? this.fate.startMs : (this.truth.untouchedSinceMs ?? nowMs);
    this.truth.enter(name, nowMs, 'at first', sinceMs);
    this.started = false;
  }

  private build(stages: Pipeline, seed: number): StageChain {
    const { shared, truth } = this;
    return buildChain(stages, seed, { shared, truth, other: this.taps.other });
  }

  /**
   * Says what the payload types mean, as negotiated. Those not named are audio of an unknown codec, which can be
   * relabelled and not recoded. May be called again at any time; the generators go on where they are.
   */
  setFormat(
    eventPayloadType: number | null,
    audioPayloadTypes: Readonly<Record<number, string>> = STATIC_TYPES,
    clockRate = 8000,
  ): void {
    this.fate.clockRate = clockRate;
    this.carriedByType.fill(Carried.unknownAudio);
    this.carriedByType[13] = Carried.comfortNoise;
    for (const [type, name] of Object.entries(audioPayloadTypes))
      this.carriedByType[Number(type)] = CARRIED[name] ?? Carried.unknownAudio;
    if (eventPayloadType !== null) this.carriedByType[eventPayloadType] = Carried.event;
  }

  /** Says whether the packets are carried as SRTP: one with a wrong bit does not authenticate there, and is dropped. */
  setSealed(isSealed: boolean): void {
    this.fate.isSealed = isSealed;
  }

  /** No stage at all, and nobody who listens: what comes in goes out at once. */
  get transparent(): boolean {
    return this.isTransparent && !this.taps.own.isListenedTo;
  }

  /** Decides the fate of one packet and may rewrite it in place. Results are in `copies`, `delayMs` and `delayMs2`. */
  apply(bytes: Uint8Array, offset: number, length: number, arrivalMs: number): void {
    const fate = this.fate;
    fate.bytes = bytes;
    fate.offset = offset;
    fate.length = length;
    if (!this.started) this.start(arrivalMs);
    fate.arrivalMs = arrivalMs;
    fate.copies = 1;
    fate.delayMs = 0;
    fate.delayMs2 = 0;
    fate.recoded = false;
    fate.corrupted = false;
    fate.eventDropped = false;
    fate.isAbsorbed = false;
    fate.isPart = false;
    fate.carried = isRtp(bytes, offset, length)
      ? (this.carriedByType[payloadTypeOf(bytes, offset)] as Carried)
      : Carried.notRtp;
    this.chain.apply(fate);
    this.settle(fate);
  }

  /** Goes on to a further packet that came of the last one, which a stage has split; false when there is none. */
  next(): boolean {
    const { fate } = this;
    fate.corrupted = false;
    fate.isAbsorbed = false;
    if (!this.chain.more(fate)) return false;
    this.settle(fate);
    return true;
  }

  /** Whether the direction's RTCP is dropped now; otherwise it is not impaired. */
  blocksRtcp(nowMs: number): boolean {
    return this.chain.blocksRtcp(this.started ? nowMs - this.fate.startMs : 0);
  }

  private settle(fate: Fate): void {
    this.truth.record(fate);
    if (fate.copies > 0) this.taps.own.take(fate);
  }

  private start(arrivalMs: number): void {
    this.started = true;
    this.fate.startMs = arrivalMs;
  }

  /** Where the last packet lies: where it came from, or in `room` when its length is another one. */
  get bytes(): Uint8Array {
    return this.fate.bytes;
  }

  get offset(): number {
    return this.fate.offset;
  }

  get length(): number {
    return this.fate.length;
  }

  /** How often packets are to have gone over to another source port so far. */
  get portChanges(): number {
    return this.fate.portChanges;
  }

  /** Copies of the last packet that go on: 0 dropped, 1, 2 duplicated. */
  get copies(): number {
    return this.fate.copies;
  }

  /** Delay of the first copy of the last packet. */
  get delayMs(): number {
    return this.fate.delayMs;
  }

  /** Delay of the second copy of the last packet. */
  get delayMs2(): number {
    return this.fate.delayMs2;
  }
}
