import type { MediaSpec } from './spec.js';

/** Bytes that a second of received audio takes at most: L16 at 16 kHz in packets of 10 ms, headers included. */
const RECORDED_BYTES_A_SECOND = 40_000;

/** Whether call `id` is one of the share, which is spread evenly. */
export function isChosen(share: number, id: number): boolean {
  return Math.floor((id + 1) * share) > Math.floor(id * share);
}

/** Bytes to keep of what call `id` receives; `undefined` for a call that is not recorded. */
export function recordBytesOf({ record }: Pick<MediaSpec, 'record'>, id: number): number | undefined {
  if (!record) return undefined;
  const isRecorded = isChosen(record.share, id) && Math.floor(id * record.share) < record.calls;
  return isRecorded ? Math.ceil((record.for / 1000) * RECORDED_BYTES_A_SECOND) : undefined;
}
