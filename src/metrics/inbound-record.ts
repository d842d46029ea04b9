import { isOpaque } from '../core/codecs.js';
import type { Span } from '../voice/turns.js';
import type { CallRecord } from './call-record.js';

/** What was heard of who called, of an answered call that came in. All times are from our answer. */
export interface CallerHeard {
  /** The caller's first word, as it was played to us; `null` where it never spoke. */
  firstWordMs: number | null;
  /** Only of a call that a machine answered. */
  machine: MachineHeard | null;
}

export interface MachineHeard {
  /** When the greeting began, and when the beep had ended; `null` where the call ended before. */
  greetingMs: number | null;
  beepEndMs: number | null;
  /** For how long the caller spoke between the two, or up to the end of the call. */
  talkOverMs: number;
  /** Its first word after the beep. */
  messageMs: number | null;
}

/** @returns `null` where the call was not answered, or nobody listened. Before the media parts are joined and times rebased. */
export function callerHeard({ answeredMs, timings, endedMs, media, machine }: CallRecord): CallerHeard | null {
  const spans = media?.overheard ?? media?.talk?.theirs;
  // What cannot be decoded says nothing.
  if (answeredMs === null || !spans || !media?.codec || isOpaque(media.codec)) return null;
  const since = (ms: number | null | undefined): number | null =>
    ms === null || ms === undefined ? null : Math.round((ms - answeredMs) * 1000) / 1000;
  const first = spans.find(({ startMs }) => startMs >= answeredMs);
  if (!machine) return { firstWordMs: since(first?.startMs), machine: null };
  const { greetingMs, beepEndMs } = machine;
  const untilMs = beepEndMs ?? timings.byeMs ?? endedMs ?? answeredMs;
  return {
    firstWordMs: since(first?.startMs),
    machine: {
      greetingMs: since(greetingMs),
      beepEndMs: since(beepEndMs),
      talkOverMs: greetingMs === null ? 0 : Math.round(spokenWithin(spans, greetingMs, untilMs) * 1000) / 1000,
      messageMs: beepEndMs === null ? null : since(spans.find(({ startMs }) => startMs >= beepEndMs)?.startMs),
    },
  };
}

function spokenWithin(spans: readonly Span[], fromMs: number, untilMs: number): number {
  return spans.reduce(
    (sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, untilMs) - Math.max(startMs, fromMs)),
    0,
  );
}
