import type { ToneBurst } from './speech-detector.js';

/**
 * `ringback`, `busy`, `congestion` (reorder), `dial`: call progress tones (ITU-T E.180); `sit`: special information tone;
 * `cng`: a fax that calls (T.30, 1100 Hz); `ced`: a fax or modem that answers (T.30, V.25, 2100 Hz); `tone`: any other.
 */
export type ToneKind = 'ringback' | 'busy' | 'congestion' | 'dial' | 'sit' | 'cng' | 'ced' | 'tone';

/** Bursts that belong together, from the first one's start to the last one's end. */
export interface Tone {
  kind: ToneKind;
  startMs: number;
  endMs: number;
  frequencies: number[];
}

/** Pauses within a cadence are shorter; the longest in use is that of a ringback, 5 s. */
const LONGEST_PAUSE_MS = 6500;
/** Bursts of a cadence have the same frequencies to within this. */
const SAME_HZ = 25;
/** A shorter hole in a tone is that of a lost packet or a phase reversal. */
const HOLE_MS = 100;
/** Call progress tones lie between 300 and 640 Hz. */
const PROGRESS_HZ = [300, 640] as const;
const LONGEST_SIT_MS = 500;

/** Names tones by frequency and cadence. @param bursts in order of time */
export function nameTones(bursts: readonly ToneBurst[]): Tone[] {
  const whole = withoutHoles(bursts);
  const tones: Tone[] = [];
  for (let i = 0; i < whole.length; ) {
    if (isSit(whole, i)) {
      tones.push(toneOf('sit', whole.slice(i, i + 3)));
      i += 3;
      continue;
    }
    let end = i + 1;
    while (end < whole.length && belongs(whole[end - 1], whole[end])) end++;
    const group = whole.slice(i, end);
    tones.push(toneOf(kindOf(group), group));
    i = end;
  }
  return tones;
}

function toneOf(kind: ToneKind, group: readonly ToneBurst[]): Tone {
  return { kind, startMs: group[0].startMs, endMs: group[group.length - 1].endMs, frequencies: group[0].frequencies };
}

function withoutHoles(bursts: readonly ToneBurst[]): ToneBurst[] {
  const whole: ToneBurst[] = [];
  for (const burst of bursts) {
    const before = whole.at(-1);
    if (before && burst.startMs - before.endMs < HOLE_MS && isSame(before, burst)) before.endMs = burst.endMs;
    else whole.push({ ...burst });
  }
  return whole;
}

function isSame(a: ToneBurst, b: ToneBurst): boolean {
  return b.frequencies.some((hz) => a.frequencies.some((other) => Math.abs(hz - other) <= SAME_HZ));
}

function belongs(before: ToneBurst, next: ToneBurst): boolean {
  return next.startMs - before.endMs <= LONGEST_PAUSE_MS && isSame(before, next);
}

/** Three rising tones one right after the other, near 950, 1400 and 1800 Hz (E.180; some networks shift the first two). */
function isSit(bursts: readonly ToneBurst[], at: number): boolean {
  if (at + 3 > bursts.length) return false;
  return [
    [880, 1010],
    [1340, 1460],
    [1740, 1830],
  ].every(([low, high], i) => {
    const { startMs, endMs, frequencies } = bursts[at + i];
    const isNext = i === 0 || startMs - bursts[at + i - 1].endMs < HOLE_MS;
    return isNext && frequencies[0] >= low && frequencies[0] <= high && endMs - startMs <= LONGEST_SIT_MS;
  });
}

function kindOf(group: readonly ToneBurst[]): ToneKind {
  const [hz] = group[0].frequencies;
  const onMs = mean(group.map(({ startMs, endMs }) => endMs - startMs));
  const isSingle = group[0].frequencies.length === 1;
  if (isSingle && Math.abs(hz - 1100) <= 38 && onMs >= 350 && onMs <= 700) return 'cng';
  if (isSingle && Math.abs(hz - 2100) <= 25 && onMs >= 800) return 'ced';
  if (!group[0].frequencies.every((f) => f >= PROGRESS_HZ[0] && f <= PROGRESS_HZ[1])) return 'tone';
  if (group.length === 1) return onMs >= 3000 ? 'dial' : 'tone';
  const pauses = group.slice(1).map(({ startMs }, i) => startMs - group[i].endMs);
  // The pause within a double ring is short, the one after it is not.
  if (Math.max(...pauses) >= 1500 && onMs >= 300) return 'ringback';
  const offMs = mean(pauses);
  if (onMs < 320 && offMs < 320) return 'congestion';
  if (onMs < 900 && offMs < 900) return 'busy';
  return 'tone';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
