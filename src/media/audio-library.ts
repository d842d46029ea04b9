import { EncodedAudio } from '../audio/encoded-audio.js';
import { readFrames } from '../audio/frames.js';
import { loadOpus } from '../audio/opus.js';
import { findSilence, type Silence } from '../audio/silence.js';
import { render, type Sound } from '../audio/sound.js';
import { CODECS, type CodecName, type DecodedCodec, isOpaque, type OpaqueCodec } from '../core/codecs.js';
import { RTP_HEADER_BYTES } from '../rtp/packet.js';
import { findSpeech } from '../voice/find-speech.js';
import type { Span } from '../voice/turns.js';
import { PacketMemory } from './udp.js';

/** Encoded frames, each with room for an RTP header before it: packets enter the path from here, without a copy. */
export interface PacketizedAudio {
  memory: PacketMemory;
  frames: number;
  /** Payload bytes of a frame. */
  frameBytes: number;
  /** Distance from one frame's header to the next one's. */
  strideBytes: number;
  /** Frames that comfort noise may stand for; `null` where there are none, or nobody knows. */
  silence: Silence | null;
}

/** The sounds of a run, each encoded once per codec and packet length and shared by all calls. */
export class AudioLibrary {
  private readonly sounds: ReadonlyMap<string, Sound>;
  /** Samples by sound and sample rate. */
  private readonly rendered = new Map<string, Int16Array>();
  private readonly speech = new Map<string, Span | null>();
  private readonly packetized = new Map<string, PacketizedAudio>();

  constructor(
    sounds: Readonly<Record<string, Sound>>,
    private readonly seed: number,
  ) {
    this.sounds = new Map([['silence', { audio: 'silence' }], ...Object.entries(sounds)]);
  }

  /**
   * Renders and encodes all sounds ahead and loads what decoding takes, so that no packet waits for it.
   *
   * @throws AppError when a file cannot be read
   */
  prepare(formats: readonly { codec: CodecName; ptimeMs: number }[]): void {
    if (formats.some(({ codec }) => codec === 'opus')) loadOpus();
    for (const [name, { frames, once }] of this.sounds)
      for (const { codec, ptimeMs } of formats)
        if (!isOpaque(codec) || frames?.[codec] !== undefined) {
          this.get(name, codec, ptimeMs);
          if (once && !isOpaque(codec)) this.speechIn(name, codec);
        }
  }

  /** The frames of a sound; encoded at the first request. */
  get(name: string, codec: CodecName, ptimeMs: number): PacketizedAudio {
    const key = `${codec} ${ptimeMs} ${name}`;
    const known = this.packetized.get(key);
    if (known) return known;
    const made = isOpaque(codec) ? packetize(this.framesOf(name, codec), null) : this.encoded(name, codec, ptimeMs);
    this.packetized.set(key, made);
    return made;
  }

  /** From where to where a sound holds speech, in ms from its start, as the detector of turns hears it; `null` where it holds none. */
  speechIn(name: string, codec: DecodedCodec): Span | null {
    const { sampleRate } = CODECS[codec];
    const key = `${sampleRate} ${name}`;
    const known = this.speech.get(key);
    if (known !== undefined) return known;
    const found = findSpeech(this.samplesOf(name, sampleRate), sampleRate);
    this.speech.set(key, found);
    return found;
  }

  private encoded(name: string, codec: DecodedCodec, ptimeMs: number): PacketizedAudio {
    const { sampleRate } = CODECS[codec];
    const samples = this.samplesOf(name, sampleRate);
    const { audio, once, marker } = this.sounds.get(name)!;
    // What is said once is said as it is, its pauses too.
    const silence = once ? null : findSilence(samples, (sampleRate / 1000) * ptimeMs, audio === 'silence');
    return packetize(EncodedAudio.encode(samples, codec, ptimeMs, once, marker !== undefined), silence);
  }

  private framesOf(name: string, codec: OpaqueCodec): EncodedAudio {
    const file = this.sounds.get(name)?.frames?.[codec];
    if (!file) throw new Error(`sound '${name}' has no frames of ${codec}`);
    return EncodedAudio.ofFrames(codec, readFrames(file), file.bytes);
  }

  private samplesOf(name: string, sampleRate: number): Int16Array {
    const key = `${sampleRate} ${name}`;
    const known = this.rendered.get(key);
    if (known) return known;
    const sound = this.sounds.get(name);
    if (!sound) throw new Error(`sound '${name}' is not part of the setup`);
    const made = render(sound, sampleRate, this.seed);
    this.rendered.set(key, made);
    return made;
  }
}

function packetize(audio: EncodedAudio, silence: Silence | null): PacketizedAudio {
  const { frames, frameBytes } = audio;
  // Whole words, so that every header starts on one.
  const strideBytes = (RTP_HEADER_BYTES + frameBytes + 3) & ~3;
  const memory = PacketMemory.allocate(frames * strideBytes);
  for (let i = 0; i < frames; i++) {
    const frame = audio.bytes.subarray(i * frameBytes, (i + 1) * frameBytes);
    memory.bytes.set(frame, i * strideBytes + RTP_HEADER_BYTES);
  }
  return { memory, frames, frameBytes, strideBytes, silence };
}
