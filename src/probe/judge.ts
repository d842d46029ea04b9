import { IDENTITIES, MARKER_DBOV } from './marker.js';
import type { HeardMarker } from './marker-window.js';

/** What markers told of one direction of a call. Levels in dB, times in ms; `null` where nothing tells. */
export interface ProbeFigures {
  /** Markers that the far side said whole; those of the last 2 s of a call count where they were heard. */
  sent: number | null;
  /** Markers heard of this call's far side. */
  heard: number | null;
  missed: number | null;
  /** Mouth-to-ear delay, the median of the markers: packetisation, codec, network and playout buffer. */
  delayMs: number | null;
  /** `one-way`: both ends have one clock; `half-round-trip`: the far end sent our own marker back. */
  delaySource: 'one-way' | 'half-round-trip' | null;
  /** Heard against said, the median of the markers. */
  levelDb: number | null;
  /** Markers heard of other calls, and the number of the call whose was heard last, where that is known. */
  crossed: number | null;
  crossedCall: number | null;
  /** Our own markers heard here as echo: how many, how late after they were said, how much quieter; medians. */
  echoes: number | null;
  echoDelayMs: number | null;
  echoReturnLossDb: number | null;
}

/** One direction, as it is known where it is heard. */
export interface ProbeInput {
  /** Of the side that hears: whose marker it says, and when each began. */
  own: { identity: number; startsMs: readonly number[] };
  /** The same of the side that is heard; `null` where it is not ours. */
  far: { identity: number; startsMs: readonly number[] } | null;
  heard: readonly HeardMarker[];
  /** When the listening ended. */
  endMs: number;
  /** The far end is known to send back what it gets. */
  isLoop: boolean;
  ptimeMs: number;
  jitterBufferMs: number;
  /** The call that an identity is of, where that is known. */
  callOf: (identity: number) => number | null;
}

/** What was said so shortly before the end may not have been heard any more. */
const PATIENCE_MS = 2000;
/** A codec may be heard this much before its time. */
const SLACK_MS = 10;
/** Our own marker at this level or louder comes from a far end that sends back all that it gets, and is no echo of a line. */
const LOOP_RETURN_LOSS_DB = 6;

export const NO_FIGURES: ProbeFigures = {
  sent: null,
  heard: null,
  missed: null,
  delayMs: null,
  delaySource: null,
  levelDb: null,
  crossed: null,
  crossedCall: null,
  echoes: null,
  echoDelayMs: null,
  echoReturnLossDb: null,
};

/** Puts together what one side said and the other one heard. */
export function judgeProbe(input: ProbeInput): ProbeFigures {
  const { own, far, heard, endMs, ptimeMs, jitterBufferMs } = input;
  const figures: ProbeFigures = { ...NO_FIGURES, crossed: 0, echoes: 0 };
  const [delays, levels, echoDelays, losses]: number[][] = [[], [], [], []];
  let count = 0;
  // Starts of markers that were heard: of the far side, and of ours.
  const [matched, returned] = [new Set<number>(), new Set<number>()];
  for (const marker of heard) {
    if (marker.identity === own.identity) {
      const startMs = startBefore(own.startsMs, marker.atMs);
      if (startMs === null) continue;
      returned.add(startMs);
      figures.echoes!++;
      echoDelays.push(marker.atMs - startMs + ptimeMs);
      losses.push(MARKER_DBOV - marker.levelDbov);
    } else if (isOfThisCall(marker.identity, input)) {
      count++;
      levels.push(marker.levelDbov - MARKER_DBOV);
      const startMs = far && startBefore(far.startsMs, marker.atMs);
      if (startMs === null) continue;
      matched.add(startMs);
      delays.push(marker.atMs - startMs + ptimeMs);
    } else {
      figures.crossed!++;
      figures.crossedCall = input.callOf(marker.identity);
    }
  }
  figures.echoDelayMs = median(echoDelays);
  figures.echoReturnLossDb = median(losses);
  const isLoop = input.isLoop || (far === null && count === 0 && (median(losses) ?? Infinity) <= LOOP_RETURN_LOSS_DB);
  if (isLoop) {
    figures.sent = counted(own.startsMs, returned, endMs);
    figures.heard = returned.size;
    figures.missed = figures.sent - returned.size;
    figures.levelDb = negative(figures.echoReturnLossDb);
    // The way there and back is without the playout buffer, which is passed once, and the packet, filled once.
    if (figures.echoDelayMs !== null) {
      const fixedMs = ptimeMs + jitterBufferMs;
      figures.delayMs = (figures.echoDelayMs - fixedMs) / 2 + fixedMs;
      figures.delaySource = 'half-round-trip';
    }
  } else {
    figures.sent = far && counted(far.startsMs, matched, endMs);
    figures.heard = far ? matched.size : count === 0 ? null : count;
    figures.missed = figures.sent === null ? null : figures.sent - matched.size;
    figures.levelDb = median(levels);
    figures.delayMs = median(delays);
    if (figures.delayMs !== null) figures.delaySource = 'one-way';
  }
  return figures;
}

/** Of a far side that is not ours nothing is known but its parity: callers' identities are even, callees' odd. */
function isOfThisCall(identity: number, { own, far }: ProbeInput): boolean {
  return far === null ? identity % 2 !== own.identity % 2 : identity === far.identity;
}

/** The last start before a moment; `null` where there is none. */
function startBefore(startsMs: readonly number[], atMs: number): number | null {
  return startsMs.findLast((startMs) => startMs <= atMs + SLACK_MS) ?? null;
}

/** How many were said early enough to be heard, or were heard. */
function counted(startsMs: readonly number[], heard: ReadonlySet<number>, endMs: number): number {
  return startsMs.filter((startMs) => startMs + PATIENCE_MS <= endMs || heard.has(startMs)).length;
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  const value = values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return Math.round(value * 1000) / 1000;
}

function negative(value: number | null): number | null {
  return value === null ? null : -value;
}

/**
 * The number that is congruent to the identity's and nearest to `near`, a call's number on that side: identities come again
 * after 256 calls, and calls whose audio is crossed are up at one time.
 */
export function nearestCall(identity: number, near: number): number {
  const family = IDENTITIES / 2;
  const behind = (((near - (identity >> 1)) % family) + family) % family;
  const below = near - behind;
  return behind > family / 2 || below < 0 ? below + family : below;
}
