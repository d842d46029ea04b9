import { echoImpairment, echoLoudness, listenerEcho, mosOfR, noiseSum, pureDelayImpairment } from './e-model.js';

/**
 * The E-model for wideband, ITU-T G.107.1, and fullband, G.107.2. R reaches 129 and 148; the MOS scale is the narrowband one
 * of R divided by what the band adds. Neither Recommendation has a term for bursts of loss.
 */
export interface WideParameters {
  /** Equipment impairment factor, packet-loss robustness factor, on the band's own scale. */
  ie: number;
  bpl: number;
  pplPercent: number;
  /** Absolute one-way delay; 0 for the listening quality. */
  oneWayDelayMs: number;
  /** Mean one-way delay of the echo path, round-trip delay in the four-wire loop. 0: no echo, as between digital end points. */
  echoDelayMs: number;
  loopDelayMs: number;
  /** Talker echo loudness rating, weighted echo path loss in dB. */
  telr: number;
  wepl: number;
  /** Advantage factor. */
  advantage: number;
}

const WIDE_DEFAULTS: Readonly<WideParameters> = {
  ie: 0,
  bpl: 4.3,
  pplPercent: 0,
  oneWayDelayMs: 0,
  echoDelayMs: 0,
  loopDelayMs: 0,
  telr: 65,
  wepl: 110,
  advantage: 0,
};

/** R with the parts that it is made of. */
export interface WideResult {
  idte: number;
  idle: number;
  idd: number;
  ieEff: number;
  r: number;
}

/** R without any impairment, and how much wider than the narrowband scale that is. */
const WIDE = { best: 129, stretch: 1.29, most: 95 } as const;
const FULL = { best: 148, stretch: 1.48, most: 132 } as const;

/** Noise floor at the receive side of a wideband telephone, in dBmp. */
const WIDE_NFOR = -96;
/** How the talker rates the noise, against which the echo is felt (Roe). */
const WIDE_ROE = -1.5 * (noiseSum({ nfor: WIDE_NFOR }) - 2);

/** Evaluates G.107.1. Parameters that are left out have their defaults. */
export function wideEModel(parameters: Partial<WideParameters> = {}): WideResult {
  const p = { ...WIDE_DEFAULTS, ...parameters };
  const t = p.echoDelayMs;
  const margin = t < 100 ? 0.08 * t + 10 : 18;
  const re = 80 + 3 * (echoLoudness(p.telr, t) + margin - 14);
  const idte = t < 1 ? 0 : echoImpairment(WIDE_ROE, re, t);
  return rated(WIDE, p, idte, listenerEcho(WIDE.best, p.wepl, p.loopDelayMs));
}

/** Evaluates G.107.2 without echo, as between digital end points. Parameters that are left out have their defaults. */
export function fullEModel(
  parameters: Partial<Pick<WideParameters, 'ie' | 'bpl' | 'pplPercent' | 'oneWayDelayMs' | 'advantage'>> = {},
): WideResult {
  return rated(FULL, { ...WIDE_DEFAULTS, ...parameters }, 0, 0);
}

/** MOS-CQEW of an R of G.107.1. */
export function mosOfWideR(r: number): number {
  return mosOfR(r / WIDE.stretch);
}

/** MOS-CQEF of an R of G.107.2. */
export function mosOfFullR(r: number): number {
  return mosOfR(r / FULL.stretch);
}

function rated(band: typeof WIDE | typeof FULL, p: WideParameters, idte: number, idle: number): WideResult {
  const idd = band.stretch * pureDelayImpairment(p.oneWayDelayMs);
  const ieEff = p.ie + ((band.most - p.ie) * p.pplPercent) / (p.pplPercent + p.bpl);
  return { idte, idle, idd, ieEff, r: band.best - idte - idle - idd - ieEff + p.advantage };
}
