import { mosOfR, rFactor, rWithDelay } from './e-model.js';
import { equipmentOf, type GivenEquipments, type Scale } from './equipment.js';
import type { HeardReport, IntervalReport, MosReport } from './reports.js';
import { fullEModel, mosOfFullR, mosOfWideR, wideEModel } from './wide-e-model.js';

/** A one-way delay of the network and where it is known from. */
export interface KnownDelay {
  oneWayDelayMs: number;
  source: Exclude<MosReport['delaySource'], 'none'>;
}

export interface MosInput {
  /** As the tables of equipment name it. */
  codec: string;
  /** Bpl of the receiver's concealment, for the codecs that have none of their own. */
  bpl: number;
  /** What the user says of codecs. */
  equipment?: GivenEquipments;
  /** Lost in the network and discarded by the buffer, of those expected. */
  missing: number;
  expected: number;
  burstR: number;
  /** Playout delay: how long a packet waits on average. */
  jitterBufferMs: number;
  ptimeMs: number;
  delay: KnownDelay | null;
}

const MODEL = { CQEN: 'G.107', CQEW: 'G.107.1', CQEF: 'G.107.2' } as const;

/** Stands for a Bpl that nobody knows, and that nothing depends on where nothing is lost. */
const ANY_BPL = 1;

/**
 * MOS of a stream by the E-model of its codec's band; `null` where nothing is known of the codec, or nothing of how it bears
 * loss, and there was some. The listening quality knows loss only. The conversational quality takes as one-way delay that of
 * the network plus jitter buffer, packetisation and the codec's look-ahead, without echo (Idd alone: digital end points).
 */
export function mosOf(input: MosInput): MosReport | null {
  const { codec, missing, expected, burstR, jitterBufferMs, ptimeMs } = input;
  const equipment = equipmentOf(codec, input.bpl, input.equipment);
  if (equipment === null || (equipment.bpl === null && missing > 0)) return null;
  const { scale, ie, bpl, source, lookAheadMs } = equipment;
  const pplPercent = expected === 0 ? 0 : (100 * missing) / expected;
  const { r, mos } = rate(scale, { ie, bpl, pplPercent, burstR }, null);
  const report: MosReport = {
    model: MODEL[scale],
    scale,
    lq: mos,
    cq: null,
    r,
    codec,
    ie,
    bpl,
    equipmentSource: source,
    pplPercent,
    burstR,
    jitterBufferMs,
    ptimeMs,
    lookAheadMs,
    oneWayDelayMs: null,
    delaySource: 'none',
  };
  return input.delay ? withDelay(report, input.delay) : report;
}

/** The rating of a part of a stream: its own loss and playout delay, everything else as of the stream. */
export function ofStretch(
  stream: MosReport,
  { packetsExpected, packetsLost, lateDiscarded, burstR, playoutDelayMs }: IntervalReport,
): MosReport {
  const pplPercent = packetsExpected === 0 ? 0 : (100 * (packetsLost + lateDiscarded)) / packetsExpected;
  const stretch = {
    ...stream,
    pplPercent,
    burstR: burstR ?? 1,
    jitterBufferMs: playoutDelayMs ?? stream.jitterBufferMs,
  };
  const { r, mos } = rate(stretch.scale, stretch, null);
  return { ...stretch, r, lq: mos, cq: null, oneWayDelayMs: null, delaySource: 'none' };
}

/** The same rating with a conversational quality, once the network's delay is known. */
export function withDelay(report: MosReport, delay: KnownDelay): MosReport {
  const oneWayDelayMs = delay.oneWayDelayMs + report.jitterBufferMs + report.ptimeMs + report.lookAheadMs;
  return { ...report, cq: rate(report.scale, report, oneWayDelayMs).mos, oneWayDelayMs, delaySource: delay.source };
}

/** What was heard, and each interval of it, rated with a conversational quality. */
export function rateConversation(heard: HeardReport, delay: KnownDelay): void {
  const { mos } = heard;
  if (mos === null) return;
  heard.mos = withDelay(mos, delay);
  const rated = (interval: IntervalReport): IntervalReport =>
    interval.mosLq === null
      ? interval
      : { ...interval, mosCq: Math.min(interval.mosLq, withDelay(ofStretch(mos, interval), delay).cq!) };
  heard.intervals = heard.intervals.map(rated);
  heard.worstInterval = heard.worstInterval && rated(heard.worstInterval);
}

/** R and MOS on a scale; without a delay those of the listening quality. */
function rate(
  scale: Scale,
  { ie, bpl: known, pplPercent, burstR }: Pick<MosReport, 'ie' | 'bpl' | 'pplPercent' | 'burstR'>,
  oneWayDelayMs: number | null,
): { r: number; mos: number } {
  const bpl = known ?? ANY_BPL;
  switch (scale) {
    case 'CQEN': {
      const parameters = { ie, bpl, pplPercent, burstR };
      const r = oneWayDelayMs === null ? rFactor(parameters) : rWithDelay(oneWayDelayMs, 'idd-only', parameters);
      return { r, mos: mosOfR(r) };
    }
    case 'CQEW': {
      const { r } = wideEModel({ ie, bpl, pplPercent, oneWayDelayMs: oneWayDelayMs ?? 0 });
      return { r, mos: mosOfWideR(r) };
    }
    case 'CQEF': {
      const { r } = fullEModel({ ie, bpl, pplPercent, oneWayDelayMs: oneWayDelayMs ?? 0 });
      return { r, mos: mosOfFullR(r) };
    }
    default:
      return scale satisfies never;
  }
}
