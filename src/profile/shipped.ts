import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readProfile } from './read.js';

/** The folder of the profiles that come with the program; the same from src and from dist. */
export const PROFILE_FOLDER = fileURLToPath(new URL('../../profiles/', import.meta.url));

/** Name, description and path of each shipped profile. */
export function shippedProfiles(): { name: string; description: string; path: string }[] {
  return readdirSync(PROFILE_FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const path = join(PROFILE_FOLDER, file);
      const { profile } = readProfile(path);
      return { name: basename(file, '.yaml'), description: profile.description, path };
    });
}
