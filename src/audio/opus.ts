// The package's own entry puts its buffers at wrong addresses as soon as there are several coders.
import create, { type OpusHandler, type OpusNative } from 'opusscript/build/opusscript_native_wasm.js';
import { type AudioBlocks, BLOCK_MS, BLOCK_SAMPLES } from './audio-blocks.js';

/**
 * Opus (RFC 6716) by libopus, compiled to WebAssembly. We call the module's own functions: they take addresses in its
 * memory, so that a packet costs no allocation.
 */
const APPLICATION_VOIP = 2048;
const SET_BITRATE = 4002;
const SET_VBR = 4006;
const SET_COMPLEXITY = 4010;

const SAMPLE_RATE = 48000;
/** The longest packet holds 120 ms (RFC 6716, 3.2.5). */
const MAX_SAMPLES = SAMPLE_RATE * 0.12;
const MAX_PACKET_BYTES = 1276 * 3;
/** A sample takes two words of 16 bits on its way in and out; the encoder reads as much again behind them. */
const PCM_BYTES = MAX_SAMPLES * 8;

/** Bits per second that our own audio is encoded with: enough for the full band of one voice. */
export const OPUS_BITRATE = 24_000;

let native: OpusNative | null = null;
/** Where PCM and packets are put for the module; one place for all coders of a thread. */
let pcmAddress = 0;
let packetAddress = 0;

/** The module; loading it, at the first call of a thread, takes some tens of ms. */
function loaded(): OpusNative {
  if (native === null) {
    native = create();
    pcmAddress = native._malloc(PCM_BYTES);
    packetAddress = native._malloc(MAX_PACKET_BYTES);
  }
  return native;
}

/** Loads the module, for it not to be loaded while packets are timed. */
export function loadOpus(): void {
  loaded();
}

/** One voice to Opus packets of constant size. */
export class OpusEncoder {
  private readonly handler: OpusHandler;

  /** @param isQuick least effort: a ninth of the time, and all the same for tones */
  constructor(bitrate = OPUS_BITRATE, isQuick = false) {
    this.handler = new (loaded().OpusScriptHandler)(SAMPLE_RATE, 1, APPLICATION_VOIP);
    this.handler._encoder_ctl(SET_BITRATE, bitrate);
    this.handler._encoder_ctl(SET_VBR, 0);
    if (isQuick) this.handler._encoder_ctl(SET_COMPLEXITY, 0);
  }

  /** Encodes one frame of 48 kHz samples: 10, 20, 40 or 60 ms. */
  encode(samples: Int16Array): Uint8Array {
    const { HEAPU8 } = loaded();
    for (let i = 0; i < samples.length; i++) {
      HEAPU8[pcmAddress + 4 * i] = samples[i];
      HEAPU8[pcmAddress + 4 * i + 1] = 0;
      HEAPU8[pcmAddress + 4 * i + 2] = samples[i] >> 8;
      HEAPU8[pcmAddress + 4 * i + 3] = 0;
    }
    const bytes = this.handler._encode(pcmAddress, samples.length * 2, packetAddress, samples.length);
    if (bytes < 0) throw new Error(`opus_encode of ${samples.length} samples: error ${bytes}`);
    return loaded().HEAPU8.slice(packetAddress, packetAddress + bytes);
  }

  close(): void {
    loaded().OpusScriptHandler.destroy_handler(this.handler);
  }
}

/** Packets of one stream to 48 kHz samples. Holds some 40 KB outside of the JavaScript heap until `close`. */
export class OpusDecoder {
  private handler: OpusHandler | null = new (loaded().OpusScriptHandler)(SAMPLE_RATE, 1, APPLICATION_VOIP);

  /** Decodes a packet into `samples`, which has room for 120 ms; returns their count, 0 for what is no Opus packet. */
  decode(bytes: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const count = this.take(bytes, start, end);
    const { HEAPU8 } = loaded();
    for (let i = 0; i < count; i++) {
      samples[i] = HEAPU8[pcmAddress + 4 * i] | (HEAPU8[pcmAddress + 4 * i + 2] << 8);
    }
    return count;
  }

  /** Measures a packet, in blocks; none for what is no Opus packet. */
  measure(bytes: Uint8Array, start: number, end: number, blocks: AudioBlocks): void {
    blocks.clear();
    const count = this.take(bytes, start, end);
    const { HEAPU8 } = loaded();
    const perBlock = (SAMPLE_RATE * BLOCK_MS) / 1000;
    const scale = BLOCK_SAMPLES / perBlock;
    for (let from = 0; from < count; from += perBlock) {
      const to = Math.min(from + perBlock, count);
      let squares = 0;
      let magnitudes = 0;
      for (let i = from; i < to; i++) {
        const sample = HEAPU8[pcmAddress + 4 * i] | ((HEAPU8[pcmAddress + 4 * i + 2] << 24) >> 16);
        squares += sample * sample;
        magnitudes += sample < 0 ? -sample : sample;
      }
      blocks.add(squares * scale, magnitudes * scale, (to - from) * scale);
    }
  }

  close(): void {
    if (this.handler === null) return;
    loaded().OpusScriptHandler.destroy_handler(this.handler);
    this.handler = null;
  }

  /** Decodes a packet at `pcmAddress`; the result is the number of its samples. */
  private take(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.handler === null || length <= 0 || length > MAX_PACKET_BYTES) return 0;
    const { HEAPU8 } = loaded();
    for (let i = 0; i < length; i++) HEAPU8[packetAddress + i] = bytes[start + i];
    return Math.max(0, this.handler._decode(packetAddress, length, pcmAddress));
  }
}
