import type { Sound } from '../audio/sound.js';
import type { SessionSpec } from '../media/link/messages.js';
import { IDENTITIES } from '../probe/marker.js';
import type { MarkerTimes } from '../probe/marker-schedule.js';
import type { ConversationSpec } from './spec.js';

/** Who says a marker: callers have the even identities, callees the odd ones. */
export type ProbeSide = 'caller' | 'callee';

/** When a side says its markers, in ms from the answer, and when those of both sides are to be heard. */
export interface ProbeTimes {
  side: ProbeSide;
  after: number;
  every: number;
  heard: MarkerTimes;
}

/** Identity of a side of a call, by the number that the call has there: it comes again after 256 calls. */
export function identityOf(side: ProbeSide, call: number): number {
  return ((2 * call) % IDENTITIES) + (side === 'caller' ? 0 : 1);
}

/** When a side of a run says its markers; `null` where it says none. Our own trunk says its own halfway between the callers'. */
export function probeTimes(
  { calls, trunk }: { calls: Pick<ConversationSpec, 'probe'>; trunk: Pick<ConversationSpec, 'probe'> },
  side: ProbeSide,
): ProbeTimes | null {
  const caller = calls.probe ?? null;
  const callee = trunk.probe ?? (caller && { after: caller.after + caller.every / 2, every: caller.every });
  const own = side === 'caller' ? caller : callee;
  if (own === null) return null;
  const far = (side === 'caller' ? callee : caller) ?? own;
  const [even, odd] = side === 'caller' ? [own, far] : [far, own];
  const firstByMs = Math.max(own.after, far.after);
  return { side, ...own, heard: { callerEveryMs: even.every, calleeEveryMs: odd.every, firstByMs } };
}

/** The markers of a side, as sounds of the media thread. */
export function markerSounds(side: ProbeSide): Record<string, Sound> {
  const sounds: Record<string, Sound> = {};
  for (let call = 0; call < IDENTITIES / 2; call++) {
    const marker = identityOf(side, call);
    sounds[soundOf(marker)] = { audio: 'silence', marker, once: true };
  }
  return sounds;
}

function soundOf(identity: number): string {
  return `marker-${identity}`;
}

/** What a call of a side says from its answer on. */
export function sayMarkers({ side, after, every }: ProbeTimes, call: number): SessionSpec['says'] {
  return { sound: soundOf(identityOf(side, call)), afterMs: after, everyMs: every };
}
