import { isRtp, payloadEnd, payloadStart, payloadTypeOf, sequenceOf, ssrcOf } from '../rtp/packet.js';
import { FrameReader } from './frame.js';
import { readCaptureAtOnce } from './reader.js';

/**
 * The payloads of one RTP stream of a capture, in the order of their sequence numbers, each once: of all streams with packets of
 * that payload type and payload length the one that has most of them. Empty where there is none.
 * @throws AppError FILE_UNREADABLE
 */
export function rtpPayloads(path: string, payloadType: number, payloadBytes: number): Uint8Array[] {
  const frame = new FrameReader();
  const { udp } = frame;
  const streams = new Map<string, { last: number; payloads: Map<number, Uint8Array> }>();
  readCaptureAtOnce(path, ({ linkType, bytes, start, end }) => {
    if (frame.read(linkType, bytes, start, end) !== 'udp' || udp.isCutOff) return;
    const length = udp.end - udp.start;
    if (!isRtp(bytes, udp.start, length) || payloadTypeOf(bytes, udp.start) !== payloadType) return;
    const from = payloadStart(bytes, udp.start);
    const to = payloadEnd(bytes, udp.start, length);
    if (to - from !== payloadBytes) return;
    const key = `${udp.source} ${udp.sourcePort} ${udp.destination} ${udp.destinationPort} ${ssrcOf(bytes, udp.start)}`;
    const sequence = sequenceOf(bytes, udp.start);
    const stream = streams.get(key) ?? { last: sequence, payloads: new Map<number, Uint8Array>() };
    streams.set(key, stream);
    // Counted on from the packet before, so that the numbers may wrap.
    stream.last += ((sequence - stream.last) << 16) >> 16;
    if (!stream.payloads.has(stream.last)) stream.payloads.set(stream.last, bytes.slice(from, to));
  });
  let most = new Map<number, Uint8Array>();
  for (const { payloads } of streams.values()) if (payloads.size > most.size) most = payloads;
  return [...most].sort(([a], [b]) => a - b).map(([, payload]) => payload);
}
