import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import { parseProfile, readProfile } from '../profile/read.js';
import type { Profile } from '../profile/schema.js';
import { PROFILE_FOLDER } from '../profile/shipped.js';

/** What the command line may say of a profile; each value was checked when it was read. */
export interface ProfileOverrides {
  to?: string;
  rtpPorts?: string;
  numbers?: string;
  network?: string;
  seed?: number;
}

/** A path as given, or the name of a shipped profile. */
export function profilePath(given: string): string {
  if (existsSync(given)) return given;
  const shipped = join(PROFILE_FOLDER, `${basename(given, '.yaml')}.yaml`);
  return !given.includes('/') && existsSync(shipped) ? shipped : given;
}

/**
 * The profile with what the command line overrides, and its text as run: comments kept, overrides and seed written in.
 */
export function effectiveProfile(given: string, overrides: ProfileOverrides): { profile: Profile; text: string } {
  const path = profilePath(given);
  const { profile: written, text } = readProfile(path);
  const document = parseDocument(text);
  const set = (keys: string[], value: unknown): void => {
    if (value !== undefined) document.setIn(keys, value);
  };
  set(['seed'], overrides.seed ?? written.seed);
  set(['target'], overrides.to);
  set(['media', 'rtpPorts'], overrides.rtpPorts);
  set(['calls', 'numbers'], overrides.numbers);
  set(['impairment', 'network'], overrides.network);
  const effective = String(document);
  return { profile: parseProfile(effective, path), text: effective };
}
