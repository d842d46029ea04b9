import { CODECS, type CodecName, isOpaque, PTIMES_MS, supportsPtime } from '../core/codecs.js';
import { COMFORT_NOISE } from './codecs.js';
import { eventFormat, type Format, formatOf } from './describe.js';
import { agreedDirection, type Direction } from './direction.js';
import type { RemoteMedia } from './read.js';

/** What both sides agreed on (RFC 3264 6 and 7). */
export interface Agreement {
  codec: CodecName;
  /** Payload type that the far end wants the codec under. */
  sendPayloadType: number;
  /** Payload type that the far end wants telephone-event under; `null` when it takes none at the codec's clock. */
  eventPayloadType: number | null;
  /** Payload type that it wants comfort noise under; `null` where one side takes none, or not at the codec's clock. */
  comfortPayloadType: number | null;
  /** Packet interval that we send with. */
  ptimeMs: number;
  /** Ours: who sends and who receives. */
  direction: Direction;
}

/** What a side brings into an offer or answer. */
export interface Wishes {
  /** In order of preference. */
  codecs: readonly CodecName[];
  ptimeMs: number;
  direction: Direction;
  comfortNoise: boolean;
}

/** The offerer's reading of an answer: the first answered codec that was offered; `null` when none was. */
export function agreeAsOfferer(wishes: Wishes, answer: RemoteMedia): Agreement | null {
  const codec = answer.codecs.find((c) => wishes.codecs.includes(c.name));
  return codec && answer.port !== 0 ? agree(wishes, answer, codec) : null;
}

/** The answerer's choice: its own first preference among what was offered, with the formats to list in the answer. */
export function agreeAsAnswerer(
  wishes: Wishes,
  offer: RemoteMedia,
): { agreement: Agreement; formats: Format[] } | null {
  for (const name of wishes.codecs) {
    const codec = offer.codecs.find((c) => c.name === name);
    if (!codec) continue;
    const agreement = agree(wishes, offer, codec);
    const formats = [formatOf(name, codec.payloadType)];
    if (agreement.eventPayloadType !== null)
      formats.push(eventFormat(agreement.eventPayloadType, CODECS[name].clockRate));
    if (agreement.comfortPayloadType !== null)
      formats.splice(1, 0, { payloadType: agreement.comfortPayloadType, encoding: COMFORT_NOISE });
    return { agreement, formats };
  }
  return null;
}

function agree(wishes: Wishes, remote: RemoteMedia, { name, payloadType }: RemoteMedia['codecs'][number]): Agreement {
  return {
    codec: name,
    sendPayloadType: payloadType,
    eventPayloadType: remote.eventPayloadTypes[CODECS[name].clockRate] ?? null,
    comfortPayloadType: wishes.comfortNoise && CODECS[name].clockRate === 8000 ? remote.comfortPayloadType : null,
    ptimeMs: ptimeFor(name, wishes.ptimeMs, remote),
    direction: agreedDirection(wishes.direction, remote.direction),
  };
}

/**
 * The packet interval to send with: what the far end would like (a=ptime), ours where it says nothing or something that
 * we cannot do; never more than a=maxptime, if anything that short is possible. Frames of a file are as long as they are.
 */
function ptimeFor(codec: CodecName, ownMs: number, { ptimeMs, maxptimeMs }: RemoteMedia): number {
  if (isOpaque(codec)) return ownMs;
  const wanted = ptimeMs !== null && supportsPtime(codec, ptimeMs) ? ptimeMs : ownMs;
  if (maxptimeMs === null || wanted <= maxptimeMs) return wanted;
  const short = PTIMES_MS.filter((ms) => ms <= maxptimeMs && supportsPtime(codec, ms));
  return short.at(-1) ?? wanted;
}
