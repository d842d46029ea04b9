/** The codecs that we speak, by the names that profiles, descriptions and records use. */
export const CODEC_NAMES = ['PCMU', 'PCMA', 'G722', 'L16/8000', 'L16/16000', 'opus'] as const;

export type CodecName = (typeof CODEC_NAMES)[number];

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
};

/** Packet intervals in ms that we send with. */
export const PTIMES_MS = [10, 20, 30, 40, 60] as const;

/** Whether a codec can fill packets of that length: Opus has no frames of 30 ms (RFC 6716, 2.1.4). */
export function supportsPtime(codec: CodecName, ptimeMs: number): boolean {
  return (PTIMES_MS as readonly number[]).includes(ptimeMs) && !(codec === 'opus' && ptimeMs === 30);
}
