import { type CodecName, isOpaque } from '../core/codecs.js';
import { mosOfR, rFactor, rWithDelay } from './e-model.js';
import { EQUIPMENT, type KnownEquipment, type Scale } from './equipment.js';
import type { MosReport } from './reports.js';
import { FULLBAND, mosOfWideR, WIDEBAND, wideR } from './wide-e-model.js';

/** A one-way delay of the network and where it is known from. */
export interface KnownDelay {
  oneWayDelayMs: number;
  source: Exclude<MosReport['delaySource'], 'none'>;
}

export interface MosInput {
  codec: CodecName;
  /** Bpl of the receiver's concealment, for the codecs that have none of their own. */
  bpl: number;
  /** What the profile says of codecs that are opaque to us. */
  equipment?: KnownEquipment;
  /** Lost in the network and discarded by the buffer, of those expected. */
  missing: number;
  expected: number;
  burstR: number;
  jitterBufferMs: number;
  ptimeMs: number;
  delay: KnownDelay | null;
}

const MODEL = { CQEN: 'G.107', CQEW: 'G.107.1', CQEF: 'G.107.2' } as const;

/**
 * MOS of a stream by the E-model of its codec's band. The listening quality knows loss only. The conversational quality
 * takes as one-way delay that of the network plus jitter buffer plus packetisation, without echo (Idd alone: digital end
 * points).
 */
export function mosOf(input: MosInput): MosReport {
  const { codec } = input;
  const { scale, ...usual } = EQUIPMENT[codec];
  const told = isOpaque(codec) ? input.equipment?.[codec] : undefined;
  const ie = told?.ie ?? usual.ie;
  const bpl = told?.bpl ?? usual.bpl ?? input.bpl;
  const pplPercent = input.expected === 0 ? 0 : (100 * input.missing) / input.expected;
  const { r, mos } = rate(scale, { ie, bpl, pplPercent, burstR: input.burstR }, null);
  const report: MosReport = {
    model: MODEL[scale],
    scale,
    lq: mos,
    cq: null,
    r,
    codec,
    ie,
    bpl,
    equipmentSource: told ? 'profile' : 'model',
    pplPercent,
    burstR: input.burstR,
    jitterBufferMs: input.jitterBufferMs,
    ptimeMs: input.ptimeMs,
    delaySource: 'none',
  };
  return input.delay ? withDelay(report, input.delay) : report;
}

/** The same rating with a conversational quality, once the network's delay is known. */
export function withDelay(report: MosReport, delay: KnownDelay): MosReport {
  const oneWayDelayMs = delay.oneWayDelayMs + report.jitterBufferMs + report.ptimeMs;
  return { ...report, cq: rate(report.scale, report, oneWayDelayMs).mos, delaySource: delay.source };
}

/** R and MOS on a scale; without a delay those of the listening quality. */
function rate(
  scale: Scale,
  { ie, bpl, pplPercent, burstR }: Pick<MosReport, 'ie' | 'bpl' | 'pplPercent' | 'burstR'>,
  oneWayDelayMs: number | null,
): { r: number; mos: number } {
  if (scale === 'CQEN') {
    const parameters = { ie, bpl, pplPercent, burstR };
    const r = oneWayDelayMs === null ? rFactor(parameters) : rWithDelay(oneWayDelayMs, 'idd-only', parameters);
    return { r, mos: mosOfR(r) };
  }
  const band = scale === 'CQEW' ? WIDEBAND : FULLBAND;
  const r = wideR(band, { ie, bpl, pplPercent, oneWayDelayMs: oneWayDelayMs ?? 0 });
  return { r, mos: mosOfWideR(band, r) };
}
