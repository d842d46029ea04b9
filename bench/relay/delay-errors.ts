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
  /** 99th percentiles of the half seconds by themselves, in ascending order: what else the machine does comes and goes. */
  p99OfHalfSecondsMs: number[];
  /** Packets that came although the impairment drops them. */
  unlikely: number;
}

/** Packets of a stream in half a second, and those of its first second: the compiler's first steps are left out. */
const HALF_SECOND = 25;
const WARM_UP = 50;

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
  const halves: number[][] = [];
  let unlikely = 0;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_BYTES;
    const number = view.getUint32(at + 4, true);
    const delay = delaysOf(view.getUint16(at, true), view.getUint16(at + 2, true))[number];
    if (Number.isNaN(delay)) unlikely++;
    else if (number >= WARM_UP)
      (halves[Math.floor((number - WARM_UP) / HALF_SECOND)] ??= []).push(
        Math.abs(Number(view.getBigInt64(at + 8, true)) / 1e6 - delay),
      );
  }
  const all = Float64Array.from(halves.flat()).sort();
  const p99s = halves.map((half) => quantile(Float64Array.from(half).sort(), 0.99)).sort((a, b) => a - b);
  return {
    packets: all.length,
    p50Ms: quantile(all, 0.5),
    p99Ms: quantile(all, 0.99),
    maxMs: quantile(all, 1),
    p99OfHalfSecondsMs: p99s,
    unlikely,
  };
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
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
