import { describe, expect, it } from 'vitest';
import { gilbertOf } from '../../src/impair/loss.js';
import {
  effectiveEquipmentImpairment,
  eModel,
  mosOfR,
  pureDelayImpairment,
  rFactor,
  rWithDelay,
  simplifiedDelayImpairment,
} from '../../src/quality/e-model.js';
import { BPL, equipmentOf, RATED_CODECS } from '../../src/quality/equipment.js';
import { mosOf } from '../../src/quality/mos.js';
import { fullEModel, mosOfFullR, mosOfWideR, wideEModel } from '../../src/quality/wide-e-model.js';

interface Equipment {
  ie: number;
  bpl: number;
}

/** Codecs of G.113, appendix I, for which there are published vectors. */
const NO_PLC: Equipment = { ie: 0, bpl: BPL.none };
const PLC: Equipment = { ie: 0, bpl: BPL.plc };
const G729A: Equipment = { ie: 11, bpl: 19 };
const G7231: Equipment = { ie: 15, bpl: 16.1 };
const EFR: Equipment = { ie: 5, bpl: 10 };

describe('the E-model (G.107)', () => {
  it('gives R 93.2 and MOS 4.41 at its defaults, with the known intermediate values', () => {
    const result = eModel();
    expect(result.no).toBeCloseTo(-61.179214, 6);
    expect(result.ro).toBeCloseTo(94.768822, 6);
    expect(result.iolr).toBeCloseTo(0.440178, 6);
    expect(result.ist).toBeCloseTo(-0.000715, 6);
    expect(result.iq).toBeCloseTo(0.974105, 6);
    expect(result.is).toBeCloseTo(1.413568, 6);
    expect(result.idle).toBeCloseTo(0.149046, 6);
    expect(result.r).toBeCloseTo(93.206208, 6);
    expect(mosOfR(result.r)).toBeCloseTo(4.409406, 6);
  });

  it('maps R to MOS as printed, never below 1 and never above 4.5', () => {
    for (const [r, mos] of [
      [10, 1.035],
      [20, 1.252],
      [30, 1.609],
      [40, 2.064],
      [50, 2.575],
      [60, 3.1],
      [70, 3.597],
      [80, 4.024],
      [90, 4.339],
      [93.2, 4.4093],
      [94.2, 4.4278],
      [100, 4.5],
    ]) {
      expect(mosOfR(r)).toBeCloseTo(mos, 4);
    }
    let previous = 1;
    for (let r = -5; r <= 105; r += 0.05) {
      const mos = mosOfR(r);
      expect(mos).toBeGreaterThanOrEqual(previous);
      expect(mos).toBeLessThanOrEqual(4.5);
      previous = mos;
    }
  });

  // Ta, Idte, Idle, Idd, R and MOS with echo, simplified Id, its R and MOS, R and MOS of Idd alone (from 93.2).
  it.each([
    [0, 0, 0.149, 0, 93.2062, 4.4094, 0, 93.2, 4.4093, 93.2, 4.4093],
    [1, -0.1089, 0.2015, 0, 93.2627, 4.4105, 0.024, 93.176, 4.4088, 93.2, 4.4093],
    [5, 0.0246, 0.2913, 0, 93.0393, 4.4062, 0.12, 93.08, 4.407, 93.2, 4.4093],
    [20, 0.3919, 0.4321, 0, 92.5313, 4.396, 0.48, 92.72, 4.3998, 93.2, 4.4093],
    [50, 1.0229, 0.5761, 0, 91.7562, 4.3796, 1.2, 92, 4.3849, 93.2, 4.4093],
    [100, 1.9638, 0.7277, 0, 90.6637, 4.3549, 2.4, 90.8, 4.3581, 93.2, 4.4093],
    [150, 2.8118, 0.8407, 0.1635, 89.5391, 4.3275, 3.6, 89.6, 4.3291, 93.0365, 4.4061],
    [177.3, 3.2373, 0.8941, 1.1721, 88.0519, 4.2884, 4.2552, 88.9448, 4.3123, 92.0279, 4.3855],
    [200, 3.5708, 0.9353, 3.0444, 85.8047, 4.2232, 7.297, 85.903, 4.2262, 90.1556, 4.3428],
    [250, 4.2429, 1.0186, 8.9167, 79.1771, 3.9925, 13.997, 79.203, 3.9935, 84.2833, 4.1751],
    [300, 4.8339, 1.0943, 14.7607, 72.6664, 3.7194, 20.697, 72.503, 3.7121, 78.4393, 3.9637],
    [400, 5.8082, 1.2301, 24.0701, 62.2468, 3.2156, 34.097, 59.103, 3.0534, 69.1299, 3.5559],
    [500, 6.5641, 1.3521, 30.6359, 54.8032, 2.828, 47.497, 45.703, 2.3513, 62.5641, 3.2318],
  ])(
    'takes a delay of %d ms as each convention has it',
    (ta, idte, idle, idd, r, mos, simple, rSimple, mosSimple, rIdd, mosIdd) => {
      const full = eModel({ oneWayDelayMs: ta, echoDelayMs: ta, loopDelayMs: 2 * ta });
      expect(full.idte).toBeCloseTo(idte, 4);
      expect(full.idle).toBeCloseTo(idle, 4);
      expect(full.idd).toBeCloseTo(idd, 4);
      expect(rWithDelay(ta, 'full')).toBeCloseTo(r, 4);
      expect(mosOfR(full.r)).toBeCloseTo(mos, 4);
      expect(simplifiedDelayImpairment(ta)).toBeCloseTo(simple, 4);
      expect(rWithDelay(ta, 'simplified')).toBeCloseTo(rSimple, 4);
      expect(mosOfR(rWithDelay(ta, 'simplified'))).toBeCloseTo(mosSimple, 4);
      expect(93.2 - pureDelayImpairment(ta)).toBeCloseTo(rIdd, 4);
      expect(mosOfR(93.2 - pureDelayImpairment(ta))).toBeCloseTo(mosIdd, 4);
      expect(rWithDelay(ta, 'idd-only')).toBeCloseTo(rFactor() - pureDelayImpairment(ta), 9);
    },
  );

  const losses: [Equipment, number, number, number, number, number][] = [
    [NO_PLC, 0.5, 1, 9.8958, 83.3104, 4.1427],
    [NO_PLC, 1, 1, 17.9245, 75.2817, 3.8339],
    [NO_PLC, 1, 2, 19.7917, 73.4145, 3.7528],
    [NO_PLC, 2, 1, 30.1587, 63.0475, 3.2564],
    [NO_PLC, 5, 1, 51.0753, 42.1309, 2.1696],
    [NO_PLC, 10, 1, 66.4336, 26.7726, 1.481],
    [PLC, 0.5, 1, 1.8555, 91.3507, 4.3707],
    [PLC, 1, 1, 3.6398, 89.5664, 4.3282],
    [PLC, 2, 1, 7.0111, 86.1951, 4.235],
    [PLC, 5, 1, 15.7807, 77.4255, 3.9231],
    [PLC, 5, 2, 17.2101, 75.9961, 3.8641],
    [PLC, 10, 1, 27.0655, 66.1407, 3.4112],
    [PLC, 20, 1, 42.1286, 51.0776, 2.6316],
    [G729A, 0, 1, 11, 82.2062, 4.1046],
    [G729A, 1, 1, 15.2, 78.0062, 3.9465],
    [G729A, 2, 1, 19, 74.2062, 3.7876],
    [G729A, 5, 1, 28.5, 64.7062, 3.34],
    [G729A, 10, 1, 39.9655, 53.2407, 2.7456],
    [G7231, 0, 1, 15, 78.2062, 3.9544],
    [G7231, 1, 1, 19.6784, 73.5278, 3.7578],
    [G7231, 5, 1, 33.9573, 59.2489, 3.061],
    [EFR, 0, 1, 5, 88.2062, 4.2926],
    [EFR, 1, 1, 13.1818, 80.0244, 4.0249],
    [EFR, 2, 1, 20, 73.2062, 3.7435],
    [EFR, 5, 1, 35, 58.2062, 3.0067],
  ];
  it.each(losses.map((row) => [row[0].ie, row[0].bpl, ...row] as const))(
    'takes loss for Ie %d and Bpl %d as printed (%#)',
    (_ie, _bpl, equipment, pplPercent, burstR, ieEff, r, mos) => {
      const parameters = { ie: equipment.ie, bpl: equipment.bpl, pplPercent, burstR };
      expect(eModel(parameters).ieEff).toBeCloseTo(ieEff, 4);
      expect(rFactor(parameters)).toBeCloseTo(r, 4);
      expect(mosOfR(rFactor(parameters))).toBeCloseTo(mos, 4);
    },
  );

  it.each([
    [50, 0, 4.3, 0.5, 1, 81.8603, 4.0923, 82.1042, 4.101],
    [100, 0, 25.1, 1, 1, 87.0239, 4.2594, 87.1602, 4.2634],
    [150, 11, 19, 1, 1, 74.3391, 3.7933, 74.4, 3.796],
    [200, 0, 25.1, 2, 1, 78.7936, 3.9776, 78.8919, 3.9814],
    [300, 11, 19, 3, 1.5, 49.6664, 2.5575, 49.503, 2.5489],
    [400, 0, 4.3, 1, 1, 44.3223, 2.2805, 41.1785, 2.1221],
  ])(
    'takes %d ms, Ie %d, Bpl %d and %d %% loss together',
    (ta, ie, bpl, pplPercent, burstR, rFull, mosFull, rSimple, mosSimple) => {
      const parameters = { ie, bpl, pplPercent, burstR };
      expect(rWithDelay(ta, 'full', parameters)).toBeCloseTo(rFull, 4);
      expect(mosOfR(rWithDelay(ta, 'full', parameters))).toBeCloseTo(mosFull, 4);
      expect(rWithDelay(ta, 'simplified', parameters)).toBeCloseTo(rSimple, 4);
      expect(mosOfR(rWithDelay(ta, 'simplified', parameters))).toBeCloseTo(mosSimple, 4);
    },
  );

  it.each([
    [0.01, 1.5, 1.485, 3.686, 89.514, 4.3269, 15.2697, 77.9303, 3.9434],
    [0.01, 3, 2.97, 3.7348, 89.4652, 4.3257, 15.3441, 77.8559, 3.9404],
    [0.02, 2, 1.96, 7.274, 85.926, 4.2269, 19.3914, 73.8086, 3.7702],
    [0.03, 3, 2.91, 10.9066, 82.2934, 4.1077, 23.5805, 69.6195, 3.5791],
    [0.05, 2, 1.9, 17.1285, 76.0715, 3.8673, 30.4161, 62.7839, 3.243],
    [0.05, 4, 3.8, 17.9817, 75.2183, 3.8312, 31.6736, 61.5264, 3.1787],
  ])(
    'turns a Gilbert channel of loss %d and mean run %d into a burst ratio and R',
    (loss, run, burstR, ieG711, rG711, mosG711, ieG729, rG729, mosG729) => {
      const channel = gilbertOf(loss, run)!;
      expect(1 / (channel.p + channel.r)).toBeCloseTo(burstR, 4);
      for (const [equipment, ieEff, r, mos] of [
        [PLC, ieG711, rG711, mosG711],
        [G729A, ieG729, rG729, mosG729],
      ] as const) {
        const observed = effectiveEquipmentImpairment(
          equipment.ie,
          equipment.bpl,
          100 * loss,
          1 / (channel.p + channel.r),
        );
        expect(observed).toBeCloseTo(ieEff, 4);
        expect(93.2 - observed).toBeCloseTo(r, 4);
        expect(mosOfR(93.2 - observed)).toBeCloseTo(mos, 4);
      }
    },
  );

  it('adds the advantage factor, and reacts to sidetone outside its usual range', () => {
    expect(rFactor({ advantage: 10 })).toBeCloseTo(103.206208, 6);
    expect(rFactor({ stmr: 8, echoDelayMs: 100 })).not.toBeCloseTo(rFactor({ echoDelayMs: 100 }), 1);
    const high = eModel({ stmr: 25, echoDelayMs: 50 });
    expect(high.idte).toBeGreaterThan(Math.abs(high.ist));
  });
});

