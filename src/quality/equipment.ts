import type { CodecName } from '../core/codecs.js';

/** The scale of a rating: narrowband, wideband, fullband (ITU-T P.800.1). Figures of two scales are never mixed. */
export type Scale = 'CQEN' | 'CQEW' | 'CQEF';

/**
 * Where an equipment's figures are from:
 * - `G.113`: both are the ITU's.
 * - `G.113 Ie`: Ie is the ITU's, which has no Bpl for it; Bpl, where there is one, is what other tools use.
 * - `as G.711`, `as GSM-EFR`: those of the codec that works alike.
 * - `fit`: no ITU figures; a published fit to POLQA.
 * - `given`: the user said so.
 */
export type EquipmentSource = 'G.113' | 'G.113 Ie' | 'as G.711' | 'as GSM-EFR' | 'fit' | 'given';

/** Equipment impairment (Ie) and packet-loss robustness (Bpl) of a codec in one of its modes, each on its own scale. */
export interface Equipment {
  scale: Scale;
  ie: number;
  /** `null` where nobody tells: then only a stream without loss can be rated. */
  bpl: number | null;
  source: EquipmentSource;
  /** What the codec must hear beyond a packet before it can encode it, in ms. */
  lookAheadMs: number;
}

/** What a user says of a codec: one of its modes, and what goes before that mode's figures. */
export interface GivenEquipment {
  mode?: string;
  ie?: number;
  bpl?: number;
}
export type GivenEquipments = Readonly<Record<string, GivenEquipment | undefined>>;

/** Bpl of waveform codecs with and without the concealment of G.711, appendix I (G.113, appendix I). */
export const BPL = { plc: 25.1, none: 4.3 } as const;

/** Ie and Bpl of a mode. */
type Mode = readonly [ie: number, bpl: number | null];

interface Family {
  lookAheadMs: number;
  /** The mode that is taken where nothing tells. */
  usual: string;
  modes: Readonly<Record<string, Omit<Equipment, 'lookAheadMs'>>>;
}

function modes(scale: Scale, source: EquipmentSource, rows: Readonly<Record<string, Mode>>): Family['modes'] {
  return Object.fromEntries(Object.entries(rows).map(([mode, [ie, bpl]]) => [mode, { scale, ie, bpl, source }]));
}

/** Stands for the Bpl of the receiver's concealment, which the profile says (`media.plc`). */
const OF_RECEIVER = Number.NaN;

/**
 * The tables of G.113, by the encoding names of RTP, and what stands in where they have nothing. Narrowband: appendix I.
 * G.722, G.722.1 and AMR-WB: appendix IV, with one ear; its Bpl are of 12.65, 23.05 and 23.85 kbit/s, heard with both. EVS:
 * appendix V, super-wideband. Modes are named by kbit/s.
 */
