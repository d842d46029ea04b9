import { arrivalOffsets } from '../load/arrivals.js';
import type { Profile } from '../profile/schema.js';

/** What a profile's load amounts to. */
export interface Plan {
  attempts: number;
  /** When the last attempt is due. */
  lastMs: number;
  /** The most calls that are up at once when every attempt is answered at once. */
  peakCalls: number;
  /** The most attempts that are due within half a second. */
  burst: number;
}

const BURST_MS = 500;

export function planOf(profile: Profile): Plan {
  const holds = new Window(profile.calls.hold);
  const bursts = new Window(BURST_MS);
  let attempts = 0;
  let lastMs = 0;
  for (const offset of arrivalOffsets(profile.load, profile.calls.hold)) {
    attempts++;
    lastMs = offset;
    holds.add(offset);
    bursts.add(offset);
  }
  return { attempts, lastMs, peakCalls: holds.most, burst: bursts.most };
}

/** The most of ascending offsets that lie within a length of time. */
class Window {
  private readonly offsets: number[] = [];
  private first = 0;
  most = 0;

  constructor(private readonly lengthMs: number) {}

  add(offset: number): void {
    this.offsets.push(offset);
    while (this.offsets[this.first] <= offset - this.lengthMs) this.first++;
    this.most = Math.max(this.most, this.offsets.length - this.first);
  }
}
