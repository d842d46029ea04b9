/**
 * The payload of telephone-event packets (RFC 4733, section 2.3).
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 * ```
 */
export const EVENT_PAYLOAD_BYTES = 4;

/** The longest duration that the field holds, in timestamp units; longer events are sent in segments (section 2.5.1.3). */
export const MAX_EVENT_DURATION = 0xffff;

/** Event codes of section 3.2: the sixteen keys, and the hook flash. */
export const EVENT = { star: 10, pound: 11, a: 12, b: 13, c: 14, d: 15, flash: 16 } as const;

const KEYS = '0123456789*#ABCD';

/** The key of an event code 0–15; `null` for any other event. */
export function digitOfEvent(event: number): string | null {
  return event >= 0 && event < KEYS.length ? KEYS[event] : null;
}

/** The event code of a key (`0`–`9`, `*`, `#`, `A`–`D`, lower case too); `null` for any other character. */
export function eventOfDigit(digit: string): number | null {
  if (digit.length !== 1) return null;
  const code = KEYS.indexOf(digit.toUpperCase());
  return code < 0 ? null : code;
}

export function eventCodeAt(bytes: Uint8Array, payloadStart: number): number {
  return bytes[payloadStart];
}

export function isEndAt(bytes: Uint8Array, payloadStart: number): boolean {
  return (bytes[payloadStart + 1] & 0x80) !== 0;
}

/** Level in −dBm0 without its sign, 0–63. */
export function volumeAt(bytes: Uint8Array, payloadStart: number): number {
  return bytes[payloadStart + 1] & 0x3f;
}

/** Duration so far in timestamp units. */
export function durationAt(bytes: Uint8Array, payloadStart: number): number {
  return (bytes[payloadStart + 2] << 8) | bytes[payloadStart + 3];
}

/** Writes the four bytes. `volume` is the level in −dBm0, 0–63; `duration` in timestamp units. */
export function writeEvent(
  bytes: Uint8Array,
  offset: number,
  event: number,
  end: boolean,
  volume: number,
  duration: number,
): void {
  bytes[offset] = event;
  bytes[offset + 1] = (end ? 0x80 : 0) | (volume & 0x3f);
  bytes[offset + 2] = duration >>> 8;
  bytes[offset + 3] = duration;
}

/** Replaces the duration, in timestamp units. */
export function setDuration(bytes: Uint8Array, payloadStart: number, duration: number): void {
  bytes[payloadStart + 2] = duration >>> 8;
  bytes[payloadStart + 3] = duration;
}
