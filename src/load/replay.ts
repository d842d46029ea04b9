import { deriveSeed, Rng } from '../core/rng.js';

/** Who called whom, as far as that was recorded. */
export type RecordedNumbers = Partial<Record<'from' | 'to', string>>;

/** Calls of a stretch of time as they were recorded: ms from its start, ascending, and how long each lasted. */
export interface RecordedCalls {
  atMs: number[];
  holdMs: number[];
  /** None where they are not asked for. */
  numbers: RecordedNumbers[];
}

/** A call that is made again. */
export interface ReplayedCall {
  atMs: number;
  holdMs: number;
  numbers?: RecordedNumbers;
}

/** A further copy of a call begins up to so long before or after it. */
const SCATTER_MS = 30_000;

/**
 * So many times the recorded calls, `factor` × their number to within a half. Each is made as often as the whole part says, at its
 * own time; further copies begin within half a minute of it. For the fractional part a share of the calls is drawn.
 */
export function replay(
  { atMs, holdMs, numbers }: RecordedCalls,
  factor: number,
  lengthMs: number,
  seed: number,
): ReplayedCall[] {
  const rng = new Rng(deriveSeed(seed, 'replay'));
  const whole = Math.floor(factor);
  let wanted = Math.round((factor - whole) * atMs.length);
  const calls: ReplayedCall[] = [];
  for (const [i, recordedMs] of atMs.entries()) {
    // Each set of so many calls is as likely as any other (selection sampling).
    const isDrawn = rng.uniform() * (atMs.length - i) < wanted;
    if (isDrawn) wanted--;
    const copies = whole + (isDrawn ? 1 : 0);
    for (let copy = 0; copy < copies; copy++) {
      const shifted = copy === 0 ? recordedMs : recordedMs + (2 * rng.uniform() - 1) * SCATTER_MS;
      calls.push({ atMs: within(shifted, lengthMs), holdMs: holdMs[i], numbers: numbers[i] });
    }
  }
  return calls.sort((a, b) => a.atMs - b.atMs);
}

/** What lies outside is mirrored at the edge. */
function within(ms: number, lengthMs: number): number {
  const inner = ms < 0 ? -ms : ms > lengthMs ? 2 * lengthMs - ms : ms;
  return Math.min(Math.max(0, inner), lengthMs);
}
