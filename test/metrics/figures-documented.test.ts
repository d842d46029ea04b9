import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { figureOf, figurePaths } from '../../src/metrics/figures.js';
import { demoSummary } from '../fixtures/run.js';

const text = readFileSync(new URL('../../docs/figures.md', import.meta.url), 'utf8');

/** Of each row of the table of keys: the keys, and what is named of them; `a.b` names both parts. */
const rows = text
  .slice(text.indexOf('## summary.json, key by key'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, keys, ...rest] = line.split('|');
    const names = [...rest.join('|').matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name.match(/[A-Za-z0-9-]+/g) ?? []);
    return { keys: [...keys.matchAll(/`([^`]+)`/g)].map(([, key]) => key), names: new Set(names) };
  });

/** What each distribution has is told once, above the table, and counts of calls in a section of their own. */
const TOLD_ABOVE = new Set(['p50', 'p95', 'p99', 'max', 'min', 'p5', 'mean', '*']);
const calls = text.slice(text.indexOf('## Calls'), text.indexOf('## SIP'));
const server = text.slice(text.indexOf('`sip.server` is'), text.indexOf('## SIP trace'));

it('every figure that a gate can name stands in docs/figures.md', () => {
  const undocumented = figurePaths().filter((path) => {
    const parts = path.split('.');
    return !rows.some(({ keys, names }) =>
      keys.some((key) => {
        const depth = key.split('.').length;
        if (parts.slice(0, depth).join('.') !== key) return false;
        return parts.slice(depth).every((part) => {
          if (TOLD_ABOVE.has(part) || names.has(part)) return true;
          if (key === 'calls') return calls.includes(`\`${part}\``);
          return parts[1] === 'server' && new RegExp(`\\b${part}\\b`).test(server);
        });
      }),
    );
  });
  expect(undocumented).toEqual([]);
});

it('every key in the table of docs/figures.md is one of summary.json', () => {
  const known = new Set([
    ...Object.keys(demoSummary()),
    ...prefixes(figurePaths()),
    'schema',
    'trunk.own',
    'media.label',
  ]);
  expect(rows.flatMap(({ keys }) => keys).filter((key) => !known.has(key))).toEqual([]);
});

it('every name in that table is one of a figure, or of a table that src/metrics describes', () => {
  const known = new Set([...figurePaths().flatMap((path) => path.split('.')), ...described()]);
  const wrong = rows.flatMap(({ keys, names }) =>
    [...names].filter((name) => /[a-z][A-Z]/.test(name) && !known.has(name)).map((name) => `${keys[0]}: ${name}`),
  );
  expect(wrong.filter((name) => !OF_OTHER_ROOMS.has(name))).toEqual([]);
});

it('every dotted path of a figure in docs/figures.md leads to one', () => {
  const known = new Set(prefixes([...figurePaths(), ...paths(demoSummary())]));
  const top = new Set(figurePaths().map((path) => path.split('.')[0]));
  const wrong = [...text.matchAll(/`([a-z]+\.[A-Za-z0-9.*-]+)`/g)]
    .map(([, path]) => path.replace('.*.', '.uplink.').replace(/\.\*$/, ''))
    .filter((path) => top.has(path.split('.')[0]) && figureOf(path) === null && !known.has(path));
  expect(wrong.filter((path) => !OF_OTHERS.has(path))).toEqual([]);
});

/** What a row tells of profiles. */
const OF_OTHER_ROOMS = new Set(['media: sharedPorts']);
/** Fields of profiles, files and call records. */
const OF_OTHERS = new Set([
  'media.timeout',
  'media.jitterBuffer',
  'media.levels',
  'dtmf.late',
  'dtmf.uplink.digits',
  'calls.turns',
  'calls.ndjson',
  'sip.pcap',
]);

/** The names of all fields of the interfaces that summaries and call records are made of. */
function described(): string[] {
  const room = new URL('../../src/metrics/', import.meta.url);
  return readdirSync(room).flatMap((file) =>
    [...readFileSync(new URL(file, room), 'utf8').matchAll(/(?:^ +|[{;] )(?:readonly )?(\w+)\??: /gm)].map(
      ([, name]) => name,
    ),
  );
}

function prefixes(paths: readonly string[]): string[] {
  return paths.flatMap((path) => path.split('.').map((_, i, parts) => parts.slice(0, i + 1).join('.')));
}

function paths(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, child]) => {
    const inner: unknown = Array.isArray(child) ? child[0] : child;
    const path = `${prefix}${key}`;
    return typeof inner === 'object' && inner !== null ? [path, ...paths(inner, `${path}.`)] : [path];
  });
}
