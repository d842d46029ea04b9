import { descriptorLimit } from '../core/descriptor-limit.js';
import { AppError } from '../core/errors.js';
import { meanHoldMs } from '../load/hold.js';
import type { Profile } from '../profile/schema.js';
import { poolSize } from './media-setup.js';
import type { Plan } from './plan.js';
import { wholeSpan } from './rtp-ports.js';

/** RTP/RTCP pairs from port 1024 on. */
const MOST_PAIRS = (65_536 - 1024) / 2;

/** Descriptors that the program holds besides RTP sockets: files, SIP sockets, threads. */
const OTHER_DESCRIPTORS = 150;

/** File descriptors for that many RTP and RTCP port pairs, and the program's own. */
export function descriptorsNeeded(pairs: number): number {
  return pairs * 2 + OTHER_DESCRIPTORS;
}

/** A limit as it is usually given: the next power of two. */
export function roundUpLimit(needed: number): number {
  return Math.max(1024, 2 ** Math.ceil(Math.log2(needed)));
}

/** What makes so many calls at once. */
function arithmetic(profile: Profile, { peakCalls, peakCps }: Plan): string {
  if (profile.inbound) return `${peakCalls} calls at once (trunk.channels)`;
  const { hold } = profile.calls;
  const average = typeof hold === 'number' || hold.kind === 'fixed' ? '' : ' on average';
  const seconds = Math.round(meanHoldMs(hold)) / 1000;
  return `${peakCalls} calls at once (up to ${peakCps} attempts a second, ${seconds} s each${average})`;
}

/** How the range of ports could be made to do. */
function portHint(min: number, pairsNeeded: number, ownTrunk: boolean): string {
  const last = min + pairsNeeded * 2 + 199;
  if (last <= 65_535) return `Widen it, such as --rtp-ports ${min}-${last}.`;
  const share = 'Let calls share ports: `media: { sharedPorts: true }`';
  const addresses = Math.ceil(pairsNeeded / MOST_PAIRS);
  return ownTrunk
    ? `One address has ${MOST_PAIRS} pairs at most. ${share}.`
    : `One address has ${MOST_PAIRS} pairs at most. ${share}, or give ${addresses} \`media.addresses\`.`;
}

/**
 * Whether the machine has the ports and descriptors that the plan needs; nothing is opened.
 * @param limit of file descriptors; `null` where the system does not tell
 * @throws AppError PORTS_EXHAUSTED, DESCRIPTORS_EXHAUSTED
 */
export function preflight(
  profile: Profile,
  plan: Plan,
  { ownTrunk, shards }: { ownTrunk: boolean; shards: number },
  limit = descriptorLimit(),
): void {
  const sides = ownTrunk ? 2 : 1;
  const { sharedPorts, rtpPorts, addresses } = profile.media;
  const pairsNeeded = (sharedPorts ? 1 : Math.ceil(plan.peakCalls / shards)) * shards * sides;
  const { min, pairs: perAddress } = wholeSpan(rtpPorts);
  // The trunk has one address, and half of the ports; shared ones are needed on each address.
  const pairs = ownTrunk || sharedPorts ? perAddress : perAddress * (addresses?.length ?? 1);
  if (pairs < pairsNeeded)
    throw new AppError('PORTS_EXHAUSTED', 'The range of RTP ports is too small for the plan', {
      where: `media.rtpPorts ${rtpPorts}`,
      expected: `${pairsNeeded} port pairs: ${sharedPorts ? `one for each media thread, of which there are ${pairsNeeded}` : `${arithmetic(profile, plan)}${ownTrunk ? ' × 2 sides, because the far end is our own' : ''}`}`,
      found: `${pairs} pairs`,
      hint: portHint(min, pairsNeeded, ownTrunk),
    });

  // A handful of descriptors, however many calls there are.
  if (sharedPorts) return;
  const ahead = poolSize({ burst: Math.ceil(plan.burst / shards) }) * shards + (ownTrunk ? poolSize(plan) : 0);
  const pairsBound = Math.min(pairs, pairsNeeded + ahead);
  const needed = descriptorsNeeded(pairsBound);
  if (limit !== null && limit < needed)
    throw new AppError('DESCRIPTORS_EXHAUSTED', 'Too few file descriptors for the plan', {
      where: 'ulimit -n',
      expected: `${needed}: 2 × ${pairsBound} port pairs + ${OTHER_DESCRIPTORS}, for ${arithmetic(profile, plan)} on ${sides} side${sides > 1 ? 's' : ''}, and pairs bound ahead`,
      found: String(limit),
      hint: `Raise the limit: ulimit -n ${roundUpLimit(needed)}; trunkstorm doctor tells more`,
    });
}
