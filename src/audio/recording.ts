import { CODECS, type CodecName, type DecodedCodec, isOpaque } from '../core/codecs.js';
import { isRtp, payloadEnd, payloadStart, payloadTypeOf, ssrcOf, timestampOf } from '../rtp/packet.js';
import { openDecoder } from './decoder.js';

/** RTP packets as they came, each behind its length in two bytes, and what their payload types carry. */
export interface Recording {
  packets: Uint8Array;
  accept: Record<number, CodecName | 'telephone-event' | 'CN'>;
}

export interface RecordedAudio {
  samples: Int16Array;
  sampleRate: number;
}

interface AudioPacket {
  start: number;
  end: number;
  /** Timestamp units since the first packet; negative for one that it overtook. */
  at: number;
}

/** The longest payload of one packet holds 120 ms at 48 kHz, or what fits a datagram. */
const ROOM = 65_536;
/** A timestamp further away than this belongs to another clock: the packet is left out. */
const MOST_SECONDS = 24 * 3600;

/**
 * The audio of a recorded stream: that of its first source and of its first codec, each packet at the place that its
 * timestamp gives it, silence where nothing came. `null` when there is none.
 */
export function audioOf({ packets, accept }: Recording, maxSeconds: number): RecordedAudio | null {
  let codec: DecodedCodec | null = null;
  let type = -1;
  let ssrc = -1;
  let firstTimestamp = 0;
  const found = new Map<number, AudioPacket>();
  for (let at = 0; at + 2 <= packets.length; ) {
    const length = (packets[at] << 8) | packets[at + 1];
    const offset = at + 2;
    at = offset + length;
    if (at > packets.length || !isRtp(packets, offset, length)) continue;
    const carried = accept[payloadTypeOf(packets, offset)];
    if (carried === undefined || carried === 'telephone-event' || carried === 'CN' || isOpaque(carried)) continue;
    if (codec === null) {
      codec = carried;
      type = payloadTypeOf(packets, offset);
      ssrc = ssrcOf(packets, offset);
      firstTimestamp = timestampOf(packets, offset);
    }
    if (payloadTypeOf(packets, offset) !== type || ssrcOf(packets, offset) !== ssrc) continue;
    // A signed difference, so that the wrap does not matter.
    const units = (timestampOf(packets, offset) - firstTimestamp) | 0;
    if (Math.abs(units) > MOST_SECONDS * CODECS[codec].clockRate) continue;
    if (found.has(units)) continue;
    found.set(units, {
      start: payloadStart(packets, offset),
      end: payloadEnd(packets, offset, length),
      at: units,
    });
  }
  return codec === null ? null : decoded(packets, [...found.values()], codec, maxSeconds);
}

function decoded(bytes: Uint8Array, found: AudioPacket[], codec: DecodedCodec, maxSeconds: number): RecordedAudio {
  const { sampleRate, clockRate } = CODECS[codec];
  found.sort((a, b) => a.at - b.at);
  const firstAt = found[0].at;
  const scale = sampleRate / clockRate;
  const samples = new Int16Array(Math.round(maxSeconds * sampleRate));
  const room = new Int16Array(ROOM);
  const decoder = openDecoder(codec);
  let used = 0;
  for (const { start, end, at } of found) {
    const count = decoder.decode(bytes, start, end, room);
    const from = (at - firstAt) * scale;
    const kept = Math.min(count, samples.length - from);
    if (kept <= 0) continue;
    samples.set(room.subarray(0, kept), from);
    used = Math.max(used, from + kept);
  }
  decoder.close();
  return { samples: samples.subarray(0, used), sampleRate };
}

/** A WAV file of 16 bits and one channel. */
export function wavOf({ samples, sampleRate }: RecordedAudio): Uint8Array {
  const header = Buffer.alloc(44);
  const bytes = samples.length * 2;
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes, 40);
  const data = Buffer.alloc(bytes);
  for (let i = 0; i < samples.length; i++) data.writeInt16LE(samples[i], 2 * i);
  return Buffer.concat([header, data]);
}
