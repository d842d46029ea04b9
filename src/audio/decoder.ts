import { CODECS, type DecodedCodec } from '../core/codecs.js';
import type { AudioBlocks } from './audio-blocks.js';
import { decodeG711, type Law } from './g711.js';
import { G722Decoder } from './g722.js';
import { decodeL16, measureL16 } from './l16.js';
import { OpusDecoder } from './opus.js';

/** Turns the packets of one stream into samples. */
export interface AudioDecoder {
  /** Decodes a payload into `samples`, at the codec's sample rate; returns their count, 0 for what is not of this codec. */
  decode(bytes: Uint8Array, start: number, end: number, samples: Int16Array): number;
  /** Gives back what lies outside of the JavaScript heap. Idempotent. */
  close(): void;
}

/** Only how loud the packets of one stream are. */
export interface LevelDecoder {
  /** Measures a payload into `blocks`, into none what is not of this codec. */
  measure(bytes: Uint8Array, start: number, end: number, blocks: AudioBlocks): void;
  close(): void;
}

/** A decoder for one stream; that of Opus is to be closed. */
export function openDecoder(codec: DecodedCodec): AudioDecoder {
  switch (codec) {
    case 'PCMU':
    case 'PCMA':
      return g711Decoder(codec);
    case 'G722':
      return g722Decoder();
    case 'L16/8000':
    case 'L16/16000':
      return l16Decoder();
    case 'opus':
      return new OpusDecoder();
    default:
      return codec satisfies never;
  }
}

/** The same for levels. G.711 needs none: its packets are summed up by table. */
export function openLevelDecoder(codec: Exclude<DecodedCodec, Law>): LevelDecoder {
  switch (codec) {
    case 'G722':
      return new G722Levels();
    case 'L16/8000':
    case 'L16/16000':
      return new L16Levels(CODECS[codec].sampleRate);
    case 'opus':
      return new OpusDecoder();
    default:
      return codec satisfies never;
  }
}

function g711Decoder(law: Law): AudioDecoder {
  return {
    decode(bytes, start, end, samples) {
      decodeG711(law, bytes, start, end - start, samples);
      return end - start;
    },
    close() {},
  };
}

function g722Decoder(): AudioDecoder {
  const decoder = new G722Decoder();
  return {
    decode(bytes, start, end, samples) {
      decoder.decode(bytes, start, end - start, samples);
      return 2 * (end - start);
    },
    close() {},
  };
}

function l16Decoder(): AudioDecoder {
  return {
    decode(bytes, start, end, samples) {
      decodeL16(bytes, start, end - start, samples);
      return (end - start) >> 1;
    },
    close() {},
  };
}

class G722Levels implements LevelDecoder {
  private readonly decoder = new G722Decoder();

  measure(bytes: Uint8Array, start: number, end: number, blocks: AudioBlocks): void {
    this.decoder.measure(bytes, start, end - start, blocks);
  }

  close(): void {}
}

class L16Levels implements LevelDecoder {
  constructor(private readonly sampleRate: number) {}

  measure(bytes: Uint8Array, start: number, end: number, blocks: AudioBlocks): void {
    measureL16(bytes, start, end, this.sampleRate, blocks);
  }

  close(): void {}
}
