import { Command, CommanderError } from 'commander';
import { AppError, ExitCode } from '../core/errors.js';
import { forgiveClosedOutput } from './standard-streams.js';
import { version } from './version.js';

/** A verb's options and what it does are loaded when it is called: all of them together take most of a second. */
interface Verb {
  name: string;
  description: string;
  load: () => Promise<(command: Command) => Command>;
}

const VERBS: readonly Verb[] = [
  {
    name: 'run',
    description: 'Run a profile: place calls, listen, judge',
    load: async () => (await import('./run.js')).defineRun,
  },
  {
    name: 'capacity',
    description: 'Find out how many calls at once, and how many a second, a trunk carries, and what sets the limit',
    load: async () => (await import('./capacity.js')).defineCapacity,
  },
  {
    name: 'trunk',
    description: 'Be a trunk: N channels, a CPS cap, faults; until Ctrl-C',
    load: async () => (await import('./trunk.js')).defineTrunk,
  },
  {
    name: 'relay',
    description: 'Stand between two ends of a call and be a bad network; until Ctrl-C',
    load: async () => (await import('./relay.js')).defineRelay,
  },
  {
    name: 'drachtio',
    description: 'Be a drachtio server for drachtio-srf applications, until Ctrl-C',
    load: async () => (await import('./drachtio.js')).defineDrachtio,
  },
  {
    name: 'capture',
    description: 'Look into capture files',
    load: async () => (await import('./capture.js')).defineCapture,
  },
  {
    name: 'report',
    description: 'Print the summary of an earlier run and build its HTML report anew',
    load: async () => (await import('./report.js')).defineReport,
  },
  {
    name: 'profile',
    description: 'Check profiles, list those that come with trunkstorm, print the schema',
    load: async () => (await import('./profile.js')).defineProfile,
  },
  {
    name: 'doctor',
    description: 'Tell whether this machine can carry a run: descriptors, ports, buffers, cores, memory',
    load: async () => (await import('./doctor.js')).defineDoctor,
  },
];

const program = new Command('trunkstorm')
  .description(
    'SIP telephony stress tester and network-impairment simulator: thousands of calls with real RTP both ways, and a verdict.',
  )
  .version(version)
  .addHelpText(
    'after',
    `
Examples:
  trunkstorm run                             the demo, on this machine alone
  trunkstorm run headroom --to sip:10.0.0.5  does it carry what was ordered?
  trunkstorm capacity --to sip:10.0.0.5      how many calls does it carry?
  trunkstorm trunk --channels 100            be a trunk of 100 channels
  trunkstorm relay --ng 127.0.0.1:22222      a bad network in rtpengine's place
  trunkstorm drachtio --port 9022            be a server for drachtio-srf
  trunkstorm doctor headroom --calls 3000    can this machine carry that run?
  trunkstorm capture analyze call.pcap       loss, jitter, MOS, digits of it
  trunkstorm profile list                    profiles that come with it

Exit codes: 0 all gates passed · 1 a gate failed · 2 bad profile or arguments ·
3 target or environment unusable · 4 run invalid (the generator was the
bottleneck) · 130, 143 interrupted`,
  );

// Commands that are added later take these over.
program.exitOverride().showHelpAfterError('(try --help)');
for (const { name, description } of VERBS) program.command(name).description(description);
program.hook('preSubcommand', async (_, command) => {
  const define = await VERBS.find(({ name }) => name === command.name())?.load();
  define?.(command);
});

forgiveClosedOutput();
// A fault of ours must not look like a failed gate, which is what Node's own status 1 would say.
process.on('uncaughtException', (error) => {
  process.stderr.write(`trunkstorm: a fault in the program itself: ${error.stack ?? error.message}\n`);
  process.exit(ExitCode.unusable);
});

/** Commander's own `help run` shows what it knows before `run` is loaded, `run --help` what it knows after. */
function withoutHelpVerb([first, ...rest]: string[]): string[] {
  if (first !== 'help') return first === undefined ? [] : [first, ...rest];
  const isKnown = rest.length === 0 || VERBS.some(({ name }) => name === rest[0]);
  return isKnown ? [...rest, '--help'] : rest;
}

try {
  await program.parseAsync(withoutHelpVerb(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.badInput;
  else if (error instanceof AppError) {
    process.stderr.write(`trunkstorm: ${error.format()}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`trunkstorm: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = ExitCode.unusable;
  }
}
