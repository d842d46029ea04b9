import { payloadEnd, payloadStart, payloadTypeOf } from '../rtp/packet.js';
import { eachRtpPacket } from './rtp-packets.js';

/**
 * The payloads of one RTP stream of a capture, in the order of their sequence numbers, each once: of all streams with packets of
 * that payload type and payload length the one that has most of them. Empty where there is none.
 * @throws AppError FILE_UNREADABLE
 */
export function rtpPayloads(path: string, payloadType: number, payloadBytes: number): Uint8Array[] {
  const streams = new Map<string, Map<number, Uint8Array>>();
  eachRtpPacket(path, ({ stream, sequence, bytes, start, length }) => {
    if (payloadTypeOf(bytes, start) !== payloadType) return;
    const from = payloadStart(bytes, start);
    const to = payloadEnd(bytes, start, length);
    if (to - from !== payloadBytes) return;
    const payloads = streams.get(stream) ?? new Map<number, Uint8Array>();
    streams.set(stream, payloads);
    if (!payloads.has(sequence)) payloads.set(sequence, bytes.slice(from, to));
  });
  let most = new Map<number, Uint8Array>();
  for (const payloads of streams.values()) if (payloads.size > most.size) most = payloads;
  return [...most].sort(([a], [b]) => a - b).map(([, payload]) => payload);
}