describe('the MOS of a stream', () => {
  const input = {
    codec: 'PCMU',
    bpl: 25.1,
    missing: 2,
    expected: 100,
    burstR: 1,
    jitterBufferMs: 60,
    ptimeMs: 20,
  } as const;

  it('knows no conversational quality without a delay, and takes all that the delay is made of with one', () => {
    const without = mosOf({ ...input, delay: null })!;
    expect(without).toMatchObject({ cq: null, delaySource: 'none', pplPercent: 2, ie: 0, bpl: 25.1, model: 'G.107' });
    expect(without.r).toBeCloseTo(86.1951, 4);
    expect(without.lq).toBeCloseTo(4.235, 4);
    const near = mosOf({ ...input, delay: { oneWayDelayMs: 20, source: 'probe' } })!;
    expect(near.cq).toBe(near.lq);
    const far = mosOf({ ...input, delay: { oneWayDelayMs: 220, source: 'rtcp' } })!;
    expect(far.lq).toBe(without.lq);
    expect(far.cq).toBeCloseTo(mosOfR(without.r - 14.7607), 4);
    expect(far.delaySource).toBe('rtcp');
  });

  it('takes what the user says of a codec, and of no other', () => {
    const equipment = { G729: { ie: 15, bpl: 12 } };
    const told = mosOf({ ...input, codec: 'G729', equipment, delay: null })!;
    expect(told).toMatchObject({ ie: 15, bpl: 12, equipmentSource: 'given', model: 'G.107', scale: 'CQEN' });
    // G.107, 7.2 with BurstR 1: Ie,eff = Ie + (95 − Ie) · Ppl ÷ (Ppl + Bpl), taken from R at Ie,eff 0.
    const clean = mosOf({ ...input, missing: 0, delay: null })!.r;
    expect(told.r).toBeCloseTo(clean - 15 - (80 * 2) / 14, 9);
    expect(mosOf({ ...input, codec: 'AMR', equipment, delay: null })!).toMatchObject({
      ie: 5,
      equipmentSource: 'as GSM-EFR',
    });
    expect(mosOf({ ...input, equipment, delay: null })!).toMatchObject({ bpl: 25.1, equipmentSource: 'G.113' });
  });

  it('has no loss where nothing was expected', () => {
    expect(mosOf({ ...input, missing: 0, expected: 0, delay: null })!.pplPercent).toBe(0);
  });

  it('takes into the delay what a packet holds, what the buffer holds and what the codec looks ahead', () => {
    const delay = { oneWayDelayMs: 100, source: 'probe' } as const;
    expect(mosOf({ ...input, delay })!.oneWayDelayMs).toBe(180);
    expect(mosOf({ ...input, codec: 'G729', ptimeMs: 40, delay })!.oneWayDelayMs).toBe(205);
    expect(mosOf({ ...input, codec: 'opus', jitterBufferMs: 100, delay })!.oneWayDelayMs).toBe(226.5);
    expect(mosOf({ ...input, delay: null })!.oneWayDelayMs).toBeNull();
  });

  it('knows nothing of a codec without figures, and nothing of loss for one without a Bpl', () => {
    expect(mosOf({ ...input, codec: 'speex', missing: 0, delay: null })).toBeNull();
    expect(mosOf({ ...input, codec: 'GSM', delay: null })).toBeNull();
    const clean = mosOf({ ...input, codec: 'GSM', missing: 0, delay: null })!;
    expect(clean).toMatchObject({ ie: 20, bpl: null, equipmentSource: 'G.113 Ie' });
    expect(clean.r).toBeCloseTo(93.2062 - 20, 4);
    const given = mosOf({ ...input, codec: 'GSM', equipment: { GSM: { bpl: 10 } }, delay: null })!;
    expect(given).toMatchObject({ ie: 20, bpl: 10, equipmentSource: 'given' });
  });
});

