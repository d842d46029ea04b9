import type { CodecName, DecodedCodec } from '../core/codecs.js';

/** Payload types that are accepted, and what each carries. */
export type AcceptedPayloads = Record<number, CodecName | 'telephone-event' | 'CN'>;

/** What a payload type carries, as a number that is compared for every packet. */
export const Payload = {
  undecodable: 0,
  pcmu: 1,
  pcma: 2,
  event: 3,
  comfortNoise: 4,
  g722: 5,
  l16: 6,
  l16Wide: 7,
  opus: 8,
  g729: 9,
  amr: 10,
  amrWide: 11,
  evs: 12,
  g722Unmeasured: 13,
  opusUnmeasured: 14,
} as const;

const PAYLOAD_OF = {
  PCMU: Payload.pcmu,
  PCMA: Payload.pcma,
  G722: Payload.g722,
  'L16/8000': Payload.l16,
  'L16/16000': Payload.l16Wide,
  opus: Payload.opus,
  G729: Payload.g729,
  AMR: Payload.amr,
  'AMR-WB': Payload.amrWide,
  EVS: Payload.evs,
  'telephone-event': Payload.event,
  CN: Payload.comfortNoise,
} as const;

/** The codecs whose packets have to be decoded for their level to be known. */
export const DECODED: Readonly<Record<number, Exclude<DecodedCodec, 'PCMU' | 'PCMA'>>> = {
  [Payload.g722]: 'G722',
  [Payload.l16]: 'L16/8000',
  [Payload.l16Wide]: 'L16/16000',
  [Payload.opus]: 'opus',
};

/** The codecs whose level is not known: nobody here can decode them, or shall. */
export const UNMEASURED: Readonly<Record<number, CodecName>> = {
  [Payload.g729]: 'G729',
  [Payload.amr]: 'AMR',
  [Payload.amrWide]: 'AMR-WB',
  [Payload.evs]: 'EVS',
  [Payload.g722Unmeasured]: 'G722',
  [Payload.opusUnmeasured]: 'opus',
};

/** What decoding costs most, where its level is not asked for. */
const NOT_DECODED: Readonly<Record<number, number>> = {
  [Payload.g722]: Payload.g722Unmeasured,
  [Payload.opus]: Payload.opusUnmeasured,
};

const PAYLOAD_TYPES = 128;
const tables = new Map<string, Uint8Array>();

/**
 * What each payload type carries: one table for all streams that accept the same, so that it stays in the cache.
 * @param measuresLevels whether G.722 and Opus are decoded for their level
 */
export function kindsOf(accepted: AcceptedPayloads, measuresLevels: boolean): Uint8Array {
  const key = `${measuresLevels} ${JSON.stringify(accepted)}`;
  const known = tables.get(key);
  if (known) return known;
  const kinds = new Uint8Array(PAYLOAD_TYPES).fill(Payload.undecodable);
  for (const [type, name] of Object.entries(accepted)) {
    const kind = PAYLOAD_OF[name];
    kinds[Number(type)] = measuresLevels ? kind : (NOT_DECODED[kind] ?? kind);
  }
  tables.set(key, kinds);
  return kinds;
}

/** Whether it is audio, which has a level or not but comes at the times of its timestamps. */
export function isAudio(kind: number): boolean {
  return kind === Payload.pcmu || kind === Payload.pcma || kind >= Payload.g722;
}
