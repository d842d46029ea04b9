import type { DtmfTones } from '../audio/dtmf-tones.js';
import type { Sound } from '../audio/sound.js';
import { turnSounds } from '../voice/scripts.js';
import type { AgentSpec, TurnsSpec } from '../voice/spec.js';
import type { DtmfSpec } from './dtmf-spec.js';
import type { ConversationSpec } from './spec.js';
import { flowSounds } from './steps/plan.js';

/** The one sound that a side plays, as the media thread knows it. */
const SOUND = 'conversation';

/** A side, and what it says in turns: between them there is silence, or the noise of a level. */
type Side = ConversationSpec & { turns?: TurnsSpec; agent?: AgentSpec };

/** Name of what a side plays; `none` for nothing. */
export function soundName({ audio, turns, agent }: Pick<Side, 'audio' | 'turns' | 'agent'>): string {
  return audio === 'none' && !turns && !agent ? 'none' : SOUND;
}

/** The digits of a side as tones, by the name under which they are said. */
export const DTMF_SOUND = 'dtmf';

/** What a side plays and says, by name. */
export function soundsOf(side: Side): Record<string, Sound> {
  const { audio, noise, gain, clip, frames, dtmf, turns, agent } = side;
  const sounds: Record<string, Sound> = audio === 'none' ? {} : { [SOUND]: { audio, noise, gain, clip, frames } };
  if (turns || agent) {
    const under = noise?.level === undefined ? undefined : noise;
    sounds[SOUND] = { audio: 'silence', noise: under, gain };
    Object.assign(sounds, turnSounds({ turns, agent }, { noise, gain, clip }));
  }
  Object.assign(sounds, flowSounds(side.flow));
  if (dtmf?.method === 'inband') sounds[DTMF_SOUND] = { audio: 'silence', dtmf: tonesOf(dtmf), once: true };
  return sounds;
}

function tonesOf({ digits, tone, gap, level, twist }: DtmfSpec): DtmfTones {
  return { digits, toneMs: tone, gapMs: gap, levelDbm0: level, twistDb: twist };
}
