import type { Command } from 'commander';
import { ExitCode } from '../core/errors.js';
import { readProfile } from '../profile/read.js';
import { hasOwnFarEnd } from '../profile/targets.js';
import { type Demand, diagnose, type Finding } from '../run/doctor.js';
import { examineMachine } from '../run/machine.js';
import { poolSize } from '../run/media-setup.js';
import { planOf } from '../run/plan.js';
import { wholeSpan } from '../run/rtp-ports.js';
import { profilePath } from './effective-profile.js';
import { portRangeText, sipUri, wholeNumber } from './options.js';
import { printJson } from './standard-streams.js';

interface DoctorFlags {
  to?: string;
  calls?: number;
  rtpPorts?: string;
  json?: boolean;
}

const MARKS: Record<Finding['state'], string> = { ok: 'ok', warn: 'warn', fail: 'FAIL', unknown: '?' };

export function defineDoctor(command: Command): Command {
  return command
    .argument('[profile]', 'the profile to be run', 'demo')
    .option('--to <uri>', 'the target that the run will have: only one end of its calls is here then', sipUri('--to'))
    .option(
      '--calls <n>',
      'calls at once, in place of what the profile amounts to',
      wholeNumber('--calls', 1, 1_000_000),
    )
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP, in place of the profile’s', portRangeText('--rtp-ports'))
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm doctor                          for the demo
  trunkstorm doctor headroom                 for a profile
  trunkstorm doctor headroom --calls 3000    for more calls than it makes
  trunkstorm doctor headroom --to sip:trunk.example.net

Exit codes: 0 nothing stands in the way · 3 the run would not start or not finish`,
    )
    .action((given: string, flags: DoctorFlags) => doctor(given, flags));
}

function doctor(given: string, flags: DoctorFlags): void {
  const { profile } = readProfile(profilePath(given));
  const plan = planOf(profile);
  const isOwnTrunk = hasOwnFarEnd(profile);
  const demand: Demand = {
    calls: flags.calls ?? plan.peakCalls,
    sides: flags.to === undefined && isOwnTrunk ? 2 : 1,
    pool: poolSize(plan),
    ports: wholeSpan(flags.rtpPorts ?? profile.media.rtpPorts),
    // The trunk has one address, and half of the ports.
    addresses: isOwnTrunk ? 1 : (profile.media.addresses?.length ?? 1),
    sharedPorts: profile.media.sharedPorts,
  };
  const findings = diagnose(examineMachine(), demand);
  const failed = findings.some((finding) => finding.state === 'fail');
  if (flags.json) printJson({ calls: demand.calls, sides: demand.sides, ok: !failed, findings });
  else print(profile.name, demand, findings, failed);
  process.exitCode = failed ? ExitCode.unusable : ExitCode.ok;
}

function print(name: string, demand: Demand, findings: readonly Finding[], failed: boolean): void {
  const own = demand.sides === 2 ? ', both ends of them on this machine' : '';
  console.log(`${name}: ${demand.calls} calls at once${own}\n`);
  for (const { name: what, state, found, needed, why, remedy } of findings) {
    console.log(`${MARKS[state].padEnd(5)} ${what.padEnd(20)} ${found}`);
    if (state === 'ok') continue;
    console.log(`${''.padEnd(26)} needed: ${needed}`);
    console.log(`${''.padEnd(26)} why:    ${why}`);
    if (remedy !== null) console.log(`${''.padEnd(26)} remedy: ${remedy}`);
  }
  console.log(failed ? '\nThe run would not start or not finish here.' : '\nNothing stands in the way.');
}
