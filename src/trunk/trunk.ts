import { ChurnMap } from '../core/churn-map.js';
import { Rng } from '../core/rng.js';
import type { SrfRequest, SrfResponder } from '../drachtio/srf-types.js';
import { InboundCall, type InboundContext } from '../flow/inbound-call.js';
import type { CallRecord } from '../metrics/call-record.js';
import { Admission, type Refusal } from './admission.js';
import { FaultDealer } from './fault-dealer.js';
import type { TrunkSpec } from './spec.js';

export interface TrunkOptions extends InboundContext {
  trunk: TrunkSpec;
  seed: number;
  onRecord(record: CallRecord): void;
  /** A call that was turned away: it gets no record. */
  onRefused(request: SrfRequest): void;
}

/** Live counters of the trunk. */
export interface TrunkCounts {
  inUse: number;
  peak: number;
  admitted: number;
  refusedFull: number;
  refusedTooFast: number;
  /** Calls refused because no port pair was at hand: the trunk's own limit, not the simulated one. */
  refusedNoPorts: number;
}

/** The simulated carrier: admits calls to its channels, answers them, and does what its faults say. */
export class Trunk {
  private readonly admission: Admission;
  private readonly dealer: FaultDealer;
  private readonly rng: Rng;
  private readonly calls = new ChurnMap<number, InboundCall>();
  private count = 0;
  private refusedFull = 0;
  private refusedTooFast = 0;
  private refusedNoPorts = 0;

  constructor(private readonly options: TrunkOptions) {
    this.admission = new Admission(options.trunk);
    this.dealer = new FaultDealer(options.trunk.faults);
    this.rng = new Rng(options.seed);
    options.srf.invite((request, response) => {
      try {
        this.onInvite(request, response);
      } catch (error) {
        options.onError(error);
      }
    });
    options.srf.options((_request, response) => response.send(200));
  }

  get counts(): TrunkCounts {
    return {
      inUse: this.admission.channelsInUse,
      peak: this.admission.peak,
      admitted: this.count,
      refusedFull: this.refusedFull,
      refusedTooFast: this.refusedTooFast,
      refusedNoPorts: this.refusedNoPorts,
    };
  }

  get up(): number {
    return this.calls.size;
  }

  /** Ends every call. */
  stop(): void {
    for (const call of this.calls.values()) call.stop();
  }

  private onInvite(request: SrfRequest, response: SrfResponder): void {
    const { trunk, clock } = this.options;
    const refusal = this.admission.admit(clock.now());
    if (refusal) {
      this.refuse(refusal, response);
      this.options.onRefused(request);
      return;
    }
    const lease = this.options.media.lease();
    if (!lease) {
      this.refusedNoPorts++;
      this.admission.release();
      response.send(500, 'No RTP ports left at the simulated trunk');
      this.options.onRefused(request);
      return;
    }
    const fault = this.dealer.deal();
    const between = ({ min, max }: { min: number; max: number }): number => min + (max - min) * this.rng.uniform();
    const id = this.count++;
    const call = new InboundCall(
      this.options,
      {
        id,
        ringAfterMs: between(trunk.ringAfter),
        answerAfterMs: between(trunk.answerAfter),
        earlyMedia: trunk.earlyMedia,
        wrongCodec: fault === 'wrongCodec',
        audio: fault === 'noRtp' ? 'none' : fault === 'silence' ? 'silence' : undefined,
        hearDigits: fault !== 'ignoreDtmf',
        dropAfterMs: fault === 'drop' ? trunk.faults.dropAfter : null,
        fault,
      },
      request,
      response,
      lease,
      () => this.admission.release(),
      (record) => {
        this.calls.delete(id);
        this.options.onRecord(record);
      },
    );
    this.calls.set(id, call);
    call.start();
  }

  private refuse(refusal: Refusal, response: SrfResponder): void {
    const { trunk } = this.options;
    const full = refusal === 'full';
    if (full) this.refusedFull++;
    else this.refusedTooFast++;
    const how = full ? trunk.whenFull : trunk.whenTooFast;
    switch (how) {
      case '503': {
        const cause = full
          ? 'Q.850;cause=34;text="No circuit/channel available"'
          : 'Q.850;cause=42;text="Switching equipment congestion"';
        response.send(503, { headers: { Reason: cause } });
        break;
      }
      case '486':
        response.send(486);
        break;
      case 'silence':
        break;
      default:
        how satisfies never;
    }
  }
}
