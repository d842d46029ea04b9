import { CODECS, type CodecName, type DecodedCodec } from '../core/codecs.js';
import { encodeG711 } from './g711.js';
import { G722Encoder } from './g722.js';
import { encodeL16 } from './l16.js';
import { OPUS_BITRATE, OpusEncoder } from './opus.js';

const LEAD_IN_FRAMES = 50;
/** Silence before what is said once: the steps of G.722 take half a second to settle, Opus two or three frames. */
const SILENT_LEAD_IN_FRAMES = { G722: 50, opus: 5, PCMU: 0, PCMA: 0, 'L16/8000': 0, 'L16/16000': 0 } as const;

/**
 * Audio that was encoded once and is sent by every call: frames of one packet each, looped. A rest shorter than a frame
 * is left out, so that the loop has no hole; audio shorter than one frame is filled up with silence.
 */
export class EncodedAudio {
  private constructor(
    readonly codec: CodecName,
    /** Encoded bytes, frame after frame. */
    readonly bytes: Uint8Array,
    readonly frameBytes: number,
    readonly frames: number,
  ) {}

  /** What somebody else encoded; `bytes` are whole frames. */
  static ofFrames(codec: CodecName, bytes: Uint8Array, frameBytes: number): EncodedAudio {
    return new EncodedAudio(codec, bytes, frameBytes, bytes.length / frameBytes);
  }

  /**
   * @param samples at the codec's own sample rate
   * @param isQuick Opus is encoded with the least effort
   * @param once it is not looped: nothing of it is left out, and its encoder begins with silence
   */
  static encode(
    samples: Int16Array,
    codec: DecodedCodec,
    ptimeMs: number,
    once = false,
    isQuick = false,
  ): EncodedAudio {
    const perFrame = (CODECS[codec].sampleRate / 1000) * ptimeMs;
    const frames = Math.max(1, once ? Math.ceil(samples.length / perFrame) : Math.floor(samples.length / perFrame));
    const whole = new Int16Array(frames * perFrame);
    whole.set(samples.subarray(0, whole.length));
    const before = once ? new Int16Array(SILENT_LEAD_IN_FRAMES[codec] * perFrame) : leadIn(whole, perFrame);
    const bytes = encodeAll(whole, before, codec, perFrame, isQuick);
    return new EncodedAudio(codec, bytes, bytes.length / frames, frames);
  }
}

function encodeAll(
  samples: Int16Array,
  before: Int16Array,
  codec: DecodedCodec,
  perFrame: number,
  isQuick: boolean,
): Uint8Array {
  switch (codec) {
    case 'PCMU':
    case 'PCMA': {
      const bytes = new Uint8Array(samples.length);
      encodeG711(codec, samples, bytes);
      return bytes;
    }
    case 'G722': {
      const bytes = new Uint8Array(samples.length / 2);
      const encoder = new G722Encoder();
      encoder.encode(before, new Uint8Array(before.length / 2));
      encoder.encode(samples, bytes);
      return bytes;
    }
    case 'L16/8000':
    case 'L16/16000': {
      const bytes = new Uint8Array(samples.length * 2);
      encodeL16(samples, bytes);
      return bytes;
    }
    case 'opus':
      return encodeOpus(samples, before, perFrame, isQuick);
    default:
      return codec satisfies never;
  }
}

/**
 * The end of the loop, for an encoder with memory to begin with: where the loop starts over, it goes on as the decoder
 * expects. An encoder that starts from nothing there would make the decoder click at full scale.
 */
function leadIn(samples: Int16Array, perFrame: number): Int16Array {
  return samples.subarray(-Math.min(samples.length, LEAD_IN_FRAMES * perFrame));
}

/** All packets have one size, because the encoder keeps a constant rate. */
function encodeOpus(samples: Int16Array, before: Int16Array, perFrame: number, isQuick: boolean): Uint8Array {
  const encoder = new OpusEncoder(OPUS_BITRATE, isQuick);
  for (let at = 0; at < before.length; at += perFrame) encoder.encode(before.subarray(at, at + perFrame));
  const packets: Uint8Array[] = [];
  for (let at = 0; at < samples.length; at += perFrame)
    packets.push(encoder.encode(samples.subarray(at, at + perFrame)));
  encoder.close();
  const bytes = new Uint8Array(packets.length * packets[0].length);
  packets.forEach((packet, i) => {
    if (packet.length !== packets[0].length) throw new Error('Opus packets differ in size');
    bytes.set(packet, i * packet.length);
  });
  return bytes;
}