describe('the E-model of wider bands', () => {
  // Ta, Ie, Bpl, Ppl, Idte, Idle, Idd, R, MOS; the echo path as long as the speech path.
  it.each([
    [0, 0, 20, 0, 0, 0.153685, 0, 128.846315, 4.499152],
    [0, 5, 20, 0, 0, 0.153685, 0, 123.846315, 4.456839],
    [50, 0, 20, 0, 0.092907, 0.652075, 0, 128.255018, 4.495632],
    [150, 5, 20, 0, 0.355448, 1.012266, 0.210955, 122.421331, 4.439743],
    [200, 0, 20, 0, 0.475831, 1.152155, 3.927294, 123.44472, 4.45224],
    [0, 13, 4.3, 0, 0, 0.153685, 0, 115.846315, 4.334152],
    [0, 13, 4.3, 1, 0, 0.153685, 0, 100.374617, 3.938597],
    [150, 13, 4.3, 1, 0.355448, 1.012266, 0.210955, 98.949633, 3.893625],
  ])(
    'rates wideband as G.107.1: %d ms, Ie %d, Bpl %d, %d %% loss',
    (ta, ie, bpl, pplPercent, idte, idle, idd, r, mos) => {
      const echo = { oneWayDelayMs: ta, echoDelayMs: ta, loopDelayMs: 2 * ta };
      const found = wideEModel({ ie, bpl, pplPercent, ...echo });
      expect(found.idte).toBeCloseTo(idte, 5);
      expect(found.idle).toBeCloseTo(idle, 5);
      expect(found.idd).toBeCloseTo(idd, 5);
      expect(found.r).toBeCloseTo(r, 5);
      expect(mosOfWideR(found.r)).toBeCloseTo(mos, 5);
    },
  );

  it.each([
    [1, 4.494],
    [3, 4.4785],
    [5, 4.4586],
    [7, 4.4343],
    [8, 4.4206],
    [10, 4.3901],
    [13, 4.3371],
    [20, 4.182],
    [26, 4.0181],
    [31, 3.863],
    [36, 3.6936],
    [41, 3.5123],
    [56, 2.922],
  ])('gives an Ie of %d on the wideband scale a MOS of %d', (ie, mos) => {
    expect(mosOfWideR(129 - ie)).toBeCloseTo(mos, 4);
  });

  it('loses to loss as the modes of AMR-WB do', () => {
    for (const [ie, bpl, pplPercent, ieEff, r, mos] of [
      [20, 4.3, 2, 43.8095, 85.1905, 3.4062],
      [10, 4.9, 1, 24.4068, 104.5932, 4.0642],
      [8, 4.6, 1, 23.5357, 105.4643, 4.0886],
    ]) {
      const found = wideEModel({ ie, bpl, pplPercent });
      expect(found.ieEff).toBeCloseTo(ieEff, 4);
      expect(129 - found.ieEff).toBeCloseTo(r, 4);
      expect(mosOfWideR(129 - found.ieEff)).toBeCloseTo(mos, 4);
    }
  });

  it.each([
    [0, 10.2, 4.3, 0, 137.8, 4.4075],
    [0, 10.2, 4.3, 1, 114.8189, 3.9294],
    [150, 10.2, 4.3, 0, 137.558, 4.4043],
    [250, 10.2, 4.3, 5, 59.1194, 2.0613],
    [0, 7.2, 11.4, 0, 140.8, 4.4436],
    [0, 7.2, 11.4, 2, 122.1731, 4.1166],
    [0, 17.1, 11.7, 1, 121.8528, 4.109],
    [0, 22.7, 13, 0, 125.3, 4.1873],
  ])('rates fullband as G.107.2: %d ms, Ie %d, Bpl %d, %d %% loss', (oneWayDelayMs, ie, bpl, pplPercent, r, mos) => {
    const found = fullEModel({ ie, bpl, pplPercent, oneWayDelayMs });
    expect(found.r).toBeCloseTo(r, 3);
    expect(mosOfFullR(found.r)).toBeCloseTo(mos, 4);
  });

  it.each([
    ['PCMU', 'G.107', 'CQEN', 25.1],
    ['L16/8000', 'G.107', 'CQEN', 25.1],
    ['G722', 'G.107.1', 'CQEW', 20],
    ['L16/16000', 'G.107.1', 'CQEW', 20],
    ['opus', 'G.107.2', 'CQEF', 10.57],
  ] as const)('rates %s by %s on the scale %s', (codec, model, scale, bpl) => {
    const input = { codec, bpl: BPL.plc, missing: 0, expected: 500, burstR: 1, jitterBufferMs: 60, ptimeMs: 20 };
    const clean = mosOf({ ...input, delay: { oneWayDelayMs: 200, source: 'path' } })!;
    expect(clean).toMatchObject({ model, scale, bpl, codec });
    expect(clean.cq!).toBeLessThan(clean.lq);
    expect(mosOf({ ...input, missing: 20, delay: null })!.lq).toBeLessThan(clean.lq);
  });
});

