import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { makeNoise, NOISE_COLOURS } from '../../src/audio/noise.js';
import { OpusEncoder } from '../../src/audio/opus.js';
import { speechLike } from '../../src/audio/speech.js';
import { CODECS } from '../../src/core/codecs.js';
import { deriveSeed, Rng } from '../../src/core/rng.js';
import { IDENTITIES, MARKER_MS, renderMarker } from '../../src/probe/marker.js';
import { MarkerListener } from '../../src/probe/marker-listener.js';
import type { HeardMarker } from '../../src/probe/marker-window.js';
import { Payload } from '../../src/quality/heard-payload.js';
import { PlayedAudio } from '../../src/quality/played-audio.js';

const CHANNEL_CODECS = ['PCMU', 'PCMA', 'G722', 'opus'] as const;
type ChannelCodec = (typeof CHANNEL_CODECS)[number];
const PAYLOADS = { PCMU: Payload.pcmu, PCMA: Payload.pcma, G722: Payload.g722, opus: Payload.opus };

/** One simulated channel, all of it by its number. */
interface Channel {
  number: number;
  codec: ChannelCodec;
  opusBitrate: number;
  lossRatio: number;
  /** Packets are delayed by 0 to so much, each for itself. */
  jitterMs: number;
  /** Of all that is said: the marker, and the speech around it. */
  gainDb: number;
  /** Speech over noise. */
  snrDb: number;
  /** `said`: in frames of its own, as our sender does it; `within`: anywhere in the stream, as behind a transcoder. */
  placed: 'said' | 'within';
  identity: number;
}

const FRAME_MS = 20;
const FRAMES = 100;
const BUFFER_MS = 60;
const SPEECH_SECONDS = 20;
const SPEECH_DBOV = -26;

export function channelOf(number: number): Channel {
  const rng = new Rng(deriveSeed(6, 'channel', number));
  const between = (low: number, high: number): number => low + (high - low) * rng.uniform();
  return {
    number,
    codec: CHANNEL_CODECS[number % CHANNEL_CODECS.length],
    opusBitrate: [12_000, 16_000, 24_000, 32_000][Math.floor(between(0, 4))],
    lossRatio: between(0, 0.05),
    jitterMs: between(0, 40),
    gainDb: between(-10, 10),
    snrDb: between(10, 40),
    placed: rng.uniform() < 0.5 ? 'said' : 'within',
    identity: Math.floor(between(0, IDENTITIES)),
  };
}

/** What a codec delays its audio by, in ms: the look-ahead of Opus, the filters of G.722. */
export function codecDelayMs(codec: ChannelCodec): number {
  return codec === 'opus' ? 6.5 : codec === 'G722' ? 1.375 : 0;
}

interface Heard {
  markers: HeardMarker[];
  /** When the marker's sound began to be played, were there no codec; `null` where none was sent. */
  playedMs: number | null;
}

const speech = new Map<number, Float64Array>();

function speechAt(sampleRate: number): Float64Array {
  let known = speech.get(sampleRate);
  if (!known) speech.set(sampleRate, (known = Float64Array.from(speechLike(1, SPEECH_SECONDS, sampleRate))));
  return known;
}

/** Sends speech, and in it a marker unless `marked` is false, through the channel; what is heard at its end. */
export function carry(channel: Channel, marked = true): Heard {
  const { codec } = channel;
  const rng = new Rng(deriveSeed(7, 'carry', channel.number));
  const { sampleRate } = CODECS[codec];
  const perFrame = (sampleRate * FRAME_MS) / 1000;
  const count = FRAMES * perFrame;

  const spoken = speechAt(sampleRate);
  const from = Math.floor(rng.uniform() * (spoken.length - count));
  const gain = 10 ** (channel.gainDb / 20);
  const signal = spoken.slice(from, from + count);
  const markerFrame = 20 + Math.floor(rng.uniform() * 40);
  const offset = channel.placed === 'within' ? Math.floor(rng.uniform() * perFrame) : 0;
  const start = markerFrame * perFrame + offset;
  if (marked) signal.set(renderMarker(channel.identity, sampleRate), start);
  const colour = NOISE_COLOURS[Math.floor(rng.uniform() * NOISE_COLOURS.length)];
  const noise = makeNoise(colour, count, sampleRate, rng);
  const noiseRms = 32768 * 10 ** ((SPEECH_DBOV - channel.snrDb) / 20);
  const samples = Int16Array.from(signal, (sample, i) =>
    Math.max(-32768, Math.min(32767, Math.round(gain * (sample + noiseRms * noise[i])))),
  );

  const packets = encode(samples, channel, perFrame);
  if (marked && channel.placed === 'said') {
    // Our sender encodes markers with the least effort.
    const own = samples.slice(start, start + (MARKER_MS / FRAME_MS) * perFrame);
    encode(own, channel, perFrame, true).forEach((packet, i) => {
      packets[markerFrame + i] = packet;
    });
  }
  const { markers, firstMs } = receive(packets, channel, rng);
  return { markers, playedMs: marked ? firstMs + (start * 1000) / sampleRate : null };
}

function encode(samples: Int16Array, { codec, opusBitrate }: Channel, perFrame: number, isQuick = false): Uint8Array[] {
  if (codec === 'opus') {
    const encoder = new OpusEncoder(opusBitrate, isQuick);
    const packets: Uint8Array[] = [];
    for (let at = 0; at < samples.length; at += perFrame)
      packets.push(encoder.encode(samples.subarray(at, at + perFrame)));
    encoder.close();
    return packets;
  }
  const { bytes, frameBytes, frames } = EncodedAudio.encode(samples, codec, FRAME_MS);
  return Array.from({ length: frames }, (_, i) => bytes.subarray(i * frameBytes, (i + 1) * frameBytes));
}

/** Loses and delays packets; what is heard of the others as a call hears them, and when the first one is played. */
function receive(
  packets: Uint8Array[],
  { codec, lossRatio, jitterMs }: Channel,
  rng: Rng,
): { markers: HeardMarker[]; firstMs: number } {
  const arrived = packets
    .map((packet, i) => ({
      i,
      packet,
      isLost: rng.uniform() < lossRatio && i > 0,
      arrivalMs: i * FRAME_MS + jitterMs * rng.uniform(),
    }))
    .filter(({ isLost }) => !isLost)
    .sort((a, b) => a.arrivalMs - b.arrivalMs);
  const listener = new MarkerListener();
  const played = new PlayedAudio([listener], { kind: 'fixed', delayMs: BUFFER_MS });
  const { clockRate } = CODECS[codec];
  for (const { i, packet, arrivalMs } of arrived)
    played.hear(PAYLOADS[codec], packet, 0, packet.length, 1, (i * clockRate * FRAME_MS) / 1000, arrivalMs);
  played.close(Number.POSITIVE_INFINITY);
  listener.close();
  const [anchor] = arrived;
  return { markers: listener.heard, firstMs: anchor.arrivalMs - anchor.i * FRAME_MS + BUFFER_MS };
}
