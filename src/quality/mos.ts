import { mosOfR, rFactor, rWithDelay } from './e-model.js';
import { EQUIPMENT } from './equipment.js';
import type { MosReport } from './reports.js';

/** A one-way delay of the network and where it is known from. */
export interface KnownDelay {
  oneWayDelayMs: number;
  source: Exclude<MosReport['delaySource'], 'none'>;
}

export interface MosInput {
  codec: 'PCMU' | 'PCMA';
  bpl: number;
  /** Lost in the network and discarded by the buffer, of those expected. */
  missing: number;
  expected: number;
  burstR: number;
  jitterBufferMs: number;
  ptimeMs: number;
  delay: KnownDelay | null;
}

/**
 * MOS of a G.711 stream by G.107. The listening quality knows loss only. The conversational quality takes as one-way delay
 * that of the network plus jitter buffer plus packetisation, without echo (Idd alone: digital end points).
 */
export function mosOf(input: MosInput): MosReport {
  const { ie } = EQUIPMENT['G.711'];
  const pplPercent = input.expected === 0 ? 0 : (100 * input.missing) / input.expected;
  const parameters = { ie, bpl: input.bpl, pplPercent, burstR: input.burstR };
  const r = rFactor(parameters);
  const report: MosReport = {
    model: 'G.107',
    scale: 'CQEN',
    lq: mosOfR(r),
    cq: null,
    r,
    codec: input.codec,
    ie,
    bpl: input.bpl,
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
  const { ie, bpl, pplPercent, burstR, jitterBufferMs, ptimeMs } = report;
  const ta = delay.oneWayDelayMs + jitterBufferMs + ptimeMs;
  return {
    ...report,
    cq: mosOfR(rWithDelay(ta, 'idd-only', { ie, bpl, pplPercent, burstR })),
    delaySource: delay.source,
  };
}
