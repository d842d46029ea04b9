import type { Sound } from '../audio/sound.js';
import { deriveSeed } from '../core/rng.js';
import { machineSounds } from '../flow/answering-machine.js';
import { markerSounds, probeTimes } from '../flow/probing.js';
import { soundsOf } from '../flow/sounds.js';
import { pipelinesOf } from '../impair/compose.js';
import type { MediaSetup } from '../media/link/messages.js';
import type { Profile } from '../profile/schema.js';
import type { Plan } from './plan.js';
import type { PortSpan } from './rtp-ports.js';

const TICK_MS = 2;
const MIN_POOL = 64;
const MAX_POOL = 2000;

/** Port pairs that each side keeps bound ahead. */
export function poolSize(plan: Pick<Plan, 'burst'>): number {
  return Math.min(MAX_POOL, Math.max(MIN_POOL, plan.burst));
}

/** What a side plays and says, by name. */
export function soundsOfSide(name: 'swarm' | 'trunk', profile: Profile): Record<string, Sound> {
  const probeSide = name === 'swarm' ? 'caller' : 'callee';
  return {
    ...soundsOf(name === 'swarm' ? profile.calls : profile.trunk),
    ...(name === 'trunk' && profile.trunk.outcomes?.machine ? machineSounds(profile.trunk.machine) : {}),
    ...(probeTimes(profile, probeSide) ? markerSounds(probeSide) : {}),
  };
}

/** How the media thread of a shard is set up: port pairs are kept bound ahead for the plan's largest burst. */
export function mediaSetup(
  name: 'swarm' | 'trunk',
  profile: Profile,
  plan: Pick<Plan, 'burst'>,
  address: string,
  ports: PortSpan,
): MediaSetup {
  const side = name === 'swarm' ? profile.calls : profile.trunk;
  return {
    driver: profile.media.driver,
    addresses: name === 'swarm' ? (profile.media.addresses ?? [address]) : [address],
    portMin: ports.min,
    portMax: ports.max,
    sharedPorts: profile.media.sharedPorts,
    pool: poolSize(plan),
    sounds: soundsOfSide(name, profile),
    formats: side.codecs.map((codec) => ({ codec, ptimeMs: side.ptime })),
    impairments: name === 'swarm' || profile.inbound ? Object.values(pipelinesOf(profile.impairment)).flat() : [],
    seed: deriveSeed(profile.seed, name),
    tickMs: TICK_MS,
  };
}
