import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError } from '../core/errors.js';
import { duration, ratio } from '../core/units.js';
import { pipeline } from './spec.js';

/** The folder of the named networks; the same from src and from dist. */
const FOLDER = fileURLToPath(new URL('../../profiles/networks/', import.meta.url));

const figures = z
  .strictObject({
    loss: ratio.describe('Mean share of packets lost'),
    delay: duration.describe('Mean delay'),
  })
  .describe('What the stages of a direction amount to');

const networkSpec = z.strictObject({
  description: z.string(),
  source: z.string().describe('Where the figures are from'),
  amountsTo: z.strictObject({ uplink: figures, downlink: figures }),
  uplink: pipeline,
  downlink: pipeline,
});

/** A network by name: what it does to each direction, and where its figures are from. */
export type Network = z.infer<typeof networkSpec> & { name: string };

const NAME = /^[a-z0-9][a-z0-9-]*$/;
const known = new Map<string, Network>();

/** The names of the networks that come with the program. */
export function networkNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** The file of a network. */
export function networkPath(name: string): string {
  return join(FOLDER, `${name}.yaml`);
}

/** Whether there is a network of that name. */
export function isNetwork(name: string): boolean {
  return NAME.test(name) && (known.has(name) || existsSync(networkPath(name)));
}

/** @throws AppError for a name that no network has, and for a file that is none */
export function networkOf(name: string): Network {
  const found = known.get(name);
  if (found) return found;
  if (!isNetwork(name))
    throw new AppError('ARGUMENT_INVALID', 'There is no network of that name', {
      expected: networkNames().join(', '),
      found: name,
      hint: '`trunkstorm profile networks` says what they are.',
    });
  const read = networkSpec.safeParse(parse(readFileSync(networkPath(name), 'utf8')));
  if (!read.success)
    throw new AppError('PROFILE_INVALID', `The network has a mistake: ${read.error.issues[0].message}`, {
      where: `${networkPath(name)} ${read.error.issues[0].path.join('.')}`,
    });
  const network = { ...read.data, name };
  known.set(name, network);
  return network;
}
