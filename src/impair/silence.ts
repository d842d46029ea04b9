import { payloadEnd, payloadStart } from '../rtp/packet.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';
import { room } from './room.js';

/**
 * The byte that stands for silence, over and over; −1 where a codec has none. For G.722 it is the one with which a decoder
 * comes to rest lowest, at −63 dBov.
 */
const SILENT_BYTE: Readonly<Record<Carried, number>> = {
  [Carried.unknownAudio]: -1,
  [Carried.pcmu]: 0xff,
  [Carried.pcma]: 0xd5,
  [Carried.l16]: 0,
  [Carried.g722]: 0xfc,
  [Carried.opus]: -1,
  [Carried.event]: -1,
  [Carried.comfortNoise]: -1,
  [Carried.notRtp]: -1,
};

/** RFC 6716, 3.1: the number in the upper five bits of a packet tells its mode, bandwidth and frame size, this in units of 2.5 ms. */
const SILK_UNITS = [4, 8, 16, 24];
const HYBRID_UNITS = [4, 8];
const CELT_UNITS = [1, 2, 4, 8];
/** CELT, full band, mono, frames of 2.5 ms; each of the next three has frames twice as long. */
const CELT_FULL_BAND = 28;
/** 3.2: several frames in a packet, all of one size. */
const CODE_SEVERAL = 3;
/** A frame that begins with the flag of silence (4.3), as libopus writes it. */
const SILENT_FRAME = [0xff, 0xfe];
/** 3.2.5: at most 120 ms. */
const MOST_UNITS = 48;
const MOST_BYTES = 2 + MOST_UNITS * SILENT_FRAME.length;

/** Digital silence in place of the audio, for as long as each packet lasts. No draws. */
export class Silence implements StageModel {
  constructor(private readonly tally: FaultTally) {}

  apply(fate: Fate): void {
    if (fate.copies === 0) return;
    const { bytes, offset, length, carried } = fate;
    if (carried === Carried.opus) {
      if (silenceOpus(fate)) this.tally.count++;
      return;
    }
    const byte = SILENT_BYTE[carried];
    if (byte < 0) return;
    const end = payloadEnd(bytes, offset, length);
    for (let i = payloadStart(bytes, offset); i < end; i++) bytes[i] = byte;
    this.tally.count++;
  }
}

/** Makes the packet one of silent frames in `room`; false for one that is no Opus, or whose header does not fit. */
function silenceOpus(fate: Fate): boolean {
  const { bytes, offset } = fate;
  const start = payloadStart(bytes, offset);
  const units = unitsOf(bytes, start, payloadEnd(bytes, offset, fate.length));
  const header = start - offset;
  if (units === 0 || header + MOST_BYTES > room.length) return false;
  for (let i = 0; i < header; i++) room[i] = bytes[offset + i];
  // What was padded is no longer.
  room[0] &= ~0x20;
  // The longest frames that the time is a whole number of.
  let size = 3;
  while (units % CELT_UNITS[size] !== 0) size--;
  const frames = units / CELT_UNITS[size];
  let at = header;
  room[at++] = ((CELT_FULL_BAND + size) << 3) | (frames === 1 ? 0 : CODE_SEVERAL);
  if (frames > 1) room[at++] = frames;
  for (let i = 0; i < frames; i++) {
    room[at++] = SILENT_FRAME[0];
    room[at++] = SILENT_FRAME[1];
  }
  fate.bytes = room;
  fate.offset = 0;
  fate.length = at;
  return true;
}

/** How long an Opus packet lasts, in units of 2.5 ms (RFC 6716, 3.1 and 3.2); 0 for none. */
function unitsOf(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const config = bytes[start] >> 3;
  const code = bytes[start] & 3;
  const size = config < 12 ? SILK_UNITS[config & 3] : config < 16 ? HYBRID_UNITS[config & 1] : CELT_UNITS[config & 3];
  if (code < CODE_SEVERAL) return code === 0 ? size : 2 * size;
  if (start + 1 >= end) return 0;
  const units = size * (bytes[start + 1] & 0x3f);
  return units > MOST_UNITS ? 0 : units;
}
