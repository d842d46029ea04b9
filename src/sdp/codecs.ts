import { CODEC_NAMES, CODECS, type CodecName } from '../core/codecs.js';

/** Payload types that our own offers give telephone-event (RFC 4733), one for each clock that a codec may have. */
export const EVENT_PAYLOAD_TYPES: Readonly<Record<number, number>> = { 8000: 101, 16000: 102, 48000: 110 };

/** Payload type of comfort noise at 8 kHz (RFC 3389, section 4). */
export const COMFORT_NOISE_TYPE = 13;
export const COMFORT_NOISE = 'CN/8000';

/** Static payload types that a description may leave without an rtpmap (RFC 3551, table 4). */
export const STATIC_ENCODINGS: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU/8000'],
  [3, 'GSM/8000'],
  [4, 'G723/8000'],
  [8, 'PCMA/8000'],
  [9, 'G722/8000'],
  [10, 'L16/44100/2'],
  [11, 'L16/44100'],
  [13, 'CN/8000'],
  [15, 'G728/8000'],
  [18, 'G729/8000'],
]);

const NAMES = new Map<string, CodecName>(CODEC_NAMES.map((name) => [CODECS[name].encoding.toUpperCase(), name]));

/** Our codec of an encoding as in a=rtpmap; `null` for one that we do not speak. One channel need not be said. */
export function codecOf(encoding: string): CodecName | null {
  return NAMES.get(encoding.toUpperCase().replace(/\/1$/, '')) ?? null;
}
