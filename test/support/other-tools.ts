import { mosOfR, pureDelayImpairment, simplifiedDelayImpairment } from '../../src/quality/e-model.js';
import { mosOf } from '../../src/quality/mos.js';

/** What a call is rated by here: G.711 with independent loss, and the network's one-way delay. No jitter, no buffer. */
export interface Condition {
  lossPercent: number;
  delayMs: number;
}

type Formula = (condition: Condition) => number;

/** G.107 as the program has it, without jitter buffer and packetisation, of which the other formulas know nothing. */
function g107(bpl: number): Formula {
  return ({ lossPercent, delayMs }) =>
    mosOf({
      codec: 'PCMU',
      bpl,
      missing: lossPercent,
      expected: 100,
      burstR: 1,
      jitterBufferMs: 0,
      ptimeMs: 0,
      delay: { oneWayDelayMs: delayMs, source: 'path' },
    })!.cq!;
}

/** rtpengine, narrowband: R by a parabola of the loss in whole percent, less the simplified Id. */
export function rtpengineR({ lossPercent, delayMs }: Condition): number {
  const r = 93.2 - Math.trunc(lossPercent);
  return 0.18 * r * r - 27.9 * r + 1126.62 - simplifiedDelayImpairment(delayMs);
}

/** VoIPmonitor: a fit to PESQ with a MOS curve of its own; delay does not count. */
export function voipMonitor(lossPercent: number, burstR = 1): { r: number; mos: number } {
  const r = 93.2062077233 - (95 * lossPercent) / (lossPercent / burstR + 17.2647);
  const mos = 2.06405 + 0.031738 * r - 0.000356641 * r ** 2 + 2.93143e-6 * r ** 3;
  return { r, mos: lossPercent === 0 ? 4.5 : lossPercent > 50 ? 1 : Math.min(4.5, Math.max(1, mos)) };
}

/** voip_patrol: R from 100 downwards, cut to whole numbers, Ie,eff with Bpl 25.1. */
function voipPatrol({ lossPercent, delayMs }: Condition): number {
  const r = Math.trunc(100 - (95 * lossPercent) / (lossPercent + 25.1));
  return mosOfR(Math.trunc(r - pureDelayImpairment(delayMs)));
}

/** sip-exporter: Ie,eff with the loss as a share where the equation has percent, and Bpl 10. */
function sipExporter({ lossPercent }: Condition): number {
  const share = lossPercent / 100;
  return mosOfR(93.2 - (95 * share) / (share / 10 + 1));
}

/** Formulas in use, by the names that docs/quality.md gives them. */
export const FORMULAS: Readonly<Record<string, Formula>> = {
  'G.107, no concealment (Bpl 4.3)': g107(4.3),
  rtpengine: (condition) => mosOfR(rtpengineR(condition)),
  VoIPmonitor: ({ lossPercent }) => voipMonitor(lossPercent).mos,
  'G.107, concealment of G.711 (Bpl 25.1): **ours**': g107(25.1),
  'xk6-sip-media': ({ lossPercent }) => mosOfR(94.2 - 2.5 * lossPercent),
  voip_patrol: voipPatrol,
  'sip-exporter': sipExporter,
};
