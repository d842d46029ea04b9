/**
 * The E-model, ITU-T G.107 (narrowband): a transmission rating R and the mean opinion score that it predicts. Clause and
 * equation numbers are those of the Recommendation.
 */
export interface EModelParameters {
  /** Send, receive loudness rating in dB. */
  slr: number;
  rlr: number;
  /** Sidetone masking rating, listener sidetone rating in dB; left out, the latter is STMR + Dr. */
  stmr: number;
  lstr?: number;
  /** D-values of the telephone at the send and the receive side. */
  ds: number;
  dr: number;
  /** Talker echo loudness rating, weighted echo path loss in dB. */
  telr: number;
  wepl: number;
  /** Mean one-way delay of the echo path, round-trip delay in the four-wire loop, absolute one-way delay; ms. */
  echoDelayMs: number;
  loopDelayMs: number;
  oneWayDelayMs: number;
  /** Delay sensitivity class: sT and mT in ms. */
  delaySensitivity: number;
  minimumPerceivableDelayMs: number;
  /** Quantising distortion units. */
  qdu: number;
  /** Equipment impairment factor, packet-loss robustness factor. */
  ie: number;
  bpl: number;
  /** Packet loss in percent, and how bursty it is (1 = independent). */
  pplPercent: number;
  burstR: number;
  /** Circuit noise in dBm0p, noise floor in dBmp, room noise at the send and the receive side in dB(A). */
  nc: number;
  nfor: number;
  ps: number;
  pr: number;
  /** Advantage factor. */
  advantage: number;
}

/** The defaults of G.107, table 3. */
const E_MODEL_DEFAULTS: Readonly<EModelParameters> = {
  slr: 8,
  rlr: 2,
  stmr: 15,
  ds: 3,
  dr: 3,
  telr: 65,
  wepl: 110,
  echoDelayMs: 0,
  loopDelayMs: 0,
  oneWayDelayMs: 0,
  delaySensitivity: 1,
  minimumPerceivableDelayMs: 100,
  qdu: 1,
  ie: 0,
  bpl: 4.3,
  pplPercent: 0,
  burstR: 1,
  nc: -70,
  nfor: -64,
  ps: 35,
  pr: 35,
  advantage: 0,
};

/** R with the parts that it is made of. */
export interface EModelResult {
  no: number;
  ro: number;
  iolr: number;
  ist: number;
  iq: number;
  is: number;
  idte: number;
  idle: number;
  idd: number;
  id: number;
  ieEff: number;
  r: number;
}

/** Evaluates the whole chain of G.107. Parameters that are left out have their defaults. */
export function eModel(parameters: Partial<EModelParameters> = {}): EModelResult {
  const p = { ...E_MODEL_DEFAULTS, ...parameters };
  const no = noiseSum(p);
  const ro = 15 - 1.5 * (p.slr + no);

  const olr = p.slr + p.rlr;
  const xolr = olr + 0.2 * (64 + no - p.rlr);
  const iolr = 20 * ((1 + (xolr / 8) ** 8) ** (1 / 8) - xolr / 8);
  const stmrO = -10 * Math.log10(10 ** (-p.stmr / 10) + Math.exp(-p.echoDelayMs / 4) * 10 ** (-p.telr / 10));
  const ist =
    12 * (1 + ((stmrO - 13) / 6) ** 8) ** (1 / 8) -
    28 * (1 + ((stmrO + 1) / 19.4) ** 35) ** (1 / 35) -
    13 * (1 + ((stmrO - 3) / 33) ** 13) ** (1 / 13) +
    29;
  const iq = quantising(p.qdu, ro);
  const is = iolr + ist + iq;

  const idte = talkerEcho(p, no, ist);
  const idle = listenerEcho(ro, p.wepl, p.loopDelayMs);
  const idd = pureDelayImpairment(p.oneWayDelayMs, p.delaySensitivity, p.minimumPerceivableDelayMs);
  const id = idte + idle + idd;

  const ieEff = effectiveEquipmentImpairment(p.ie, p.bpl, p.pplPercent, p.burstR);
  return { no, ro, iolr, ist, iq, is, idte, idle, idd, id, ieEff, r: ro - is - id - ieEff + p.advantage };
}

/** R alone. */
export function rFactor(parameters: Partial<EModelParameters> = {}): number {
  return eModel(parameters).r;
}

/**
 * How delay enters R. Products differ, so a figure has to say which:
 * - `full`: the echo path is as long as the speech path (T = Ta, Tr = 2·Ta).
 * - `idd-only`: no echo, as between digital end points; only the delay itself counts, from 100 ms on. MOS-CQ is this one.
 * - `simplified`: R = 93.2 − 0.024·d − 0.11·(d − 177.3)·H(d − 177.3) − Ie,eff (Cole and Rosenbluth, 2001).
 */
export type DelayConvention = 'full' | 'idd-only' | 'simplified';

