import { encodeG711, type Law, silenceOf } from './g711.js';

/**
 * Audio that was encoded once and is sent by every call: frames of one packet each, looped. A rest shorter than a frame
 * is left out, so that the loop has no hole; audio shorter than one frame is filled up with silence.
 */
export class EncodedAudio {
  private constructor(
    readonly law: Law,
    /** Encoded bytes, frame after frame. */
    readonly bytes: Uint8Array,
    readonly frameBytes: number,
    readonly frames: number,
  ) {}

  static encode(samples: Int16Array, law: Law, samplesPerFrame: number): EncodedAudio {
    const frames = Math.max(1, Math.floor(samples.length / samplesPerFrame));
    const bytes = new Uint8Array(frames * samplesPerFrame).fill(silenceOf(law));
    encodeG711(law, samples.subarray(0, bytes.length), bytes);
    return new EncodedAudio(law, bytes, samplesPerFrame, frames);
  }
}
