/**
 * The packet log as it crosses threads: records one after the other in a batch, each starting on a multiple
 * of 8 bytes, little-endian.
 *
 * ```text
 * every record:  kind and length  u32: kind in the upper 8 bits, bytes of the whole record below
 *                call             u32
 *                time             f64, ms since 1970 UTC
 * fate:          ssrc, timestamp  u32 each
 *                sequence, size   u16 each (RTP header included)
 *                payload type, side, fate, marker   u8 each
 *                delay of the first copy, of the second   f64 each, ms
 * datagram:      local address, remote address   16 bytes each, an IPv4 address in the first four
 *                local port, remote port         u16 each
 *                length                          u16
 *                side, flags                     u8 each
 *                the datagram's payload, filled up to a multiple of 8 bytes
 * ```
 */
export const LogKind = { fate: 1, datagram: 2 } as const;

/** What became of a packet. */
export const LoggedFate = { delivered: 0, dropped: 1, duplicated: 2, blocked: 3, absorbed: 4 } as const;

/** Of a datagram record. */
export const LogFlag = { outgoing: 1, ipv6: 2 } as const;

// Bytes from the start of a record.
export const LOG_TIME = 8;
export const LOG_BODY = 16;
export const LOG_FATE_BYTES = 48;
export const LOG_DATAGRAM_BYTES = 56;
