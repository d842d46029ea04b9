import { checkSound } from '../audio/sound.js';
import type { Profile } from '../profile/schema.js';
import { hasOwnFarEnd } from '../profile/targets.js';
import { readTls } from '../sip/read-tls.js';
import { soundsOfSide } from './media-setup.js';

/**
 * Makes sure that the audio and the certificates of a run can be read: what is wrong with one is told before anything starts.
 * @throws AppError FILE_UNREADABLE
 */
export function checkFiles(profile: Profile): void {
  const sides = profile.inbound
    ? (['trunk'] as const)
    : hasOwnFarEnd(profile)
      ? (['swarm', 'trunk'] as const)
      : (['swarm'] as const);
  for (const side of sides) for (const sound of Object.values(soundsOfSide(side, profile))) checkSound(sound);
  if (profile.sip.tls) readTls(profile.sip.tls);
}
