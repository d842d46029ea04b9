import { isIP } from 'node:net';
import { codecOf, STATIC_ENCODINGS } from './codecs.js';
import type { Direction } from './direction.js';
import type { CryptoLine } from './sdes.js';
import { attributeName, attributeValue, type SdpText } from './sdp-text.js';

export type AddressFamily = 'IP4' | 'IP6';

export interface MediaAddress {
  address: string;
  port: number;
}

/** One format of an RTP medium. */
export interface RelayCodec {
  payloadType: number;
  /** As in a=rtpmap, or by RFC 3551; `null` where neither says. */
  encoding: string | null;
  /** Of a=fmtp; empty where there is none. */
  parameters: string;
  /** Of a=rtcp-fb, in its order. */
  feedback: string[];
}

/** What an m= section says that a relay has to know. */
export interface RelayedMedia {
  type: string;
  /** 0 when the stream is refused. */
  port: number;
  /** As written, such as RTP/AVP. */
  protocol: string;
  /** The formats as written, for what is no RTP. */
  formats: string;
  codecs: RelayCodec[];
  /** One of its RTP formats is no payload type. */
  hasImpossibleFormat: boolean;
  /** Of its own c= line, or of the session's; `null` where neither is there. */
  address: string | null;
  /** It has a c= line of its own. */
  hasOwnConnection: boolean;
  /** Of a=rtcp (RFC 3605); `address` is `null` where that does not say. */
  rtcp: { address: string | null; port: number } | null;
  rtcpMux: boolean;
  direction: Direction;
  /** Of a=ptime, in ms; `null` where there is none. */
  ptimeMs: number | null;
  mid: string | null;
  crypto: CryptoLine[];
}

/** Payloads that are no codec of ours and that impairments know. */
const OTHER_NAMES: readonly string[] = ['telephone-event', 'CN'];

const DIRECTIONS: readonly Direction[] = ['recvonly', 'sendonly', 'inactive'];

/**
 * What the payload types mean, by the names that impairments know: those of our codecs as we write them, `telephone-event`, `CN`;
 * others by the name of their encoding.
 */
export function payloadTypeNames(codecs: readonly RelayCodec[]): Record<number, string> {
  const names: Record<number, string> = {};
  for (const { payloadType, encoding } of codecs) if (encoding !== null) names[payloadType] = nameOf(encoding);
  return names;
}

function nameOf(encoding: string): string {
  const [name] = encoding.split('/');
  return codecOf(encoding) ?? OTHER_NAMES.find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
}

/** RTP clock of the first codec, in Hz; `null` where none says it. */
export function rtpClockOf(codecs: readonly RelayCodec[]): number | null {
  const rate = Number(/^[^/]+\/(\d{1,6})/.exec(codecs[0]?.encoding ?? '')?.[1] ?? 0);
  return rate > 0 ? rate : null;
}

/** Reads every m= section; `null` where one of them, or an address, cannot be made out. */
export function readRelayedMedia(text: SdpText): RelayedMedia[] | null {
  const session = connectionOf(text.session);
  if (session === undefined) return null;
  const media: RelayedMedia[] = [];
  for (const lines of text.media) {
    const own = connectionOf(lines);
    const head = /^m=(\S+) (\d{1,5})(?:\/(\d{1,5}))? (\S+)(?: (.*))?$/.exec(lines[0]);
    if (own === undefined || !head || Number(head[2]) > 65_535) return null;
    const read = readMedia(head, lines, text.session, own ?? session);
    media.push({ ...read, hasOwnConnection: own !== null });
  }
  return media;
}

function readMedia(
  [, type, port, , protocol, formats = '']: RegExpExecArray,
  lines: readonly string[],
  session: readonly string[],
  address: string | null,
): Omit<RelayedMedia, 'hasOwnConnection'> {
  const values = (name: string): string[] =>
    lines.filter((line) => attributeName(line) === name).map((line) => attributeValue(line));
  const [rtcp] = values('rtcp');
  const [ptime] = values('ptime');
  const [mid] = values('mid');
  const codecs = isRtp(protocol) ? codecsOf(formats, values) : [];
  const rtcpOf = rtcp === undefined ? null : rtcpAttribute(rtcp);
  return {
    type,
    port: Number(port),
    protocol,
    formats,
    codecs: codecs ?? [],
    hasImpossibleFormat: codecs === null,
    address,
    rtcp: rtcpOf,
    // RTCP said to be on the port of RTP is the same.
    rtcpMux: values('rtcp-mux').length > 0 || (rtcpOf !== null && rtcpOf.port === Number(port)),
    direction: directionOf(lines) ?? directionOf(session) ?? 'sendrecv',
    ptimeMs: Number.parseInt(ptime ?? '', 10) || null,
    mid: mid ?? null,
    crypto: values('crypto').map(cryptoLine),
  };
}