/** R with a one-way delay by one of the conventions in use. */
export function rWithDelay(
  oneWayDelayMs: number,
  convention: DelayConvention,
  parameters: Partial<EModelParameters> = {},
): number {
  switch (convention) {
    case 'full':
      return rFactor({ ...parameters, oneWayDelayMs, echoDelayMs: oneWayDelayMs, loopDelayMs: 2 * oneWayDelayMs });
    case 'idd-only':
      return rFactor({ ...parameters, oneWayDelayMs, echoDelayMs: 0, loopDelayMs: 0 });
    case 'simplified': {
      const p = { ...E_MODEL_DEFAULTS, ...parameters };
      const id = simplifiedDelayImpairment(oneWayDelayMs);
      return 93.2 - id - effectiveEquipmentImpairment(p.ie, p.bpl, p.pplPercent, p.burstR) + p.advantage;
    }
    default:
      return convention satisfies never;
  }
}

/** Id of the simplified model. */
export function simplifiedDelayImpairment(oneWayDelayMs: number): number {
  return 0.024 * oneWayDelayMs + (oneWayDelayMs > 177.3 ? 0.11 * (oneWayDelayMs - 177.3) : 0);
}

/** Idd (eq. 7-27 and 7-28): nothing up to mT, then growing with the delay. */
export function pureDelayImpairment(
  oneWayDelayMs: number,
  sensitivity: number = E_MODEL_DEFAULTS.delaySensitivity,
  minimumPerceivableMs: number = E_MODEL_DEFAULTS.minimumPerceivableDelayMs,
): number {
  if (oneWayDelayMs <= minimumPerceivableMs) return 0;
  const x = Math.log2(oneWayDelayMs / minimumPerceivableMs);
  const e = 6 * sensitivity;
  return 25 * ((1 + x ** e) ** (1 / e) - 3 * (1 + (x / 3) ** e) ** (1 / e) + 2);
}

/** Ie,eff (eq. 7-29). Only the loss of the denominator is divided by the burst ratio. */
export function effectiveEquipmentImpairment(ie: number, bpl: number, pplPercent: number, burstR: number): number {
  return ie + ((95 - ie) * pplPercent) / (pplPercent / burstR + bpl);
}

/**
 * MOS-CQE of R (Annex B), within [1, 4.5]. The polynomial dips below 1 for 0 < R < 6.515, where it is cut off.
 */
export function mosOfR(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

/** No: the sum of all noise in dBm0p, referred to the 0 dBr point (eq. 7-3 to 7-7). */
export function noiseSum(parameters: Partial<EModelParameters> = {}): number {
  const p = { ...E_MODEL_DEFAULTS, ...parameters };
  const lstr = p.lstr ?? p.stmr + p.dr;
  const olr = p.slr + p.rlr;
  const nos = p.ps - p.slr - p.ds - 100 + 0.004 * (p.ps - olr - p.ds - 14) ** 2;
  const pre = p.pr + 10 * Math.log10(1 + 10 ** ((10 - lstr) / 10));
  const nor = p.rlr - 121 + pre + 0.008 * (pre - 35) ** 2;
  const nfo = p.nfor + p.rlr;
  return 10 * Math.log10(10 ** (p.nc / 10) + 10 ** (nos / 10) + 10 ** (nor / 10) + 10 ** (nfo / 10));
}

/** Iq (eq. 7-13 to 7-17). */
function quantising(qdu: number, ro: number): number {
  const q = 37 - 15 * Math.log10(qdu);
  const g = 1.07 + 0.258 * q + 0.0602 * q ** 2;
  const y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
  const z = 46 / 30 - g / 40;
  return 15 * Math.log10(1 + 10 ** y + 10 ** z);
}

/** Idte (eq. 7-19 to 7-24), with the variants for low and high sidetone. */
function talkerEcho(p: EModelParameters, no: number, ist: number): number {
  const t = p.echoDelayMs;
  let idte = 0;
  if (t >= 1) {
    const terv = echoLoudness(p.telr, t) + (p.stmr < 9 ? ist / 2 : 0);
    idte = echoImpairment(-1.5 * (no - p.rlr), 80 + 2.5 * (terv - 14), t);
  }
  return p.stmr > 20 ? Math.sqrt(idte * idte + ist * ist) : idte;
}

/** TERV (eq. 7-22): how loud the talker's echo is, the later the more it is felt. */
export function echoLoudness(telr: number, echoDelayMs: number): number {
  const t = echoDelayMs;
  return telr - 40 * Math.log10((1 + t / 10) / (1 + t / 150)) + 6 * Math.exp(-0.3 * t * t);
}

/** Idte (eq. 7-19) of the noise and the echo as the talker rates them, from 1 ms on. */
export function echoImpairment(roe: number, re: number, echoDelayMs: number): number {
  return ((roe - re) / 2 + Math.sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - Math.exp(-echoDelayMs));
}

/** Idle (eq. 7-25 and 7-26): the listener's echo. */
export function listenerEcho(ro: number, wepl: number, loopDelayMs: number): number {
  const rle = 10.5 * (wepl + 7) * (loopDelayMs + 1) ** -0.25;
  return (ro - rle) / 2 + Math.sqrt((ro - rle) ** 2 / 4 + 169);
}
