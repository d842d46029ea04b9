import type { SdpCodec } from './codecs.js';
import { CODECS } from './codecs.js';
import { eventFormat, type Format } from './describe.js';
import type { RemoteMedia } from './read.js';

/** What both sides agreed on (RFC 3264 6 and 7). */
export interface Agreement {
  codec: SdpCodec;
  /** Payload type that the far end wants the codec under. */
  sendPayloadType: number;
  /** Payload type that the far end wants telephone-event under; `null` when it takes none. */
  eventPayloadType: number | null;
}

/** The offerer's reading of an answer: the first answered codec that was offered; `null` when none was. */
export function agreeAsOfferer(offered: readonly SdpCodec[], answer: RemoteMedia): Agreement | null {
  const codec = answer.codecs.find((c) => offered.includes(c.name));
  if (!codec || answer.port === 0) return null;
  return { codec: codec.name, sendPayloadType: codec.payloadType, eventPayloadType: answer.eventPayloadType };
}

/** The answerer's choice: its own first preference among what was offered, with the formats to list in the answer. */
export function agreeAsAnswerer(
  supported: readonly SdpCodec[],
  offer: RemoteMedia,
): { agreement: Agreement; formats: Format[] } | null {
  for (const name of supported) {
    const codec = offer.codecs.find((c) => c.name === name);
    if (!codec) continue;
    const formats: Format[] = [{ payloadType: codec.payloadType, encoding: `${name}/${CODECS[name].clockRate}` }];
    if (offer.eventPayloadType !== null) formats.push(eventFormat(offer.eventPayloadType));
    return {
      agreement: { codec: name, sendPayloadType: codec.payloadType, eventPayloadType: offer.eventPayloadType },
      formats,
    };
  }
  return null;
}
