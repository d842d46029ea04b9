import type { MediaReport } from '../media/link/messages.js';
import { judgeProbe, NO_FIGURES, nearestCall } from '../probe/judge.js';
import { rateConversation } from '../quality/mos.js';
import type { CallRecord } from './call-record.js';

/** Calls whose numbers at the trunk are kept. */
const MOST_CALLS = 4096;

/** Puts together the markers that both sides of calls said and heard, and remembers which call has which number at the trunk. */
export class ProbeJoin {
  private readonly callOfCallee = new Map<number, number>();

  /** Before `joinMedia`, which takes what both sides told out of the record. */
  join(record: CallRecord, callee: CallRecord | null): void {
    const own = record.saidMarkers ?? null;
    const far = callee?.saidMarkers ?? null;
    delete record.saidMarkers;
    if (callee) this.remember(callee.id, record.id);
    const media = record.media ?? null;
    if (own === null || media === null || record.answeredMs === null) return;
    const callers = (identity: number): number => nearestCall(identity, record.id);
    const uplink =
      far && callee?.media?.markers
        ? judgeProbe({ ...heardBy(callee.media, callee), own: far, far: own, isLoop: false, callOf: callers })
        : { ...NO_FIGURES };
    const downlink = media.markers
      ? judgeProbe({
          ...heardBy(media, record),
          own,
          far,
          isLoop: media.heard.echo,
          // Where audio was exchanged, each hears the other's callee: the uplink knows the call.
          callOf: (identity) =>
            identity % 2 === 0 ? callers(identity) : (uplink.crossedCall ?? this.callerOf(identity, callee)),
        })
      : { ...NO_FIGURES };
    record.probe = { uplink, downlink };
  }

  private callerOf(identity: number, callee: CallRecord | null): number | null {
    return callee === null ? null : (this.callOfCallee.get(nearestCall(identity, callee.id)) ?? null);
  }

  private remember(callee: number, caller: number): void {
    this.callOfCallee.set(callee, caller);
    if (this.callOfCallee.size > MOST_CALLS) this.callOfCallee.delete(this.callOfCallee.keys().next().value!);
  }
}

function heardBy(
  { markers, heard }: MediaReport,
  record: CallRecord,
): Pick<Parameters<typeof judgeProbe>[0], 'heard' | 'endMs' | 'ptimeMs' | 'jitterBufferMs'> {
  return {
    heard: markers ?? [],
    endMs: record.timings.byeMs ?? record.endedMs ?? 0,
    ptimeMs: heard.mos?.ptimeMs ?? 0,
    jitterBufferMs: heard.mos?.jitterBufferMs ?? 0,
  };
}

/** Rates the conversation by the delay that the markers measured, where nothing else told one. After `joinMedia`. */
export function rateByProbe({ probe, uplink, downlink }: CallRecord): void {
  for (const [figures, direction] of [
    [probe?.uplink, uplink],
    [probe?.downlink, downlink],
  ] as const) {
    const heard = direction?.heard;
    if (heard?.mos?.cq !== null || figures?.delayMs == null) continue;
    // The codec's delay is in both, within the accuracy of what is measured.
    const { ptimeMs, jitterBufferMs, lookAheadMs } = heard.mos;
    const oneWayDelayMs = Math.max(0, figures.delayMs - ptimeMs - jitterBufferMs - lookAheadMs);
    rateConversation(heard, { oneWayDelayMs, source: 'probe' });
  }
}
