import { CODECS, type CodecName } from '../core/codecs.js';
import { COMFORT_NOISE, COMFORT_NOISE_TYPE, EVENT_PAYLOAD_TYPES } from './codecs.js';
import type { Direction } from './direction.js';
import { NO_OTHERS, type OtherStreams } from './read.js';
import { cryptoAttribute, type SdesKey } from './sdes.js';

/** How a description says that its RTP is carried: the profile of the m= line, and keys. */
export interface Carriage {
  protocol: string;
  keys: readonly SdesKey[];
}

/** RTP without protection. */
export const IN_CLEAR: Carriage = { protocol: 'RTP/AVP', keys: [] };

export interface LocalMedia {
  address: string;
  port: number;
  ptimeMs: number;
  /** Session id of the o= line. */
  sessionId: number;
  /** RTCP may go over the port of RTP (RFC 5761). */
  rtcpMux?: boolean;
  /** What we send with, where the far end has to know beforehand (RFC 5576): SSRC, and CNAME of our RTCP. */
  source?: { ssrc: number; cname: string };
  /** In clear when it is left out. */
  carriage?: Carriage;
  /** What the far end offered besides, and had refused; nothing when it is left out. */
  others?: OtherStreams;
}

/** One codec line of a description: static codecs need no rtpmap, but every peer likes to see one. */
export interface Format {
  payloadType: number;
  encoding: string;
  fmtp?: string;
}

/** The longest packet interval that we take. */
const MAX_PTIME_MS = 60;

/** The formats that an offer of these codecs lists, then comfort noise, and telephone-event at each of their clocks. */
export function offeredFormats(codecs: readonly CodecName[], comfortNoise = false): readonly Format[] {
  const known = offered[Number(comfortNoise)].get(codecs);
  if (known) return known;
  const formats = formatsOf(codecs, comfortNoise);
  offered[Number(comfortNoise)].set(codecs, formats);
  return formats;
}

/** Of lists of codecs that stay the same for all calls; without comfort noise and with it. */
const offered = [
  new WeakMap<readonly CodecName[], readonly Format[]>(),
  new WeakMap<readonly CodecName[], readonly Format[]>(),
];

function formatsOf(codecs: readonly CodecName[], comfortNoise: boolean): Format[] {
  const formats: Format[] = codecs.map((name) => formatOf(name, CODECS[name].payloadType));
  const clocks = new Set(codecs.map((name) => CODECS[name].clockRate));
  if (comfortNoise && clocks.has(8000)) formats.push({ payloadType: COMFORT_NOISE_TYPE, encoding: COMFORT_NOISE });
  for (const clock of clocks) formats.push(eventFormat(EVENT_PAYLOAD_TYPES[clock], clock));
  return formats;
}

/** A codec under a payload type. */
export function formatOf(codec: CodecName, payloadType: number): Format {
  const { encoding, fmtp } = CODECS[codec];
  return fmtp === null ? { payloadType, encoding } : { payloadType, encoding, fmtp };
}

export function eventFormat(payloadType: number, clockRate: number): Format {
  return { payloadType, encoding: `telephone-event/${clockRate}`, fmtp: '0-15' };
}

const written = new WeakMap<readonly Format[], string>();

/** The payload types of formats, which end an m= line, and their attributes. */
function linesOf(formats: readonly Format[]): string {
  let lines = written.get(formats);
  if (lines !== undefined) return lines;
  lines = '';
  for (const format of formats) lines += ` ${format.payloadType}`;
  lines += '\r\n';
  for (const format of formats) {
    lines += `a=rtpmap:${format.payloadType} ${format.encoding}\r\n`;
    if (format.fmtp) lines += `a=fmtp:${format.payloadType} ${format.fmtp}\r\n`;
  }
  written.set(formats, lines);
  return lines;
}

/** A session description with one audio stream, and others refused in their places (RFC 8866, RFC 3264). */
export function writeDescription(
  media: LocalMedia,
  formats: readonly Format[],
  direction: Direction = 'sendrecv',
  version = 1,
): string {
  const { protocol, keys } = media.carriage ?? IN_CLEAR;
  const { before, after } = media.others ?? NO_OTHERS;
  const family = media.address.includes(':') ? 'IP6' : 'IP4';
  let text =
    `v=0\r\no=trunkstorm ${media.sessionId} ${version} IN ${family} ${media.address}\r\ns=-\r\n` +
    `c=IN ${family} ${media.address}\r\nt=0 0\r\n${before.join('')}m=audio ${media.port} ${protocol}`;
  text += linesOf(formats);
  for (const key of keys) text += `${cryptoAttribute(key)}\r\n`;
  text += `a=ptime:${media.ptimeMs}\r\na=maxptime:${MAX_PTIME_MS}\r\na=${direction}\r\n`;
  if (media.rtcpMux) text += 'a=rtcp-mux\r\n';
  if (media.source) text += `a=ssrc:${media.source.ssrc} cname:${media.source.cname}\r\n`;
  for (const line of after) text += line;
  return text;
}
