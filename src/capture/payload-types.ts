import type { CodecName } from '../core/codecs.js';
import { RATED_CODECS } from '../quality/equipment.js';
import { codecOf, STATIC_ENCODINGS } from '../sdp/codecs.js';
import type { Described } from './descriptions.js';
import type { Candidate } from './survey.js';

/** From where it is known what a payload type means. */
export type EncodingSource =
  /** Given by the user. */
  | 'given'
  /** A description within the capture. */
  | 'sdp'
  /** RFC 3551's table. */
  | 'static'
  /** 101 with payloads of four octets, which nearly everybody uses for telephone-event, and other tools take for it. */
  | 'convention';

export interface PayloadTypeReport {
  payloadType: number;
  packets: number;
  /** As in a=rtpmap; `null` where nothing tells. */
  encoding: string | null;
  known: EncodingSource | null;
}

/** What a stream's payload types mean, as far as that is known. */
export interface Payloads {
  types: PayloadTypeReport[];
  /** The audio or video encoding of most packets, `null` where it is not known. */
  main: PayloadTypeReport | null;
  /** RTP clock in Hz of the main encoding. */
  clockRate: number | null;
  /** What the levels take it for; `null` for one that we do not speak. */
  codec: CodecName | null;
  /** What the E-model takes it for; `null` for one that it has nothing of. */
  ratedAs: string | null;
}

const CONVENTIONAL_EVENT_TYPE = 101;

/** @param given payload type → encoding, which goes before everything else */
export function payloadsOf(
  candidate: Candidate,
  described: Described | null,
  given: ReadonlyMap<number, string>,
): Payloads {
  const types = [...candidate.payloadTypes].map(([payloadType, { packets, couldBeEvent }]) => ({
    payloadType,
    packets,
    ...meaningOf(payloadType, couldBeEvent, described, given),
  }));
  types.sort((a, b) => b.packets - a.packets);
  const main = types.find(({ encoding }) => encoding === null || !isSide(encoding)) ?? null;
  const encoding = main?.encoding ?? null;
  return {
    types,
    main,
    clockRate: encoding === null ? null : clockRateOf(encoding),
    codec: encoding === null ? null : codecOf(encoding),
    ratedAs: encoding === null ? null : ratedAs(encoding),
  };
}

/** The E-model's name of an encoding. Those that we do not speak are known at the clock of their band only. */
function ratedAs(encoding: string): string | null {
  const [name, clock] = encoding.toUpperCase().split('/');
  const spoken = codecOf(encoding);
  if (spoken !== null) return spoken;
  return Object.hasOwn(RATED_CODECS, name) && clock === (name === 'G7221' ? '16000' : '8000') ? name : null;
}

function meaningOf(
  payloadType: number,
  couldBeEvent: boolean,
  described: Described | null,
  given: ReadonlyMap<number, string>,
): Pick<PayloadTypeReport, 'encoding' | 'known'> {
  const byUser = given.get(payloadType);
  if (byUser !== undefined) return { encoding: byUser, known: 'given' };
  const bySdp = described?.encodings.get(payloadType);
  if (bySdp !== undefined) return { encoding: bySdp, known: 'sdp' };
  const byTable = STATIC_ENCODINGS.get(payloadType);
  if (byTable !== undefined) return { encoding: byTable, known: 'static' };
  if (payloadType === CONVENTIONAL_EVENT_TYPE && couldBeEvent)
    return { encoding: 'telephone-event/8000', known: 'convention' };
  return { encoding: null, known: null };
}

/** Whether it goes beside audio: digits and comfort noise. */
export function isSide(encoding: string): boolean {
  return isEvent(encoding) || isComfortNoise(encoding);
}

export function isEvent(encoding: string): boolean {
  return /^telephone-event\//i.test(encoding);
}

export function isComfortNoise(encoding: string): boolean {
  return /^CN\//i.test(encoding);
}

function clockRateOf(encoding: string): number | null {
  const rate = Number(encoding.split('/')[1]);
  return Number.isInteger(rate) && rate > 0 ? rate : null;
}