const FAMILIES: Readonly<Record<string, Family>> = {
  PCMU: { lookAheadMs: 0, usual: '64', modes: modes('CQEN', 'G.113', { '64': [0, OF_RECEIVER] }) },
  PCMA: { lookAheadMs: 0, usual: '64', modes: modes('CQEN', 'G.113', { '64': [0, OF_RECEIVER] }) },
  'L16/8000': { lookAheadMs: 0, usual: '128', modes: modes('CQEN', 'as G.711', { '128': [0, OF_RECEIVER] }) },
  'L16/16000': { lookAheadMs: 0, usual: '256', modes: modes('CQEW', 'G.113 Ie', { '256': [0, 20] }) },
  G722: {
    lookAheadMs: 1.5,
    usual: '64',
    modes: modes('CQEW', 'G.113 Ie', { '64': [13, 20], '56': [20, null], '48': [31, null] }),
  },
  G7221: { lookAheadMs: 20, usual: '32', modes: modes('CQEW', 'G.113 Ie', { '32': [13, null], '24': [19, null] }) },
  G723: {
    lookAheadMs: 7.5,
    usual: '6.3',
    modes: {
      ...modes('CQEN', 'G.113', { '6.3': [15, 16.1] }),
      ...modes('CQEN', 'G.113 Ie', { '5.3': [19, null] }),
    },
  },
  'G726-40': { lookAheadMs: 0, usual: '40', modes: modes('CQEN', 'G.113 Ie', { '40': [2, null] }) },
  'G726-32': { lookAheadMs: 0, usual: '32', modes: modes('CQEN', 'G.113 Ie', { '32': [7, null] }) },
  'G726-24': { lookAheadMs: 0, usual: '24', modes: modes('CQEN', 'G.113 Ie', { '24': [25, null] }) },
  'G726-16': { lookAheadMs: 0, usual: '16', modes: modes('CQEN', 'G.113 Ie', { '16': [50, null] }) },
  G728: { lookAheadMs: 0, usual: '16', modes: modes('CQEN', 'G.113 Ie', { '16': [7, null], '12.8': [20, null] }) },
  G729: {
    lookAheadMs: 5,
    usual: 'A+VAD',
    modes: { ...modes('CQEN', 'G.113', { 'A+VAD': [11, 19] }), ...modes('CQEN', 'G.113 Ie', { '8': [10, null] }) },
  },
  GSM: { lookAheadMs: 0, usual: '13', modes: modes('CQEN', 'G.113 Ie', { '13': [20, null] }) },
  'GSM-EFR': { lookAheadMs: 0, usual: '12.2', modes: modes('CQEN', 'G.113', { '12.2': [5, 10] }) },
  'GSM-HR-08': { lookAheadMs: 4.4, usual: '5.6', modes: modes('CQEN', 'G.113 Ie', { '5.6': [23, null] }) },
  AMR: { lookAheadMs: 5, usual: '12.2', modes: modes('CQEN', 'as GSM-EFR', { '12.2': [5, 10] }) },
  'AMR-WB': {
    lookAheadMs: 5,
    usual: '12.65',
    modes: {
      ...modes('CQEW', 'G.113', { '12.65': [13, 4.3], '23.05': [1, 4.6], '23.85': [8, 4.9] }),
      ...modes('CQEW', 'G.113 Ie', {
        '6.6': [41, null],
        '8.85': [26, null],
        '14.25': [10, null],
        '15.85': [7, null],
        '18.25': [5, null],
        '19.85': [3, null],
      }),
      // Heard with both ears.
      ...modes('CQEW', 'G.113', {
        '12.65-diotic': [20, 4.3],
        '23.05-diotic': [8, 4.6],
        '23.85-diotic': [10, 4.9],
      }),
      ...modes('CQEW', 'G.113 Ie', {
        '6.6-diotic': [56, null],
        '8.85-diotic': [41, null],
        '15.85-diotic': [17, null],
      }),
    },
  },
  EVS: {
    lookAheadMs: 12,
    usual: '13.2',
    modes: modes('CQEF', 'G.113', {
      '9.6': [22.7, 13],
      '13.2': [17.1, 11.7],
      '16.4': [10.8, 10.3],
      '24.4': [7.2, 11.4],
      '32': [8.7, 9.3],
      '48': [10.2, 9.6],
    }),
  },
  // Each band on a scale of its own; Bpl of independent loss.
  opus: {
    lookAheadMs: 6.5,
    usual: 'SWB-CBR-25',
    modes: {
      ...modes('CQEN', 'fit', {
        'NB-CBR-6': [46.27, 8.94],
        'NB-CBR-8': [19.25, 15.13],
        'NB-CBR-10': [6.2, 15.33],
        'NB-CBR-11': [2.03, 15.95],
        'NB-VBR-6': [23, 24.56],
        'NB-VBR-9': [11.74, 18.91],
      }),
      ...modes('CQEW', 'fit', {
        'WB-CBR-12': [29.76, 24.81],
        'WB-CBR-15': [18.06, 18.74],
        'WB-VBR-11': [28.41, 23.94],
        'WB-VBR-13': [19.96, 19.5],
      }),
      ...modes('CQEF', 'fit', {
        'SWB-CBR-16': [36.88, 13.3],
        'SWB-CBR-25': [22.64, 10.57],
        'SWB-CBR-40': [15.9, 11.35],
        'SWB-VBR-14': [38.06, 16.51],
        'SWB-VBR-16': [30.16, 11.83],
        'SWB-VBR-19': [23.81, 10.67],
        'SWB-VBR-25': [20.21, 11.28],
        'SWB-VBR-31': [16.83, 10.44],
        'SWB-VBR-40': [10.67, 9.79],
      }),
    },
  },
};

/** The codecs of which figures are known, and the modes of each, the usual one first. */
export const RATED_CODECS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(FAMILIES).map(([codec, { usual, modes: all }]) => [
    codec,
    [usual, ...Object.keys(all).filter((mode) => mode !== usual)],
  ]),
);

/** The codecs of ours whose figures a profile may choose: the others are G.711 and what is rated as that. */
export const ADJUSTABLE_CODECS = [
  'G722',
  'opus',
  'G729',
  'AMR',
  'AMR-WB',
  'EVS',
] as const satisfies readonly CodecName[];

/**
 * What the E-model takes for a codec; `null` for one of which nothing is known.
 * @param receiverBpl Bpl of the receiver's concealment, for codecs that have none of their own
 * @param given what the user says of codecs, by their names
 */
export function equipmentOf(codec: string, receiverBpl: number, given: GivenEquipments = {}): Equipment | null {
  const family = FAMILIES[codec];
  if (family === undefined) return null;
  const said = given[codec];
  const usual = family.modes[said?.mode ?? family.usual];
  if (usual === undefined) return null;
  const bpl = said?.bpl ?? (Number.isNaN(usual.bpl) ? receiverBpl : usual.bpl);
  const source = said?.ie === undefined && said?.bpl === undefined ? usual.source : 'given';
  return { scale: usual.scale, ie: said?.ie ?? usual.ie, bpl, source, lookAheadMs: family.lookAheadMs };
}
