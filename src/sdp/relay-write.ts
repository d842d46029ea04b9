import type { RelayOptions } from './relay-options.js';
import type { LocalMedia, PartyMedia, PassedMedia, SeenByParty } from './relay-party.js';
import { familyOf, isRtp, type RelayCodec } from './relayed-media.js';
import { cryptoAttribute } from './sdes.js';
import { attributeName, attributeValue, type SdpText, writeSdpText } from './sdp-text.js';

/** Attributes that only mean something between the parties themselves. */
const TAKEN_OUT: ReadonlySet<string> = new Set([
  'candidate',
  'crypto',
  'end-of-candidates',
  'fingerprint',
  'ice-lite',
  'ice-mismatch',
  'ice-options',
  'ice-pwd',
  'ice-ufrag',
  'remote-candidates',
  'setup',
]);
const DIRECTIONS: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/**
 * Writes a description anew for its receiver.
 * @param isMuxFinal the description says how RTCP will go, and offers no choice
 */
export function writeRelayed(
  text: SdpText,
  passed: readonly PassedMedia[],
  locals: readonly LocalMedia[],
  options: RelayOptions,
  seen: SeenByParty,
  isMuxFinal: boolean,
): string {
  // That of the first medium stands for the session, even where it is a refused one.
  const address = options.mediaAddress ?? locals[0]?.address ?? null;
  const session: string[] = [];
  const replacesConnection =
    options.replaceSessionConnection || passed.some(({ hasOwnConnection }) => !hasOwnConnection);
  for (const line of text.session) {
    if (line.startsWith('o=')) session.push(originLine(line, address, options, seen));
    else if (line.startsWith('s=')) session.push(nameLine(line, options, seen));
    else if (line.startsWith('c=') && replacesConnection && address !== null)
      session.push(connectionLine(address, passed[0], options));
    else if (!isSessionLineTakenOut(line, options)) session.push(line);
  }
  if (options.mark !== null) session.push(options.mark);
  const sessionConnection = text.session.find((line) => line.startsWith('c='));
  const media = passed.map((medium, i) =>
    mediaLines(text.media[i], medium, locals[i], options, isMuxFinal, sessionConnection),
  );
  return versioned({ session, media }, options, seen);
}

function originLine(line: string, address: string | null, options: RelayOptions, seen: SeenByParty): string {
  const [username, id, version, network, family, host] = line.slice(2).split(' ');
  if (host === undefined) return line;
  seen.username ??= username;
  seen.version ??= /^\d{1,19}$/.test(version) && BigInt(version) > 0n ? BigInt(version) : 1n;
  const name = options.replaceUsername ? seen.username : username;
  const where = options.replaceOrigin && address !== null ? addressWords(address) : `${family} ${host}`;
  return `o=${name} ${id} ${version} ${network} ${where}`;
}

function nameLine(line: string, { replaceSessionName }: RelayOptions, seen: SeenByParty): string {
  seen.sessionName ??= line;
  return replaceSessionName ? seen.sessionName : line;
}

function isSessionLineTakenOut(line: string, { originalDirection, stripExtmap }: RelayOptions): boolean {
  const name = attributeName(line);
  if (name === null) return false;
  if (name === 'group') return /^BUNDLE\b/i.test(attributeValue(line));
  if (DIRECTIONS.has(name)) return !originalDirection;
  return TAKEN_OUT.has(name) ? name !== 'crypto' : name === 'extmap' && stripExtmap;
}

function mediaLines(
  lines: readonly string[],
  { receiver, isRelayed, hasOwnConnection }: PassedMedia,
  local: LocalMedia,
  options: RelayOptions,
  isMuxFinal: boolean,
  sessionConnection: string | undefined,
): string[] {
  if (receiver.isUntouched) {
    const needsConnection = !hasOwnConnection && sessionConnection !== undefined;
    return needsConnection ? [lines[0], sessionConnection, ...lines.slice(1)] : [...lines];
  }
  const written = [mediaLine(lines[0], receiver, local)];
  for (const line of lines.slice(1)) {
    if (line.startsWith('c=')) written.push(connectionLine(address(local, options), { receiver }, options));
    else if (!isMediaLineTakenOut(line, receiver, options)) written.push(line);
  }
  if (receiver.mid !== null) written.push(`a=mid:${receiver.mid}`);
  if (!isRelayed) return written;
  const speaksRtp = isRtp(receiver.protocol);
  if (speaksRtp) for (const codec of receiver.codecs) written.push(...codecLines(codec));
  if (!options.originalDirection) written.push(`a=${receiver.direction}`);
  if (speaksRtp) written.push(...rtcpLines(receiver, local, options, isMuxFinal));
  if (receiver.protocol.toUpperCase().startsWith('RTP/SAVP'))
    for (const key of receiver.keys.written) written.push(cryptoAttribute(key));
  if (speaksRtp && receiver.ptimeMs !== null) written.push(`a=ptime:${receiver.ptimeMs}`);
  return written;
}

