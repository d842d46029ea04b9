import { decodeG711, encodeG711 } from '../audio/g711.js';
import { decodeL16, encodeL16 } from '../audio/l16.js';
import { payloadEnd, payloadStart } from '../rtp/packet.js';
import { Carried, type Fate } from './fate.js';

/** Samples that a packet may hold: those of a whole Ethernet frame of G.711. */
const MOST_SAMPLES = 1500;

/** The samples of the packet at hand, one packet at a time. */
export const frame = new Int16Array(MOST_SAMPLES);
/** Views of it by length, so that encoding a packet makes none. */
const views = new Map<number, Int16Array>();

/** Whether the audio of a packet can be changed: G.711 and L16. */
export function isPcm({ copies, carried }: Fate): boolean {
  return copies > 0 && (carried === Carried.pcmu || carried === Carried.pcma || carried === Carried.l16);
}

/** Decodes a packet of G.711 or L16 into `frame`; the result is the number of samples, 0 for a packet that is too long. */
export function readSamples({ bytes, offset, length, carried }: Fate): number {
  const start = payloadStart(bytes, offset);
  const octets = payloadEnd(bytes, offset, length) - start;
  const count = carried === Carried.l16 ? octets >> 1 : octets;
  if (count > MOST_SAMPLES) return 0;
  if (carried === Carried.l16) decodeL16(bytes, start, octets, frame);
  else decodeG711(carried === Carried.pcmu ? 'PCMU' : 'PCMA', bytes, start, count, frame);
  return count;
}

/** Encodes the first `count` samples of `frame` into the packet that they were read from. */
export function writeSamples({ bytes, offset, carried }: Fate, count: number): void {
  let samples = views.get(count);
  if (!samples) {
    samples = frame.subarray(0, count);
    views.set(count, samples);
  }
  const start = payloadStart(bytes, offset);
  if (carried === Carried.l16) encodeL16(samples, bytes, start);
  else encodeG711(carried === Carried.pcmu ? 'PCMU' : 'PCMA', samples, bytes, start);
}

/** A sample within the range of 16 bits. */
export function clamp(sample: number): number {
  return sample > 32767 ? 32767 : sample < -32768 ? -32768 : Math.round(sample);
}
