import type { CodecName, OpaqueCodec } from '../core/codecs.js';

/** The scale of a rating: narrowband, wideband, fullband (ITU-T P.800.1). Figures of two scales are never mixed. */
export type Scale = 'CQEN' | 'CQEW' | 'CQEF';

/** Equipment impairment (Ie) and packet-loss robustness (Bpl) of a codec, each on its own scale. */
export interface Equipment {
  scale: Scale;
  ie: number;
  /** `null` where the receiver's concealment decides, which the profile says (`media.plc`). */
  bpl: number | null;
}

/** What a profile says of a codec in place of what the ITU does, on the scale of its band. */
export type KnownEquipment = Partial<Record<OpaqueCodec, { ie: number; bpl: number }>>;

/** Bpl of waveform codecs with and without the concealment of G.711, appendix I (G.113, appendix I). */
export const BPL = { plc: 25.1, none: 4.3 } as const;

/**
 * What the E-model takes for the codecs that we speak. G.711: G.113, appendix I. L16 at 8 kHz is rated as G.711, whose
 * concealment it may have. G.722 at 64 kbit/s: Ie of G.113, appendix IV; the ITU has no Bpl for it nor for wideband PCM,
 * 20 is what other tools use. Opus: no ITU figure at all; these are of a fit to POLQA at 25 kbit/s, constant rate. G.729: annex
 * A with silence suppression, G.113, appendix I. AMR: at 12.2 kbit/s, that of GSM-EFR, the same algorithm. AMR-WB: at 12.65
 * kbit/s, G.113, appendix IV. EVS: super-wideband at 13.2 kbit/s, G.113, appendix V. Other modes of these are not known here.
 */
export const EQUIPMENT: Readonly<Record<CodecName, Equipment>> = {
  PCMU: { scale: 'CQEN', ie: 0, bpl: null },
  PCMA: { scale: 'CQEN', ie: 0, bpl: null },
  'L16/8000': { scale: 'CQEN', ie: 0, bpl: null },
  'L16/16000': { scale: 'CQEW', ie: 0, bpl: 20 },
  G722: { scale: 'CQEW', ie: 13, bpl: 20 },
  opus: { scale: 'CQEF', ie: 22.64, bpl: 10.57 },
  G729: { scale: 'CQEN', ie: 11, bpl: 19 },
  AMR: { scale: 'CQEN', ie: 5, bpl: 10 },
  'AMR-WB': { scale: 'CQEW', ie: 13, bpl: 4.3 },
  EVS: { scale: 'CQEF', ie: 17.1, bpl: 11.7 },
};
