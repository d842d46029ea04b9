import { readFileSync } from 'node:fs';
import { deriveSeed } from '../../src/core/rng.js';
import { pipelinesOf } from '../../src/impair/compose.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { readImpairment } from '../../src/profile/read.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';

const RECORD_BYTES = 16;
const PTIME_MS = 20;
/** As `OurRelay` starts the relay. */
const SEED = 1;

export interface DelayErrors {
  packets: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Packets that came although the impairment drops them. */
  unlikely: number;
}

/**
 * How far the delays that the far ends observed are from those that were injected: the impairments of each call and direction
 * are computed anew from the seed, packet by packet, which is right as long as they do not depend on the moment of arrival and
 * every packet reached the relay.
 */
export function delayErrors(delaysFile: string, impairment: string): DelayErrors {
  const bytes = readFileSync(delaysFile);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = bytes.length / RECORD_BYTES;
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, view.getUint32(i * RECORD_BYTES + 4, true));
  const injected = new Map<string, Float64Array>();
  const stages = pipelinesOf(readImpairment(impairment));
  const delaysOf = (call: number, side: number): Float64Array => {
    const name = `${call} ${side}`;
    let delays = injected.get(name);
    if (delays === undefined) {
      delays = compute(
        side === 0 ? stages.uplink : stages.downlink,
        call,
        side === 0 ? 'uplink' : 'downlink',
        most + 1,
      );
      injected.set(name, delays);
    }
    return delays;
  };
  const errors = new Float64Array(count);
  let packets = 0;
  let unlikely = 0;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_BYTES;
    const delays = delaysOf(view.getUint16(at, true), view.getUint16(at + 2, true));
    const delay = delays[view.getUint32(at + 4, true)];
    if (Number.isNaN(delay)) unlikely++;
    else errors[packets++] = Math.abs(Number(view.getBigInt64(at + 8, true)) / 1e6 - delay);
  }
  const sorted = errors.subarray(0, packets).sort();
  const at = (q: number): number => sorted[Math.min(packets - 1, Math.floor(q * packets))];
  return { packets, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), unlikely };
}

/** The delay of each packet of a stream; NaN for those that are dropped. */
function compute(
  stages: ReturnType<typeof pipelinesOf>['uplink'],
  call: number,
  direction: 'uplink' | 'downlink',
  count: number,
): Float64Array {
  // As the static door names its paths.
  const pipeline = new ImpairmentPipeline(stages, deriveSeed(SEED, `path-${call + 1}`, direction));
  const packet = new Uint8Array(RTP_HEADER_BYTES + 160);
  const delays = new Float64Array(count);
  for (let number = 0; number < count; number++) {
    writeRtpHeader(packet, 0, false, 0, number & 0xffff, number * 160, 1);
    pipeline.apply(packet, 0, packet.length, number * PTIME_MS);
    delays[number] = pipeline.copies === 0 ? Number.NaN : pipeline.delayMs;
  }
  return delays;
}
