import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { type EModelParameters, eModel, mosOfR } from '../../src/quality/e-model.js';
import { fullEModel, mosOfFullR, mosOfWideR, wideEModel } from '../../src/quality/wide-e-model.js';

/**
 * The E-model a second time, by the equations alone and shaped otherwise: all quantities by the names of the Recommendations,
 * one function for the three of them, natural logarithms. It shares nothing with the program.
 */
function second(band: 'narrow' | 'wide' | 'full', q: Record<string, number>): { R: number; MOS: number } {
  const { SLR, RLR, STMR, LSTR, Ds, TELR, WEPL, T, Tr, Ta, sT, mT, qdu, Ie, Bpl, Ppl, BurstR, Nc, Nfor, Ps, Pr, A } = q;
  const lg = (x: number): number => Math.log(x) / Math.LN10;
  const dB = (x: number): number => Math.exp((x / 10) * Math.LN10);
  const soft = (u: number, n: number): number => Math.exp(Math.log1p(Math.abs(u) ** n) / n);
  const root = (x: number, c: number): number => x / 2 + Math.hypot(x / 2, Math.sqrt(c));

  const OLR = RLR + SLR;
  const Pre = Pr + 10 * lg(1 + dB(10 - LSTR));
  const Nos = 0.004 * (Ps - OLR - Ds - 14) ** 2 - 100 - Ds - SLR + Ps;
  const Nor = 0.008 * (Pre - 35) ** 2 + Pre - 121 + RLR;
  const noise = (floor: number): number => 10 * lg(dB(Nc) + dB(Nos) + dB(Nor) + dB(floor + RLR));
  const No = noise(Nfor);

  const X = Ta > mT ? Math.log(Ta / mT) / Math.LN2 : 0;
  const Idd = Ta > mT ? 25 * (soft(X, 6 * sT) - 3 * soft(X / 3, 6 * sT) + 2) : 0;
  const TERV = TELR - 40 * (lg(1 + T / 10) - lg(1 + T / 150)) + 6 * Math.exp(-0.3 * T * T);
  const talker = (Roe: number, Re: number): number => (T < 1 ? 0 : (root(Roe - Re, 100) - 1) * (1 - Math.exp(-T)));
  const listener = (Ro: number): number => root(Ro - (10.5 * (WEPL + 7)) / Math.sqrt(Math.sqrt(Tr + 1)), 169);
  const cubic = (x: number): number =>
    x <= 0 ? 1 : x >= 100 ? 4.5 : Math.max(1, 1 + 0.035 * x + 0.000007 * x * (x - 60) * (100 - x));

  if (band === 'full') {
    const R = 148 - 1.48 * Idd - (Ie + ((132 - Ie) * Ppl) / (Ppl + Bpl)) + A;
    return { R, MOS: cubic(R / 1.48) };
  }
  if (band === 'wide') {
    const K = T < 100 ? 10 + 0.08 * T : 18;
    const Idte = talker(1.5 * (RLR - noise(-96)), 80 + 3 * (TERV + K - 14));
    const R = 129 - Idte - listener(129) - 1.29 * Idd - (Ie + ((95 - Ie) * Ppl) / (Ppl + Bpl)) + A;
    return { R, MOS: cubic(R / 1.29) };
  }

  const Ro = 15 - 1.5 * (No + SLR);
  const Xolr = OLR + 0.2 * (No - RLR + 64);
  const Iolr = 20 * (soft(Xolr / 8, 8) - Xolr / 8);
  const STMRo = -10 * lg(dB(-STMR) + dB(-TELR) * Math.exp(-T / 4));
  const Ist = 29 + 12 * soft((STMRo - 13) / 6, 8) - 28 * soft((STMRo + 1) / 19.4, 35) - 13 * soft((STMRo - 3) / 33, 13);
  const Q = 37 - 15 * lg(qdu);
  const G = 1.07 + Q * (0.258 + 0.0602 * Q);
  const Iq = 15 * lg(1 + dB(10 * ((Ro - 100) / 15 + 46 / 8.4 - G / 9)) + dB(10 * (46 / 30 - G / 40)));
  const plain = talker(1.5 * (RLR - No), 80 + 2.5 * (TERV + (STMR < 9 ? Ist / 2 : 0) - 14));
  const Idte = STMR > 20 ? Math.hypot(plain, Ist) : plain;
  const IeEff = Ie + (95 - Ie) * (Ppl / (Ppl / BurstR + Bpl));
  const R = Ro - (Iolr + Ist + Iq) - (Idte + listener(Ro) + Idd) - IeEff + A;
  return { R, MOS: cubic(R) };
}

const USUAL = {
  SLR: 8,
  RLR: 2,
  STMR: 15,
  LSTR: 18,
  Ds: 3,
  TELR: 65,
  WEPL: 110,
  T: 0,
  Tr: 0,
  Ta: 0,
  sT: 1,
  mT: 100,
  qdu: 1,
  Ie: 0,
  Bpl: 4.3,
  Ppl: 0,
  BurstR: 1,
  Nc: -70,
  Nfor: -64,
  Ps: 35,
  Pr: 35,
  A: 0,
};