describe('the tables of equipment', () => {
  // ITU-T G.113: narrowband appendix I, wideband appendix IV, super-wideband appendix V.
  it.each([
    ['PCMU', '64', 'CQEN', 0, 25.1],
    ['G723', '6.3', 'CQEN', 15, 16.1],
    ['G723', '5.3', 'CQEN', 19, null],
    ['G726-32', '32', 'CQEN', 7, null],
    ['G728', '12.8', 'CQEN', 20, null],
    ['G729', 'A+VAD', 'CQEN', 11, 19],
    ['G729', '8', 'CQEN', 10, null],
    ['GSM-EFR', '12.2', 'CQEN', 5, 10],
    ['G722', '48', 'CQEW', 31, null],
    ['G7221', '24', 'CQEW', 19, null],
    ['AMR-WB', '12.65', 'CQEW', 13, 4.3],
    ['AMR-WB', '23.05', 'CQEW', 1, 4.6],
    ['AMR-WB', '23.85-diotic', 'CQEW', 10, 4.9],
    ['EVS', '16.4', 'CQEF', 10.8, 10.3],
    ['opus', 'NB-CBR-10', 'CQEN', 6.2, 15.33],
    ['opus', 'SWB-VBR-40', 'CQEF', 10.67, 9.79],
  ] as const)('have %s at %s', (codec, mode, scale, ie, bpl) => {
    expect(equipmentOf(codec, BPL.plc, { [codec]: { mode } })).toMatchObject({ scale, ie, bpl });
  });

  it('have a usual mode of each codec, and know no mode that they do not have', () => {
    for (const [codec, modes] of Object.entries(RATED_CODECS)) {
      expect(equipmentOf(codec, BPL.plc)).toEqual(equipmentOf(codec, BPL.plc, { [codec]: { mode: modes[0] } }));
      expect(equipmentOf(codec, BPL.plc, { [codec]: { mode: 'fast' } })).toBeNull();
    }
    expect(equipmentOf('PCMA', BPL.none)).toMatchObject({ ie: 0, bpl: 4.3, source: 'G.113' });
  });
});
