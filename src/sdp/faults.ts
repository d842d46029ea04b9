import { STATIC_ENCODINGS } from './codecs.js';
import type { SdpFault } from './fault-spec.js';
import { attributeName, attributeValue, readSdpText, type SdpText, writeSdpText } from './sdp-text.js';

const DIRECTIONS: ReadonlySet<string | null> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
/** Attributes that begin with the payload type that they are about. */
const OF_A_FORMAT: ReadonlySet<string | null> = new Set(['rtpmap', 'fmtp', 'rtcp-fb']);

/** A description with faults in each of its audio streams, one after the other; a text that is none comes back as it is. */
export function withSdpFaults(text: string, faults: readonly SdpFault[]): string {
  if (faults.length === 0) return text;
  const description = readSdpText(text);
  if (description === null) return text;
  for (const fault of faults) apply(fault, description);
  return writeSdpText(description);
}

function apply(fault: SdpFault, description: SdpText): void {
  const { session, media } = description;
  const audio = media.flatMap((lines, index) => (lines[0].startsWith('m=audio ') ? index : []));
  const change = (how: (lines: string[]) => string[]): void => {
    for (const index of audio) media[index] = how(media[index]);
  };
  switch (fault.kind) {
    case 'remove-codec':
      change((lines) => without(lines, fault.codec));
      break;
    case 'remove-telephone-event':
      change((lines) => without(lines, 'telephone-event'));
      break;
    case 'foreign-codec':
      change((lines) => replaced(lines, fault.payloadType, fault.encoding));
      break;
    case 'wrong-address': {
      const line = `c=IN ${fault.address.includes(':') ? 'IP6' : 'IP4'} ${fault.address}`;
      description.session = session.map((old) => (old.startsWith('c=') ? line : old));
      change((lines) => readdressed(lines, line, fault.port));
      break;
    }
    case 'direction':
      description.session = session.filter((line) => !DIRECTIONS.has(attributeName(line)));
      change((lines) => [...lines.filter((line) => !DIRECTIONS.has(attributeName(line))), `a=${fault.is}`]);
      break;
    default:
      fault satisfies never;
  }
}

/** The payload types of an m= line, behind media, port and protocol. */
function formatsOf(lines: readonly string[]): string[] {
  return lines[0].split(' ').slice(3);
}

function withFormats(line: string, formats: readonly string[]): string {
  return [...line.split(' ').slice(0, 3), ...formats].join(' ');
}

/** The name of an encoding in lower case, as its rtpmap or RFC 3551 has it. */
function nameOf(lines: readonly string[], format: string): string {
  const written = lines.find((line) => attributeName(line) === 'rtpmap' && formatOf(line) === format);
  const encoding = written
    ? attributeValue(written).slice(format.length).trim()
    : (STATIC_ENCODINGS.get(Number(format)) ?? '');
  return encoding.split('/')[0].toLowerCase();
}

function formatOf(line: string): string {
  return attributeValue(line).split(' ')[0];
}

function without(lines: string[], codec: string): string[] {
  const gone = formatsOf(lines).filter((format) => nameOf(lines, format) === codec.toLowerCase());
  const left = formatsOf(lines).filter((format) => !gone.includes(format));
  const isCodecLeft = left.some((format) => nameOf(lines, format) !== 'telephone-event');
  return gone.length === 0 || !isCodecLeft ? lines : keeping(lines, left);
}

/** The stream with these formats only, and what is said of them. */
function keeping([first, ...rest]: string[], formats: readonly string[]): string[] {
  const said = rest.filter((line) => !OF_A_FORMAT.has(attributeName(line)) || formats.includes(formatOf(line)));
  return [withFormats(first, formats), ...said];
}

/** The stream with one codec; telephone-event stays, unless its payload type is taken. */
function replaced(lines: string[], payloadType: number, encoding: string): string[] {
  const format = String(payloadType);
  const events = formatsOf(lines).filter((old) => old !== format && nameOf(lines, old) === 'telephone-event');
  const [first, ...rest] = keeping(lines, events);
  return [withFormats(first, [format, ...events]), ...rest, `a=rtpmap:${format} ${encoding}`];
}

function readdressed([first, ...rest]: string[], line: string, port: number | undefined): string[] {
  const words = first.split(' ');
  if (port !== undefined && words[1] !== '0') words[1] = String(port);
  return [words.join(' '), ...rest.map((old) => (old.startsWith('c=') ? line : old))];
}