/** A refused medium keeps its port 0. */
function mediaLine(line: string, { type, protocol, codecs, formats }: PartyMedia, local: LocalMedia): string {
  const [, port, said] = line.slice(2).split(' ');
  const list = isRtp(protocol) && codecs.length > 0 ? codecs.map((codec) => codec.payloadType).join(' ') : formats;
  const number = Number.parseInt(port, 10) === 0 ? port : String(local.rtpPort);
  return `m=${type} ${number} ${protocol === '' ? said : protocol} ${list}`.trimEnd();
}

function isMediaLineTakenOut(line: string, receiver: PartyMedia, options: RelayOptions): boolean {
  const name = attributeName(line);
  if (name === null) return false;
  if (DIRECTIONS.has(name)) return !options.originalDirection;
  switch (name) {
    case 'rtcp':
    case 'rtcp-mux':
    case 'mid':
      return true;
    case 'rtpmap':
    case 'fmtp':
      return receiver.codecs.length > 0;
    case 'rtcp-fb':
      return receiver.codecs.length > 0 && !attributeValue(line).startsWith('*');
    case 'ptime':
      return receiver.ptimeMs !== null;
    case 'extmap':
      return options.stripExtmap;
    default:
      return TAKEN_OUT.has(name);
  }
}

function codecLines({ payloadType, encoding, parameters, feedback }: RelayCodec): string[] {
  if (encoding === null) return [];
  const lines = [`a=rtpmap:${payloadType} ${encoding}`];
  if (parameters !== '') lines.push(`a=fmtp:${payloadType} ${parameters}`);
  for (const value of feedback) lines.push(`a=rtcp-fb:${payloadType} ${value}`);
  return lines;
}

function rtcpLines({ rtcpMux }: PartyMedia, local: LocalMedia, options: RelayOptions, isMuxFinal: boolean): string[] {
  const port = rtcpMux && isMuxFinal ? local.rtpPort : local.rtcpPort;
  const full = options.rtcpAttribute === 'full' ? ` IN ${addressWords(address(local, options))}` : '';
  const lines = options.rtcpAttribute === 'none' ? [] : [`a=rtcp:${port}${full}`];
  if (rtcpMux) lines.push('a=rtcp-mux');
  return lines;
}

function address({ address }: LocalMedia, { mediaAddress }: RelayOptions): string {
  return mediaAddress ?? address;
}

/** Who holds by an address of zeros is understood by the receiver as well. */
function connectionLine(
  address: string,
  { receiver }: Pick<PassedMedia, 'receiver'>,
  { mediaAddress }: RelayOptions,
): string {
  if (!receiver.isZeroed || mediaAddress !== null) return `c=IN ${addressWords(address)}`;
  return `c=IN ${familyOf(address)} ${familyOf(address) === 'IP4' ? '0.0.0.0' : '::'}`;
}

function addressWords(address: string): string {
  return `${familyOf(address)} ${address}`;
}

/** With its version counted: one higher than before wherever anything differs. */
function versioned(text: SdpText, { replaceVersion }: RelayOptions, seen: SeenByParty): string {
  if (!replaceVersion || seen.version === null) return writeSdpText(text);
  const same = writeSdpText(withVersion(text, seen.version));
  if (seen.written === '' || seen.written === same) {
    seen.written = same;
    return same;
  }
  seen.version++;
  seen.written = writeSdpText(withVersion(text, seen.version));
  return seen.written;
}

function withVersion({ session, media }: SdpText, version: bigint): SdpText {
  const counted = session.map((line) =>
    line.startsWith('o=') ? line.replace(/^(o=\S+ \S+) \S+/, `$1 ${version}`) : line,
  );
  return { session: counted, media };
}
