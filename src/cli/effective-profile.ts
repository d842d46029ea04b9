import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Document, isScalar, parseDocument, visit } from 'yaml';
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

/** What stands for a secret in a profile that is kept. */
const MASK = '***';
/** Keys whose values are secrets. */
const SECRETS: ReadonlySet<unknown> = new Set(['password', 'token']);
/** A variable of a call: no secret, those are in the file of numbers. */
const VARIABLE = /^\{[^{}]+\}$/;

/** A path as given, or the name of a shipped profile. */
export function profilePath(given: string): string {
  if (existsSync(given)) return given;
  const shipped = join(PROFILE_FOLDER, `${basename(given, '.yaml')}.yaml`);
  return !given.includes('/') && existsSync(shipped) ? shipped : given;
}

/**
 * The profile with what the command line overrides, and its text as run, to be kept: comments stay, overrides and seed are
 * written in, passwords and the token of the control endpoint are not.
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
  if (overrides.to !== undefined) for (const key of ['targets', 'failover']) document.delete(key);
  set(['media', 'rtpPorts'], overrides.rtpPorts);
  set(['calls', 'numbers'], overrides.numbers);
  set(['impairment', 'network'], overrides.network);
  const profile = parseProfile(String(document), path);
  maskSecrets(document);
  return { profile, text: String(document) };
}

function maskSecrets(document: Document): void {
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !SECRETS.has(key.value) || !isScalar(value)) return;
      if (typeof value.value !== 'string' || !VARIABLE.test(value.value)) value.value = MASK;
    },
  });
}
