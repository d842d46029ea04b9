import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { audioOf, type Recording, wavOf } from '../../src/audio/recording.js';
import { readWav } from '../../src/audio/wav.js';
import { CODECS, DECODED_CODEC_NAMES, type DecodedCodec } from '../../src/core/codecs.js';
import { PacketRecorder } from '../../src/media/packet-recorder.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { loudestFrequency, sine } from './goertzel.js';

const folder = temporaryFolder();

/** The packets of a tone of a second, 20 ms each, timestamps wrapping on the way. */
function packetsOf(codec: DecodedCodec, frequency: number): Uint8Array[] {
  const { sampleRate, clockRate, payloadType } = CODECS[codec];
  const audio = EncodedAudio.encode(sine(frequency, sampleRate, 1, 8000), codec, 20);
  return Array.from({ length: audio.frames }, (_, i) => {
    const packet = new Uint8Array(12 + audio.frameBytes);
    writeRtpHeader(
      packet,
      0,
      i === 0,
      payloadType,
      (65_530 + i) & 0xffff,
      (0xffff_ff00 + i * clockRate * 0.02) >>> 0,
      7,
    );
    packet.set(audio.bytes.subarray(i * audio.frameBytes, (i + 1) * audio.frameBytes), 12);
    return packet;
  });
}

function recordingOf(codec: DecodedCodec, packets: readonly Uint8Array[], maxBytes = 1e6): Recording {
  const recorder = new PacketRecorder(maxBytes);
  for (const packet of packets) {
    const padded = Uint8Array.from([1, 2, 3, ...packet]);
    recorder.take(padded, 3, packet.length);
  }
  return { packets: recorder.packets(), accept: { [CODECS[codec].payloadType]: codec, 101: 'telephone-event' } };
}

describe('a recording', () => {
  it.each(DECODED_CODEC_NAMES)('of %s is the tone that was sent, as a WAV file too', (codec) => {
    const { sampleRate } = CODECS[codec];
    const audio = audioOf(recordingOf(codec, packetsOf(codec, 800)), 10)!;
    expect(audio.sampleRate).toBe(sampleRate);
    expect(audio.samples).toHaveLength(sampleRate);
    expect(loudestFrequency(audio.samples.subarray(sampleRate / 4), sampleRate)).toBe(800);
    const path = join(folder, 'tone.wav');
    writeFileSync(path, wavOf(audio));
    expect(readWav(path, sampleRate).samples).toEqual(audio.samples);
  });

  it('does not depend on the order or number of arrivals, and is silent where nothing came', () => {
    const packets = packetsOf('PCMU', 800);
    const whole = audioOf(recordingOf('PCMU', packets), 10)!.samples;
    const shuffled = [packets[1], packets[0], ...packets.slice(2).reverse(), packets[5]];
    expect(audioOf(recordingOf('PCMU', shuffled), 10)!.samples).toEqual(whole);
    const holed = audioOf(
      recordingOf(
        'PCMU',
        packets.filter((_, i) => i !== 10 && i !== 11),
      ),
      10,
    )!.samples;
    expect(new Set(holed.subarray(1600, 1920))).toEqual(new Set([0]));
    expect(holed.subarray(1920)).toEqual(whole.subarray(1920));
  });

  it('keeps to its bounds in bytes and in seconds', () => {
    const packets = packetsOf('PCMU', 800);
    expect(audioOf(recordingOf('PCMU', packets), 0.1)!.samples).toHaveLength(800);
    const few = recordingOf('PCMU', packets, 1000);
    expect(few.packets.length).toBe(5 * 174);
    expect(audioOf(few, 10)!.samples).toHaveLength(800);
  });

  it('leaves out digits, other sources and payload types of unknown meaning; of nothing else there is no audio', () => {
    const packets = packetsOf('PCMU', 800);
    const event = Uint8Array.from(packets[3]);
    event[1] = 101;
    const stranger = Uint8Array.from(packets[4]);
    stranger[11] = 99;
    const unknown = Uint8Array.from(packets[5]);
    unknown[1] = 77;
    const whole = audioOf(recordingOf('PCMU', packets), 10)!.samples;
    const mixed = [event, packets[0], stranger, unknown, ...packets.slice(1)];
    expect(audioOf(recordingOf('PCMU', mixed), 10)!.samples).toEqual(whole);
    expect(audioOf(recordingOf('PCMU', [event, unknown]), 10)).toBeNull();
    expect(audioOf(recordingOf('PCMU', []), 10)).toBeNull();
  });

  it('of any bytes is audio or none, never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (packets) => {
        const audio = audioOf({ packets, accept: { 0: 'PCMU', 9: 'G722' } }, 1);
        expect(audio === null || audio.samples.length <= 16_000).toBe(true);
      }),
      { seed: 20_261_121, numRuns: 500 },
    );
  });
});
