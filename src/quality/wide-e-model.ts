import { mosOfR, pureDelayImpairment } from './e-model.js';

/**
 * The E-model for wideband (ITU-T G.107.1) and fullband (G.107.2) without echo, as between digital end points. R reaches
 * 129 and 148; the MOS scale is the narrowband one of R divided by what the band adds. Neither Recommendation has a term
 * for bursts of loss.
 */
interface Band {
  /** R without any impairment. */
  best: number;
  /** Idle at a round trip of 0 ms: the listener's echo is never quite nothing in G.107.1. */
  idle: number;
  /** How much more the same delay costs than on the narrowband scale; R is divided by it for the MOS. */
  stretch: number;
  /** What all equipment together may cost. */
  most: number;
}

export const WIDEBAND: Band = { best: 129, idle: 0.153685, stretch: 1.29, most: 95 };
export const FULLBAND: Band = { best: 148, idle: 0, stretch: 1.48, most: 132 };

export interface WideParameters {
  ie: number;
  bpl: number;
  pplPercent: number;
  /** Absolute one-way delay; 0 for the listening quality. */
  oneWayDelayMs: number;
}

/** R on the band's own scale. */
export function wideR(band: Band, { ie, bpl, pplPercent, oneWayDelayMs }: WideParameters): number {
  const ieEff = ie + ((band.most - ie) * pplPercent) / (pplPercent + bpl);
  return band.best - band.idle - band.stretch * pureDelayImpairment(oneWayDelayMs) - ieEff;
}

/** MOS-CQE of an R of the band. */
export function mosOfWideR(band: Band, r: number): number {
  return mosOfR(r / band.stretch);
}
