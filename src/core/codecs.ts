/** The codecs that we encode and decode. */
export const DECODED_CODEC_NAMES = ['PCMU', 'PCMA', 'G722', 'L16/8000', 'L16/16000', 'opus'] as const;
/** The codecs whose frames are opaque to us: those of a file are sent, and nobody can tell how loud those are that come. */
export const OPAQUE_CODEC_NAMES = ['G729', 'AMR', 'AMR-WB', 'EVS'] as const;
/** The codecs that we speak, by the names that profiles, descriptions and records use. */
export const CODEC_NAMES = [...DECODED_CODEC_NAMES, ...OPAQUE_CODEC_NAMES] as const;

export type DecodedCodec = (typeof DECODED_CODEC_NAMES)[number];
export type OpaqueCodec = (typeof OPAQUE_CODEC_NAMES)[number];
export type CodecName = DecodedCodec | OpaqueCodec;

export interface CodecFacts {
  /** As in a=rtpmap: name, RTP clock, channels where there may be several. */
  encoding: string;
  /** The static payload type (RFC 3551, table 4), or the dynamic one that our own offers give it. */
  payloadType: number;
  isStatic: boolean;
  /** RTP clock in Hz. */
  clockRate: 8000 | 16000 | 48000;
  /** Rate of the audio in Hz: that of G.722 is twice its clock. */
  sampleRate: 8000 | 16000 | 48000;
  fmtp: string | null;
}

export const CODECS: Readonly<Record<CodecName, CodecFacts>> = {
  PCMU: { encoding: 'PCMU/8000', payloadType: 0, isStatic: true, clockRate: 8000, sampleRate: 8000, fmtp: null },
  PCMA: { encoding: 'PCMA/8000', payloadType: 8, isStatic: true, clockRate: 8000, sampleRate: 8000, fmtp: null },
  G722: { encoding: 'G722/8000', payloadType: 9, isStatic: true, clockRate: 8000, sampleRate: 16000, fmtp: null },
  'L16/8000': {
    encoding: 'L16/8000',
    payloadType: 96,
    isStatic: false,
    clockRate: 8000,
    sampleRate: 8000,
    fmtp: null,
  },
  'L16/16000': {
    encoding: 'L16/16000',
    payloadType: 97,
    isStatic: false,
    clockRate: 16000,
    sampleRate: 16000,
    fmtp: null,
  },
  // RFC 7587, 4.1 and 7: always 48000 and two channels in the rtpmap, whatever is sent.
  opus: {
    encoding: 'opus/48000/2',
    payloadType: 111,
    isStatic: false,
    clockRate: 48000,
    sampleRate: 48000,
    fmtp: 'sprop-maxcapturerate=48000;useinbandfec=0',
  },
  G729: { encoding: 'G729/8000', payloadType: 18, isStatic: true, clockRate: 8000, sampleRate: 8000, fmtp: null },
  // RFC 4867, 8.1 and 8.2: without octet-align, frames would lie at single bits.
  AMR: {
    encoding: 'AMR/8000',
    payloadType: 98,
    isStatic: false,
    clockRate: 8000,
    sampleRate: 8000,
    fmtp: 'octet-align=1',
  },
  'AMR-WB': {
    encoding: 'AMR-WB/16000',
    payloadType: 99,
    isStatic: false,
    clockRate: 16000,
    sampleRate: 16000,
    fmtp: 'octet-align=1',
  },
  // 3GPP TS 26.445, annex A.3: the clock is 16 kHz whatever the band.
  EVS: { encoding: 'EVS/16000', payloadType: 100, isStatic: false, clockRate: 16000, sampleRate: 16000, fmtp: null },
};

export function isOpaque(codec: CodecName): codec is OpaqueCodec {
  return (OPAQUE_CODEC_NAMES as readonly CodecName[]).includes(codec);
}

/** Packet intervals in ms that we send with. */
export const PTIMES_MS = [10, 20, 30, 40, 60] as const;

/**
 * Whether a codec can fill packets of that length: Opus has no frames of 30 ms (RFC 6716, 2.1.4), those of AMR and EVS are
 * all 20 ms long.
 */
export function supportsPtime(codec: CodecName, ptimeMs: number): boolean {
  if (!(PTIMES_MS as readonly number[]).includes(ptimeMs)) return false;
  if (codec === 'AMR' || codec === 'AMR-WB' || codec === 'EVS') return ptimeMs % 20 === 0;
  return !(codec === 'opus' && ptimeMs === 30);
}
