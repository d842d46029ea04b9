import type { Command } from 'commander';
import { AppError } from '../core/errors.js';
import { type Network, networkNames, networkOf, networkPath } from '../impair/networks.js';
import { loadLengthMs } from '../load/spec.js';
import { hintsOf } from '../profile/hints.js';
import { readProfile } from '../profile/read.js';
import { gatesOf, profileJsonSchema } from '../profile/schema.js';
import { shippedProfiles } from '../profile/shipped.js';
import { wrapped } from '../report/text-layout.js';
import { checkFiles } from '../run/check-files.js';
import { planOf } from '../run/plan.js';
import { profilePath } from './effective-profile.js';
import { printJson } from './standard-streams.js';

export function defineProfile(command: Command): Command {
  command
    .command('check')
    .description('Check profiles and list every mistake with its line')
    .argument('<file...>', 'profiles')
    .addHelpText('after', '\nExample:\n  trunkstorm profile check my-trunk.yaml')
    .action((files: string[]) => {
      for (const file of files) check(file);
    });
  command
    .command('schema')
    .description('Print the JSON Schema of profiles, for editors')
    .addHelpText('after', '\nExample:\n  trunkstorm profile schema > trunkstorm.schema.json')
    .action(() => printJson(profileJsonSchema()));
  command
    .command('list')
    .description('List the profiles that come with trunkstorm')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  trunkstorm profile list')
    .action(({ json }: { json?: boolean }) => {
      const profiles = shippedProfiles();
      if (json) printJson(profiles);
      else for (const profile of profiles) console.log(profileText(profile));
    });
  command
    .command('networks')
    .description('List the named networks: what they do, and where their figures are from')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  trunkstorm profile networks\n  trunkstorm run headroom --network lte-poor')
    .action(({ json }: { json?: boolean }) => {
      const networks = networkNames().map(networkOf);
      if (json) printJson(networks.map((network) => ({ ...network, path: networkPath(network.name) })));
      else for (const network of networks) console.log(networkText(network));
    });
  return command;
}

/** Says what a profile amounts to, or what is wrong with it; those after it are checked all the same. */
function check(file: string): void {
  try {
    const { profile } = readProfile(profilePath(file));
    const { attempts, peakCalls } = planOf(profile);
    checkFiles(profile);
    const seconds = loadLengthMs(profile.load) / 1000;
    console.log(
      `${file}: fine: ${profile.name}, ${attempts} attempts in ${seconds} s, ${peakCalls} calls at once, ${gatesOf(profile).length} gates`,
    );
    for (const hint of hintsOf(profile)) console.log(`${file}: hint: ${hint}`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`trunkstorm: ${error.format()}\n`);
    process.exitCode = error.exitCode;
  }
}

function profileText({ name, description, path }: ReturnType<typeof shippedProfiles>[number]): string {
  const indent = ''.padEnd(18);
  return [...wrapped(description, indent, name.padEnd(18)), `${indent}${path}`].join('\n');
}

/** A network in a few lines: mean loss and delay of each direction, then the source. */
function networkText({ name, description, source, amountsTo: { uplink, downlink } }: Network): string {
  const way = ({ loss, delay }: { loss: number; delay: number }): string =>
    `${Math.round(loss * 1e5) / 1e3} %, ${Math.round(delay)} ms`;
  const indent = ''.padEnd(20);
  return `${name.padEnd(19)} ${description}\n${indent}up ${way(uplink)} · down ${way(downlink)}\n${wrapped(source, indent).join('\n')}`;
}