/** The address of a c= line; `null` where there is none, `undefined` where it is none or has no such address. */
function connectionOf(lines: readonly string[]): string | null | undefined {
  const line = lines.find((one) => one.startsWith('c='));
  if (line === undefined) return null;
  const match = /^c=IN (IP[46]) ([^ /]+)/i.exec(line);
  return match && isIP(match[2]) === Number(match[1][2]) ? match[2] : undefined;
}

/** Formats with what the attributes say of them; the last word of several holds. `null` for a format that cannot be, or more than there are. */
function codecsOf(formats: string, values: (name: string) => string[]): RelayCodec[] | null {
  const encodings = new Map<number, string>();
  const parameters = new Map<number, string>();
  const feedback = new Map<number, string[]>();
  for (const [payloadType, value] of values('rtpmap').map(numbered)) encodings.set(payloadType, value);
  for (const [payloadType, value] of values('fmtp').map(numbered)) parameters.set(payloadType, value);
  for (const [payloadType, value] of values('rtcp-fb').map(numbered))
    feedback.set(payloadType, [...(feedback.get(payloadType) ?? []), value]);
  const codecs: RelayCodec[] = [];
  for (const format of formats.split(' ')) {
    if (format === '') continue;
    const payloadType = /^\d{1,3}$/.test(format) ? Number(format) : 128;
    if (payloadType > 127 || codecs.length > 127) return null;
    codecs.push({
      payloadType,
      encoding: encodings.get(payloadType) ?? STATIC_ENCODINGS.get(payloadType) ?? null,
      parameters: parameters.get(payloadType) ?? '',
      feedback: feedback.get(payloadType) ?? [],
    });
  }
  return codecs;
}

/** `96 rest`; a number that cannot be found again for what does not start with one. */
function numbered(value: string): [number, string] {
  const match = /^(\d{1,3}) +(.*)$/.exec(value);
  return match ? [Number(match[1]), match[2]] : [-1, ''];
}

function rtcpAttribute(value: string): RelayedMedia['rtcp'] {
  const match = /^(\d{1,5})(?: IN IP[46] (\S+))?/i.exec(value);
  const port = Number(match?.[1]);
  if (!match || port === 0 || port > 65_535) return null;
  const address = match[2] !== undefined && isIP(match[2]) > 0 ? match[2] : null;
  return { address, port };
}

function directionOf(lines: readonly string[]): Direction | null {
  const names = new Set(lines.map(attributeName));
  return DIRECTIONS.find((direction) => names.has(direction)) ?? (names.has('sendrecv') ? 'sendrecv' : null);
}

function cryptoLine(value: string): CryptoLine {
  const [id, suite = '', config = '', ...session] = value.split(' ');
  return { id: Number(id), suite, config, sessionConfig: session.join(' ') };
}

/** Transport protocols that carry RTP, and whether they protect it by keys in the description or by DTLS. */
const RTP_PROTOCOLS: Readonly<Record<string, 'none' | 'sdes' | 'dtls'>> = {
  'RTP/AVP': 'none',
  'RTP/AVPF': 'none',
  'RTP/SAVP': 'sdes',
  'RTP/SAVPF': 'sdes',
  'UDP/TLS/RTP/SAVP': 'dtls',
  'UDP/TLS/RTP/SAVPF': 'dtls',
};

/** How a transport protocol protects RTP; `null` for one that carries none. */
export function protectionOf(protocol: string): 'none' | 'sdes' | 'dtls' | null {
  const name = protocol.toUpperCase();
  return Object.hasOwn(RTP_PROTOCOLS, name) ? RTP_PROTOCOLS[name] : null;
}

export function isRtp(protocol: string): boolean {
  return protectionOf(protocol) !== null;
}

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'IP6' : 'IP4';
}

/** The address that means none (RFC 3264, section 8.4: an old way to put on hold). */
export function isUnspecified(address: string): boolean {
  return /^[0.:]+$/.test(address);
}
