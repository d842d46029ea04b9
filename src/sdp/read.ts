import { parse } from 'sdp-transform';
import type { CodecName } from '../core/codecs.js';
import { rtcpPortOf } from '../rtp/rtcp-port.js';
import { COMFORT_NOISE, codecOf, STATIC_ENCODINGS } from './codecs.js';
import type { Direction } from './direction.js';
import type { CryptoLine } from './sdes.js';

/** What the far end's description says of its audio stream. */
export interface RemoteMedia {
  /** Profile of the m= line, such as RTP/AVP. */
  protocol: string;
  /** Its a=crypto attributes, in its order. */
  crypto: readonly CryptoLine[];
  address: string;
  /** 0 when the stream was refused. */
  port: number;
  /** Codecs that we know, in the far end's order, with the far end's payload types. */
  codecs: { name: CodecName; payloadType: number }[];
  /** All encodings as written, for the record of a mismatch. */
  encodings: string[];
  /** Payload type of telephone-event by its clock rate. */
  eventPayloadTypes: Record<number, number>;
  /** Payload type of comfort noise at 8 kHz (RFC 3389); `null` where it takes none. */
  comfortPayloadType: number | null;
  /** Packet interval that the far end would like to get, and the longest that it takes; in ms, where they are given. */
  ptimeMs: number | null;
  maxptimeMs: number | null;
  direction: Direction;
  /** Where it takes RTCP: the port above that of RTP unless it says otherwise (RFC 3605); port 0 for nowhere. */
  rtcp: { address: string; port: number };
  /** It can take RTCP on the port of RTP (RFC 5761, section 5.1). */
  rtcpMux: boolean;
  /** The SSRCs that it says it sends with (RFC 5576); none where it says nothing. */
  ssrcs: number[];
  /** Its other streams. */
  others: OtherStreams;
}

/** Streams before and after the one that is spoken of, each as the m= line that refuses it (RFC 3264 6). */
export interface OtherStreams {
  before: readonly string[];
  after: readonly string[];
}

export const NO_OTHERS: OtherStreams = { before: [], after: [] };

/** Descriptions are remembered up to so many; then the memory starts anew. */
const MAX_KNOWN = 1024;
const known = new Map<string, RemoteMedia | null>();

/**
 * The parts of a plain description but for what differs from call to call: the o= line, and the port of its one stream. Up to the
 * o= line, from it to the port, the port, the rest.
 */
const PLAIN =
  /^(v=0\r\n)o=[^\r\n]*(\r\n(?:[^m\r\n][^\r\n]*\r\n)*m=audio )(0|[1-9]\d{0,4})( [^\r\n]*\r\n(?:[^m\r\n][^\r\n]*\r\n)*)$/;
/** Attributes that say more of the one call: keys, another port, sources. */
const OF_ONE_CALL = /^a=(?:crypto|rtcp|ssrc)[:]/m;

/**
 * Reads the first audio stream of a description that is not refused; `null` when there is none or the text is no SDP. A far end describes
 * all its calls alike, so what it said of one holds for the next; what is returned must not be changed.
 */
export function readDescription(text: string, isSpoken = (_protocol: string) => true): RemoteMedia | null {
  const plain = OF_ONE_CALL.test(text) ? null : PLAIN.exec(text);
  if (plain === null) return parseDescription(text, isSpoken);
  const port = Number(plain[3]);
  if (!isPort(port)) return null;
  const template = plain[2] + plain[4];
  let media = known.get(template);
  if (media === undefined) {
    media = parseDescription(text, isSpoken);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(template, media);
  }
  if (media === null || media.port === port) return media;
  return { ...media, port, rtcp: { address: media.rtcp.address, port: rtcpPortOf(port) } };
}

