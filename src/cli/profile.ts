import { Command } from 'commander';
import { loadLengthMs } from '../load/spec.js';
import { hintsOf } from '../profile/hints.js';
import { readProfile } from '../profile/read.js';
import { profileJsonSchema } from '../profile/schema.js';
import { shippedProfiles } from '../profile/shipped.js';
import { planOf } from '../run/plan.js';
import { profilePath } from './effective-profile.js';
import { printJson } from './standard-streams.js';

export function profileCommand(): Command {
  const command = new Command('profile').description(
    'Check profiles, list those that come with trunkstorm, print the schema',
  );
  command
    .command('check')
    .description('Check profiles and list every mistake with its line')
    .argument('<file...>', 'profiles')
    .addHelpText('after', '\nExample:\n  trunkstorm profile check my-trunk.yaml')
    .action((files: string[]) => {
      for (const file of files) {
        const { profile } = readProfile(profilePath(file));
        const { attempts, peakCalls } = planOf(profile);
        const seconds = loadLengthMs(profile.load) / 1000;
        console.log(
          `${file}: fine: ${profile.name}, ${attempts} attempts in ${seconds} s, ${peakCalls} calls at once, ${profile.gates.length} gates`,
        );
        for (const hint of hintsOf(profile)) console.log(`${file}: hint: ${hint}`);
      }
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
      else for (const p of profiles) console.log(`${p.name.padEnd(14)} ${p.description}\n${''.padEnd(14)} ${p.path}`);
    });
  return command;
}
