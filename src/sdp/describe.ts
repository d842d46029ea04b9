import { CODECS, EVENT_PAYLOAD_TYPE, type SdpCodec } from './codecs.js';

export interface LocalMedia {
  address: string;
  port: number;
  ptimeMs: number;
  /** Session id and version of the o= line; the version grows with each new offer. */
  sessionId: number;
  version?: number;
}

/** One codec line of a description: static codecs need no rtpmap, but every peer likes to see one. */
export interface Format {
  payloadType: number;
  encoding: string;
  fmtp?: string;
}

/** The formats that an offer of these codecs lists, telephone-event last. */
export function offeredFormats(codecs: readonly SdpCodec[], telephoneEvent: boolean): Format[] {
  const formats: Format[] = codecs.map((name) => ({
    payloadType: CODECS[name].payloadType,
    encoding: `${name}/${CODECS[name].clockRate}`,
  }));
  if (telephoneEvent) formats.push(eventFormat(EVENT_PAYLOAD_TYPE));
  return formats;
}

export function eventFormat(payloadType: number): Format {
  return { payloadType, encoding: 'telephone-event/8000', fmtp: '0-15' };
}

/** A session description with one audio stream (RFC 8866, RFC 3264). */
export function writeDescription(media: LocalMedia, formats: readonly Format[]): string {
  const family = media.address.includes(':') ? 'IP6' : 'IP4';
  let text =
    `v=0\r\no=trunkstorm ${media.sessionId} ${media.version ?? 1} IN ${family} ${media.address}\r\ns=-\r\n` +
    `c=IN ${family} ${media.address}\r\nt=0 0\r\nm=audio ${media.port} RTP/AVP`;
  for (const format of formats) text += ` ${format.payloadType}`;
  text += '\r\n';
  for (const format of formats) {
    text += `a=rtpmap:${format.payloadType} ${format.encoding}\r\n`;
    if (format.fmtp) text += `a=fmtp:${format.payloadType} ${format.fmtp}\r\n`;
  }
  return `${text}a=ptime:${media.ptimeMs}\r\na=sendrecv\r\n`;
}
