import { AppError } from '../core/errors.js';
import { deriveSeed, Rng } from '../core/rng.js';
import { isRtp, payloadTypeOf } from '../rtp/packet.js';
import { Delay } from './delay.js';
import { DropEvents } from './drop-events.js';
import { Duplicate } from './duplicate.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import { GilbertElliottLoss } from './gilbert-elliott.js';
import { infeasibility } from './infeasibility.js';
import { BernoulliLoss, gilbertOf } from './loss.js';
import { Recode } from './recode.js';
import { Relabel } from './relabel.js';
import { Reorder } from './reorder.js';
import type { Pipeline, Stage } from './spec.js';
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
  private readonly fate: Fate;

  /**
   * @param seed derived per call and direction
   * @throws AppError when a stage cannot be done (see `infeasibility`)
   */
  constructor(stages: Pipeline, seed: number, format?: { eventPayloadType: number | null }) {
    this.stages = stages.map((stage, index) => build(stage, new Rng(deriveSeed(seed, index, stage.kind))));
    this.fate = {
      bytes: new Uint8Array(0),
      offset: 0,
      length: 0,
      arrivalMs: 0,
      carried: Carried.notRtp,
      copies: 1,
      delayMs: 0,
      delayMs2: 0,
      recoded: false,
      eventDropped: false,
    };
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

function build(stage: Stage, rng: Rng): StageModel {
  const problem = infeasibility(stage);
  if (problem) throw new AppError('PROFILE_INVALID', `impairment '${stage.kind}': ${problem}`);
  switch (stage.kind) {
    case 'loss': {
      const gilbert = stage.burst > 1 && stage.ratio < 1 ? gilbertOf(stage.ratio, stage.burst) : null;
      return gilbert ? new GilbertElliottLoss(gilbert.p, gilbert.r, 0, 1, rng) : new BernoulliLoss(stage.ratio, rng);
    }
    case 'gilbert-elliott':
      return new GilbertElliottLoss(stage.p, stage.r, stage.lossGood, stage.lossBad, rng);
    case 'delay':
      return new Delay(
        stage.base,
        stage.jitter?.distribution ?? 'constant',
        stage.jitter?.spread ?? 0,
        stage.keepOrder,
        rng,
      );
    case 'reorder':
      return new Reorder(stage.ratio, stage.by, rng);
    case 'duplicate':
      return new Duplicate(stage.ratio, rng);
    case 'relabel':
      return new Relabel(stage.payloadType);
    case 'recode':
      return new Recode(stage.to);
    case 'drop-events':
      return new DropEvents(stage.ratio, rng);
    default:
      return stage satisfies never;
  }
}
