import { AppError } from '../core/errors.js';
import { arrivals } from '../load/arrivals.js';
import { EndTimes } from '../load/end-times.js';
import type { Profile } from '../profile/schema.js';
import type { InboundSpec } from '../trunk/inbound-spec.js';

/** What a profile's load amounts to. */
export interface Plan {
  attempts: number;
  /** When the last attempt is due. */
  lastMs: number;
  /** When the last call ends, if every attempt is answered at once. */
  endMs: number;
  /** The most calls that are up at once when every attempt is answered at once. */
  peakCalls: number;
  /** The most attempts that are due within half a second. */
  burst: number;
  /** The most attempts that are due within any second. */
  peakCps: number;
}

const BURST_MS = 500;
/** A day and a half at 150 cps; beyond it a load is rather a slip of the pen, and counting it would take minutes. */
const MOST_ATTEMPTS = 20_000_000;

/** @throws AppError PROFILE_INVALID when the load never ends, or makes more than so many attempts */
export function planOf(profile: Profile, mostAttempts = MOST_ATTEMPTS): Plan {
  if (profile.inbound) return inboundPlan(profile, profile.inbound);
  const ends = new EndTimes();
  const bursts = new Window(BURST_MS);
  const seconds = new Window(1000);
  let attempts = 0;
  let lastMs = 0;
  let endMs = 0;
  let peakCalls = 0;
  for (const { atMs, holdMs } of arrivals(profile.load, profile.calls.hold, profile.seed)) {
    if (++attempts > mostAttempts)
      throw new AppError('PROFILE_INVALID', 'The load amounts to more attempts than a run can make', {
        where: 'load',
        expected: `${mostAttempts} attempts at most`,
        hint: 'Lower rates or lengths; a number of concurrent calls needs a `calls.hold` above 0.',
      });
    lastMs = atMs;
    endMs = Math.max(endMs, atMs + holdMs);
    ends.forgetUntil(atMs);
    ends.add(atMs + holdMs);
    peakCalls = Math.max(peakCalls, ends.count);
    bursts.add(atMs);
    seconds.add(atMs);
  }
  return { attempts, lastMs, endMs, peakCalls, burst: bursts.most, peakCps: seconds.most };
}

/** Calls that come in are nobody's attempts: as many may be up as there are channels. */
function inboundPlan({ trunk }: Profile, { for: lengthMs, runOut }: InboundSpec): Plan {
  const { channels } = trunk;
  return {
    attempts: 0,
    lastMs: lengthMs,
    endMs: lengthMs + runOut,
    peakCalls: channels,
    burst: Math.ceil(channels / 2),
    peakCps: 0,
  };
}

/** Offsets that have left a window are kept until they are many. */
const TRIM_FROM = 10_000;

/** The most of ascending offsets that lie within a length of time. */
class Window {
  private readonly offsets: number[] = [];
  private first = 0;
  most = 0;

  constructor(private readonly lengthMs: number) {}

  add(offset: number): void {
    this.offsets.push(offset);
    while (this.offsets[this.first] <= offset - this.lengthMs) this.first++;
    if (this.first > TRIM_FROM && this.first * 2 > this.offsets.length) {
      this.offsets.splice(0, this.first);
      this.first = 0;
    }
    this.most = Math.max(this.most, this.offsets.length - this.first);
  }
}
