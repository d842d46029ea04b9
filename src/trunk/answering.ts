import type { Rng } from '../core/rng.js';
import type { InboundPlan, InboundRefusal } from '../flow/inbound-call.js';
import { drawDelay } from './delay.js';
import { ShareDealer } from './share-dealer.js';
import type { Fault, Outcome, TrunkSpec } from './spec.js';

/** Admitted calls by what was dealt to them; `answered` is the rest. */
export type OutcomeCounts = Record<Outcome | 'answered', number>;

/** Deals to each call how it is taken: what becomes of it, when, and the fault of a call that is answered. */
export class Answering {
  private readonly outcomes: ShareDealer<Outcome> | null;
  private readonly faults: ShareDealer<Fault>;
  /** `null` where every call is answered. */
  readonly counts: OutcomeCounts | null;

  constructor(
    private readonly trunk: TrunkSpec,
    private readonly rng: Rng,
  ) {
    const { dropAfter: _dropAfter, ...faults } = trunk.faults;
    this.faults = new ShareDealer(faults);
    if (trunk.outcomes === undefined) {
      this.outcomes = null;
      this.counts = null;
      return;
    }
    const { ringFor: _ringFor, ...outcomes } = trunk.outcomes;
    this.outcomes = new ShareDealer(outcomes);
    this.counts = { answered: 0, busy: 0, noAnswer: 0, reject: 0, unallocated: 0, machine: 0 };
  }

  /** How the next call is taken. */
  deal(id: number): InboundPlan {
    const { trunk, rng, counts } = this;
    const outcome = this.outcomes?.deal() ?? null;
    if (counts) counts[outcome ?? 'answered']++;
    const fault = outcome === null ? this.faults.deal() : null;
    const ringAfterMs = drawDelay(trunk.ringAfter, rng);
    const answerAfterMs = drawDelay(trunk.answerAfter, rng);
    return {
      id,
      dealt: outcome ?? 'answered',
      ringAfterMs,
      answerAfterMs,
      earlyMedia: trunk.earlyMedia,
      wrongCodec: fault === 'wrongCodec',
      audio: outcome === 'machine' || fault === 'silence' ? 'silence' : fault === 'noRtp' ? 'none' : undefined,
      hearDigits: fault !== 'ignoreDtmf',
      refusal: this.refusalOf(outcome, answerAfterMs),
      machine: outcome === 'machine' ? trunk.machine : null,
      dropAfterMs: fault === 'drop' ? trunk.faults.dropAfter : null,
      fault,
    };
  }

  private refusalOf(outcome: Outcome | null, answerAfterMs: number): InboundRefusal | null {
    switch (outcome) {
      case null:
      case 'machine':
        return null;
      case 'busy':
        return { status: 486, cause: 17, rings: false, afterMs: 0 };
      case 'unallocated':
        return { status: 404, cause: 1, rings: false, afterMs: 0 };
      case 'reject':
        return { status: 603, cause: 21, rings: true, afterMs: answerAfterMs };
      case 'noAnswer':
        return { status: 480, cause: 19, rings: true, afterMs: this.trunk.outcomes?.ringFor ?? null };
      default:
        return outcome satisfies never;
    }
  }
}