/** Ranges of table 3 of G.107, within which each point is drawn. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  SLR: [0, 18],
  RLR: [-5, 14],
  STMR: [5, 25],
  LSTR: [13, 23],
  Ds: [-3, 3],
  TELR: [5, 65],
  WEPL: [5, 110],
  T: [0, 500],
  Tr: [0, 1000],
  Ta: [0, 500],
  sT: [0.4, 1],
  mT: [100, 150],
  qdu: [1, 14],
  Ie: [0, 40],
  Bpl: [4.3, 40],
  Ppl: [0, 20],
  BurstR: [1, 8],
  Nc: [-80, -40],
  Nfor: [-80, -60],
  Ps: [35, 85],
  Pr: [35, 85],
  A: [0, 20],
};

function narrow(q: Record<string, number>): Partial<EModelParameters> {
  const { SLR, RLR, STMR, LSTR, Ds, TELR, WEPL, T, Tr, Ta, sT, mT, qdu, Ie, Bpl, Ppl, BurstR, Nc, Nfor, Ps, Pr, A } = q;
  return {
    slr: SLR,
    rlr: RLR,
    stmr: STMR,
    lstr: LSTR,
    ds: Ds,
    telr: TELR,
    wepl: WEPL,
    qdu,
    ie: Ie,
    bpl: Bpl,
    echoDelayMs: T,
    loopDelayMs: Tr,
    oneWayDelayMs: Ta,
    delaySensitivity: sT,
    minimumPerceivableDelayMs: mT,
    pplPercent: Ppl,
    burstR: BurstR,
    nc: Nc,
    nfor: Nfor,
    ps: Ps,
    pr: Pr,
    advantage: A,
  };
}

/** The conditions that a VoIP call is rated under: delay × codec × loss × bursts. */
function* conditions(): Generator<typeof USUAL> {
  const equipment = [
    [0, 4.3],
    [0, 25.1],
    [11, 19],
    [15, 16.1],
    [5, 10],
    [13, 20],
    [17.1, 11.7],
  ];
  for (const Ta of [0, 20, 99, 100, 101, 150, 177.3, 250, 400, 500])
    for (const [Ie, Bpl] of equipment)
      for (const Ppl of [0, 0.5, 1, 2, 5, 10, 20])
        for (const BurstR of Ppl > 0 && Ppl < 2 ? [1, 2, 8] : [1, 1.5]) yield { ...USUAL, Ta, Ie, Bpl, Ppl, BurstR };
}

/** Points drawn over all parameters at once. */
function* draws(count: number): Generator<Record<string, number>> {
  const rng = new Rng(107);
  for (let i = 0; i < count; i++) {
    const q: Record<string, number> = { ...USUAL };
    for (const [name, [from, to]] of Object.entries(RANGES)) q[name] = from + rng.uniform() * (to - from);
    yield q;
  }
}

/** The greatest difference found, and where. */
class Worst {
  r = 0;
  mos = 0;
  at = {};

  compare(r: number, mos: number, other: { R: number; MOS: number }, q: Record<string, number>): void {
    const difference = Math.abs(r - other.R);
    if (!(difference <= this.r)) {
      this.r = difference;
      this.at = q;
    }
    this.mos = Math.max(this.mos, Math.abs(mos - other.MOS));
  }

  expectSmall(): void {
    expect(this.r, JSON.stringify(this.at)).toBeLessThan(0.01);
    expect(this.mos).toBeLessThan(0.001);
  }
}

describe('the E-model, held against a second implementation of its equations,', () => {
  it('agrees over every delay, codec, loss and burst ratio of a call, with and without echo', () => {
    const [narrowband, wideband, fullband] = [new Worst(), new Worst(), new Worst()];
    let points = 0;
    for (const q of conditions())
      for (const T of [0, q.Ta]) {
        const all: Record<string, number> = { ...q, T, Tr: 2 * T };
        const { r } = eModel(narrow(all));
        narrowband.compare(r, mosOfR(r), second('narrow', all), all);
        const wide = wideEModel(narrow(all)).r;
        wideband.compare(wide, mosOfWideR(wide), second('wide', all), all);
        const full = fullEModel({ ie: all.Ie, bpl: all.Bpl, pplPercent: all.Ppl, oneWayDelayMs: all.Ta }).r;
        fullband.compare(full, mosOfFullR(full), second('full', all), all);
        points++;
      }
    expect(points).toBeGreaterThanOrEqual(500);
    for (const worst of [narrowband, wideband, fullband]) worst.expectSmall();
  });

  it('agrees wherever in the ranges of G.107 all its parameters are', () => {
    const [narrowband, wideband] = [new Worst(), new Worst()];
    let sidetones = 0;
    for (const q of draws(1000)) {
      const { r } = eModel(narrow(q));
      narrowband.compare(r, mosOfR(r), second('narrow', q), q);
      const wide = wideEModel(narrow(q)).r;
      wideband.compare(wide, mosOfWideR(wide), second('wide', { ...USUAL, ...wideOnly(q) }), q);
      if (q.STMR < 9 || q.STMR > 20) sidetones++;
    }
    expect(sidetones).toBeGreaterThan(300);
    for (const worst of [narrowband, wideband]) worst.expectSmall();
  });

  it('takes the listener’s sidetone from the talker’s where it is not given', () => {
    expect(eModel({ stmr: 12 }).r).toBeCloseTo(second('narrow', { ...USUAL, STMR: 12, LSTR: 15 }).R, 9);
    expect(eModel({ stmr: 12, dr: 1 }).r).toBeCloseTo(second('narrow', { ...USUAL, STMR: 12, LSTR: 13 }).R, 9);
  });
});

/** G.107.1 as it is written down here takes loudness, noise and delay sensitivity at their defaults. */
function wideOnly({ T, Tr, Ta, TELR, WEPL, Ie, Bpl, Ppl, A }: Record<string, number>): Record<string, number> {
  return { T, Tr, Ta, TELR, WEPL, Ie, Bpl, Ppl, A };
}
