import type { IntervalReport, MosReport } from '../quality/reports.js';
import { Distribution, round } from './distribution.js';
import type { MosModel, RatedEquipment, ScaleSummary } from './media-summary.js';

const BANDS = 7;

/** Ratings of streams on one scale, and what they rest on. */
export class Ratings {
  streams = 0;
  /** Streams by MOS-LQ band of 0.5 from 1. */
  readonly bands = new Array<number>(BANDS).fill(0);
  private readonly mosLq = new Distribution(1e4);
  private readonly mosLqWorst = new Distribution(1e4);
  private readonly mosCq = new Distribution(1e4);
  private readonly r = new Distribution(1000);
  private readonly equipment = new Map<string, RatedEquipment & { streams: number }>();
  private readonly delaySources = new Map<MosReport['delaySource'], number>();
  private jitterBufferSumMs = 0;
  private ptimeSumMs = 0;

  /** @param of whose model and scale are those of all */
  constructor(private readonly of: Pick<MosReport, 'model' | 'scale'>) {}

  /** @param worst of the intervals of the stream; `null` where none is rated */
  add(mos: MosReport, worst: IntervalReport | null): void {
    this.streams++;
    this.mosLq.record(mos.lq);
    if (worst !== null && worst.mosLq !== null) this.mosLqWorst.record(worst.mosLq);
    this.r.record(mos.r);
    if (mos.cq !== null) this.mosCq.record(mos.cq);
    this.bands[Math.min(BANDS - 1, Math.max(0, Math.floor((mos.lq - 1) / 0.5)))]++;
    this.jitterBufferSumMs += mos.jitterBufferMs;
    this.ptimeSumMs += mos.ptimeMs;
    this.delaySources.set(mos.delaySource, (this.delaySources.get(mos.delaySource) ?? 0) + 1);
    const { codec, ie, bpl, equipmentSource, lookAheadMs } = mos;
    const key = `${codec} ${ie} ${bpl}`;
    const known = this.equipment.get(key);
    if (known) known.streams++;
    else this.equipment.set(key, { codec, ie, bpl, equipmentSource, lookAheadMs, streams: 1 });
  }

  /** Not before a stream was added. */
  summary(): Omit<ScaleSummary, 'streams'> {
    return {
      mosLq: this.mosLq.lowPercentiles(),
      mosLqWorst: this.mosLqWorst.lowPercentiles(),
      mosCq: this.mosCq.lowPercentiles(),
      rFactor: this.r.lowPercentiles(),
      mosModel: this.model(),
    };
  }

  private model(): MosModel {
    const { model, scale } = this.of;
    const [most, ...others] = [...this.equipment.values()].sort((a, b) => b.streams - a.streams);
    const { streams: _streams, ...equipment } = most;
    const sources = [...this.delaySources.keys()];
    return {
      model,
      scale,
      ...equipment,
      burstR: model === 'G.107' ? 'measured' : 'none',
      jitterBufferMs: round(this.jitterBufferSumMs / this.streams),
      ptimeMs: round(this.ptimeSumMs / this.streams),
      delaySource: sources.length === 1 ? sources[0] : 'mixed',
      conversational: this.mosCq.count,
      others: others.map((other) => ({ ...other })),
    };
  }
}
