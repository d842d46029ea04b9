import { figurePaths } from '../metrics/figures.js';

/** Lists that a summary has, and what it says of ratings, by direction. */
const LISTS = ['gates', 'readiness', 'trunks', 'run.invalidReasons', 'run.threads'];
const TABLES = ['run', ...['uplink', 'downlink'].map((way) => `media.${way}.mosModel`)];

/**
 * What a summary lacks of what this version writes, by its paths, such as `media.impaired` of one that an older version wrote.
 * What was not measured is there, as `null`; its parts are not looked for.
 */
export function missingFrom(summary: Record<string, unknown>): string[] {
  const missing = new Set<string>();
  for (const path of [...figurePaths(), ...TABLES, ...LISTS]) {
    const lack = firstLack(summary, path.split('.'));
    if (lack !== null) missing.add(lack);
  }
  for (const path of TABLES) {
    const value = at(summary, path);
    if (value !== undefined && value !== null && !isTable(value))
      missing.add(`${path} (${typeof value} in place of a table)`);
  }
  for (const path of LISTS) if (at(summary, path) !== undefined && !Array.isArray(at(summary, path))) missing.add(path);
  return [...missing];
}

/** The first part of a path that is not there; `null` where all of it is, or something on the way is `null`. */
function firstLack(summary: Record<string, unknown>, keys: readonly string[]): string | null {
  let node: unknown = summary;
  for (const [i, key] of keys.entries()) {
    if (node === null || key === '*') return null;
    if (!isTable(node) || !Object.hasOwn(node, key)) return keys.slice(0, i + 1).join('.');
    node = node[key];
  }
  return null;
}

function at(summary: Record<string, unknown>, path: string): unknown {
  let node: unknown = summary;
  for (const key of path.split('.')) node = isTable(node) ? node[key] : undefined;
  return node;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
