/** Static payload types of RFC 3551 that we send and hear. */
export const CODECS = {
  PCMU: { payloadType: 0, clockRate: 8000 },
  PCMA: { payloadType: 8, clockRate: 8000 },
} as const;

export type SdpCodec = keyof typeof CODECS;

/** Payload type that our own offers give telephone-event (RFC 4733). */
export const EVENT_PAYLOAD_TYPE = 101;