function parseDescription(text: string, isSpoken: (protocol: string) => boolean): RemoteMedia | null {
  let session: ReturnType<typeof parse>;
  try {
    session = parse(text);
  } catch {
    return null;
  }
  const streams = session.media ?? [];
  const audios = streams.filter(({ type }) => type === 'audio');
  const wanted = audios.filter(({ port }) => port !== 0);
  const audio = wanted.find(({ protocol }) => isSpoken(String(protocol))) ?? wanted[0] ?? audios[0];
  if (audio === undefined) return null;
  // What is all digits comes as a number from sdp-transform, whatever it is.
  const address = String(audio.connection?.ip ?? session.connection?.ip ?? '');
  if (address === '' || !isPort(audio.port)) return null;

  const written = new Map<number, string>();
  for (const { payload, codec, rate, encoding } of audio.rtp ?? []) {
    const channels = encoding === undefined ? '' : `/${encoding}`;
    written.set(payload, `${codec}/${rate ?? 8000}${channels}`);
  }
  const codecs: RemoteMedia['codecs'] = [];
  const encodings: string[] = [];
  const eventPayloadTypes: RemoteMedia['eventPayloadTypes'] = {};
  let comfortPayloadType: number | null = null;
  for (const token of String(audio.payloads ?? '').split(' ')) {
    const payloadType = Number(token);
    if (token === '' || !isPayloadType(payloadType)) continue;
    const encoding = written.get(payloadType) ?? STATIC_ENCODINGS.get(payloadType) ?? `unknown-${payloadType}`;
    encodings.push(encoding);
    const event = /^telephone-event\/(\d+)$/i.exec(encoding);
    const name = codecOf(encoding);
    if (encoding.toUpperCase() === COMFORT_NOISE) comfortPayloadType ??= payloadType;
    if (event) eventPayloadTypes[Number(event[1])] ??= payloadType;
    else if (name !== null) codecs.push({ name, payloadType });
  }
  const direction = (audio.direction ?? session.direction ?? 'sendrecv') as Direction;
  return {
    protocol: String(audio.protocol),
    crypto: (audio.crypto ?? []).map(({ id, suite, config, sessionConfig }) => ({
      id,
      suite: String(suite),
      config: String(config),
      sessionConfig: String(sessionConfig ?? ''),
    })),
    address,
    port: audio.port,
    codecs,
    encodings,
    eventPayloadTypes,
    comfortPayloadType,
    ptimeMs: positive(audio.ptime),
    maxptimeMs: positive(audio.maxptime),
    direction,
    rtcp: rtcpOf(audio.rtcp, address, audio.port),
    rtcpMux: audio.rtcpMux !== undefined,
    ssrcs: ssrcsOf(audio.ssrcs),
    others: streams.length === 1 ? NO_OTHERS : othersOf(streams, streams.indexOf(audio)),
  };
}

type Stream = ReturnType<typeof parse>['media'][number];

function othersOf(streams: readonly Stream[], at: number): OtherStreams {
  return { before: streams.slice(0, at).map(refused), after: streams.slice(at + 1).map(refused) };
}

/** What cannot be read of an m= line is left as a refused audio stream: its place counts. */
function refused({ type = 'audio', protocol, payloads }: Stream): string {
  const [transport, formats] = [String(protocol ?? ''), String(payloads ?? '')];
  return `m=${type} 0 ${transport === '' ? 'RTP/AVP' : transport} ${formats === '' ? '0' : formats}\r\n`;
}

function rtcpOf(
  written: { port: number; address?: string } | undefined,
  address: string,
  port: number,
): RemoteMedia['rtcp'] {
  if (written === undefined || !isPort(written.port) || written.port === 0) return { address, port: rtcpPortOf(port) };
  return { address: String(written.address ?? address), port: written.port };
}

const MOST_PORT = 65_535;

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_PORT;
}

function isPayloadType(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 127;
}

function ssrcsOf(attributes: readonly { id: number | string }[] = []): number[] {
  const ssrcs = attributes.map(({ id }) => Number(id));
  return [...new Set(ssrcs.filter((ssrc) => Number.isInteger(ssrc) && ssrc >= 0 && ssrc <= 0xffffffff))];
}

function positive(value: unknown): number | null {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : null;
}
