import { deriveSeed } from '../core/rng.js';
import { portRange } from '../flow/spec.js';
import { arrivalOffsets } from '../load/arrivals.js';
import type { MediaSetup } from '../media/link/messages.js';
import type { Profile } from '../profile/schema.js';

const TICK_MS = 2;
const MIN_POOL = 64;
const MAX_POOL = 2000;

/** How the media thread of a shard is set up for a profile. */
export function mediaSetup(name: 'swarm' | 'trunk', profile: Profile, address: string): MediaSetup {
  const { min, max } = portRange(profile.media.rtpPorts);
  const side = name === 'swarm' ? profile.calls : profile.trunk;
  return {
    driver: profile.media.driver,
    address,
    portMin: min,
    portMax: max,
    pool: Math.min(MAX_POOL, Math.max(MIN_POOL, mostIn(500, arrivalOffsets(profile.load, profile.calls.hold)))),
    audio: [side.audio, 'silence'],
    seed: deriveSeed(profile.seed, name),
    tickMs: TICK_MS,
  };
}

/** The most attempts that are due within any window of the plan. */
function mostIn(windowMs: number, offsets: Iterable<number>): number {
  const window: number[] = [];
  let first = 0;
  let most = 0;
  for (const offset of offsets) {
    window.push(offset);
    while (window[first] < offset - windowMs) first++;
    most = Math.max(most, window.length - first);
  }
  return most;
}
