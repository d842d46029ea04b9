import { EncodedAudio } from '../audio/encoded-audio.js';
import { speechLike } from '../audio/speech.js';
import { readWav } from '../audio/wav.js';
import { RTP_HEADER_BYTES } from '../rtp/packet.js';
import type { CodecName } from './link/messages.js';
import { PacketMemory } from './udp.js';

const CLOCK_RATE = 8000;
const SPEECH_SECONDS = 30;

/** Encoded frames, each with room for an RTP header before it: packets enter the path from here, without a copy. */
export interface PacketizedAudio {
  memory: PacketMemory;
  frames: number;
  /** Payload bytes of a frame. */
  frameBytes: number;
  /** Distance from one frame's header to the next one's. */
  strideBytes: number;
}

/** The audio sources of a run, each encoded once per law and packet length. */
export class AudioLibrary {
  private readonly packetized = new Map<string, PacketizedAudio>();

  /** @param samples linear audio at 8 kHz by source name */
  constructor(private readonly samples: ReadonlyMap<string, Int16Array>) {}

  /**
   * Reads all sources: `speech` is speech-like noise made from the seed, `silence` digital silence, anything else the
   * path of a WAV file.
   *
   * @throws AppError when a file cannot be read
   */
  static load(sources: readonly string[], seed: number): Map<string, Int16Array> {
    const samples = new Map<string, Int16Array>();
    for (const source of new Set([...sources, 'silence'])) {
      if (source === 'none') continue;
      if (source === 'silence') samples.set(source, new Int16Array(CLOCK_RATE));
      else if (source === 'speech') samples.set(source, speechLike(seed, SPEECH_SECONDS));
      else samples.set(source, readWav(source).samples);
    }
    return samples;
  }

  /** The frames of a source; encoded at the first request. */
  get(source: string, codec: CodecName, ptimeMs: number): PacketizedAudio {
    const key = `${codec} ${ptimeMs} ${source}`;
    const known = this.packetized.get(key);
    if (known) return known;
    const samples = this.samples.get(source);
    if (!samples) throw new Error(`audio source '${source}' is not part of the setup`);
    const made = packetize(EncodedAudio.encode(samples, codec, ptimeMs));
    this.packetized.set(key, made);
    return made;
  }
}

function packetize(audio: EncodedAudio): PacketizedAudio {
  const { frames, frameBytes } = audio;
  // Whole words, so that every header starts on one.
  const strideBytes = (RTP_HEADER_BYTES + frameBytes + 3) & ~3;
  const memory = PacketMemory.allocate(frames * strideBytes);
  for (let i = 0; i < frames; i++) {
    const frame = audio.bytes.subarray(i * frameBytes, (i + 1) * frameBytes);
    memory.bytes.set(frame, i * strideBytes + RTP_HEADER_BYTES);
  }
  return { memory, frames, frameBytes, strideBytes };
}
