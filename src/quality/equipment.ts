/**
 * Equipment impairment (Ie) and packet-loss robustness (Bpl) on the narrowband scale, ITU-T G.113, Appendix I. Codecs
 * without a published figure are absent: none is guessed.
 */
export interface Equipment {
  codec: string;
  ie: number;
  bpl: number;
}

export const EQUIPMENT = {
  /** G.711 without concealment of lost packets. */
  'G.711': { codec: 'G.711', ie: 0, bpl: 4.3 },
  /** G.711 with the concealment of its Appendix I. */
  'G.711+PLC': { codec: 'G.711', ie: 0, bpl: 25.1 },
  'G.729A+VAD': { codec: 'G.729A', ie: 11, bpl: 19 },
  'G.723.1-6.3+VAD': { codec: 'G.723.1', ie: 15, bpl: 16.1 },
  'GSM-EFR': { codec: 'GSM-EFR', ie: 5, bpl: 10 },
} as const satisfies Record<string, Equipment>;
