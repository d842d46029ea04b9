import { deriveSeed, Rng } from '../core/rng.js';
import { isRtp, payloadTypeOf } from '../rtp/packet.js';
import { buildStage } from './build-stage.js';
import { Carried, type Fate, newFate, type StageModel } from './fate.js';
import type { Pipeline } from './spec.js';
import { TruthCounter } from './truth-counter.js';

/** What the stages tell apart; audio of any other codec can be relabelled and not recoded. */
type CarriedName = 'PCMU' | 'PCMA' | 'telephone-event' | 'CN';

/** Static payload types of RFC 3551. */
const STATIC_TYPES: Readonly<Record<number, CarriedName>> = { 0: 'PCMU', 8: 'PCMA', 13: 'CN' };

const CARRIED: Readonly<Record<string, Carried>> = {
  PCMU: Carried.pcmu,
  PCMA: Carried.pcma,
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

  private readonly stages: StageModel[];
  private readonly carriedByType = new Uint8Array(128);
  private readonly fate: Fate = newFate();
  private started = false;

  /**
   * @param seed derived per call and direction
   * @throws AppError when a stage cannot be done (see `infeasibility`)
   */
  constructor(stages: Pipeline, seed: number, format?: { eventPayloadType: number | null }) {
    this.stages = stages.map((stage, index) => buildStage(stage, new Rng(deriveSeed(seed, index, stage.kind))));
    this.setFormat(format?.eventPayloadType ?? null);
  }

  /**
   * Says what the payload types mean, as negotiated. Those not named are audio of an unknown codec, which can be
   * relabelled and not recoded. May be called again at any time; the generators go on where they are.
   */
  setFormat(eventPayloadType: number | null, audioPayloadTypes: Readonly<Record<number, string>> = STATIC_TYPES): void {
    this.carriedByType.fill(Carried.unknownAudio);
    this.carriedByType[13] = Carried.comfortNoise;
    for (const [type, name] of Object.entries(audioPayloadTypes))
      this.carriedByType[Number(type)] = CARRIED[name] ?? Carried.unknownAudio;
    if (eventPayloadType !== null) this.carriedByType[eventPayloadType] = Carried.event;
  }

  /** No stage at all: what comes in goes out at once. */
  get transparent(): boolean {
    return this.stages.length === 0;
  }

  /** Decides the fate of one packet and may rewrite it in place. Results are in `copies`, `delayMs` and `delayMs2`. */
  apply(bytes: Uint8Array, offset: number, length: number, arrivalMs: number): void {
    const stages = this.stages;
    if (stages.length === 0) {
      // One copy and no delay, as the fate was made.
      this.truth.recordUntouched();
      return;
    }
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
    fate.eventDropped = false;
    fate.carried = isRtp(bytes, offset, length)
      ? (this.carriedByType[payloadTypeOf(bytes, offset)] as Carried)
      : Carried.notRtp;
    for (let i = 0; i < stages.length; i++) stages[i].apply(fate);
    this.truth.record(fate);
  }

  private start(arrivalMs: number): void {
    this.started = true;
    this.fate.startMs = arrivalMs;
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
