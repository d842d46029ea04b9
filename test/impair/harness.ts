import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { type PlainStage, stage } from '../../src/impair/spec.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';
import { writeEvent } from '../../src/rtp/telephone-event.js';

export const PTIME_MS = 20;
export const SAMPLES = 160;
export const MILLION = 1_000_000;
export const EVENT_TYPE = 101;

export interface Fates {
  copies: Uint8Array;
  delays: Float64Array;
  delays2: Float64Array;
}

/** Stages as a profile gives them, with the defaults filled in. */
export function stages(...list: object[]): PlainStage[] {
  return list.map((one) => stage.parse(one));
}

export function audioPacket(
  index: number,
  payloadType = 0,
  payload: Uint8Array = new Uint8Array(SAMPLES).fill(0xff),
): Uint8Array {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + payload.length);
  writeRtpHeader(bytes, 0, false, payloadType, index, index * SAMPLES, 0x1234);
  bytes.set(payload, RTP_HEADER_BYTES);
  return bytes;
}

export function eventPacket(index: number, timestamp: number, event = 5, end = false, duration = SAMPLES): Uint8Array {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + 4);
  writeRtpHeader(bytes, 0, false, EVENT_TYPE, index, timestamp, 0x1234);
  writeEvent(bytes, RTP_HEADER_BYTES, event, end, 10, duration);
  return bytes;
}

/** Sends `count` audio packets, one every 20 ms, and notes what became of each. */
export function send(line: ImpairmentPipeline, count: number, firstIndex = 0): Fates {
  const fates = {
    copies: new Uint8Array(count),
    delays: new Float64Array(count),
    delays2: new Float64Array(count),
  };
  const bytes = audioPacket(0);
  for (let i = 0; i < count; i++) {
    line.apply(bytes, 0, bytes.length, (firstIndex + i) * PTIME_MS);
    fates.copies[i] = line.copies;
    fates.delays[i] = line.delayMs;
    fates.delays2[i] = line.delayMs2;
  }
  return fates;
}

export function pipelineOf(seed: number, ...list: object[]): ImpairmentPipeline {
  return new ImpairmentPipeline(stages(...list), seed, undefined, EVENT_TYPE);
}

/** Losses, runs of losses, and their mean length. */
export function lossesOf(copies: Uint8Array): { ratio: number; meanRun: number } {
  let lost = 0;
  let runs = 0;
  for (let i = 0; i < copies.length; i++) {
    if (copies[i] > 0) continue;
    lost++;
    if (i === 0 || copies[i - 1] > 0) runs++;
  }
  return { ratio: lost / copies.length, meanRun: lost / runs };
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
