import { Command, CommanderError } from 'commander';
import { AppError, ExitCode } from '../core/errors.js';
import { capacityCommand } from './capacity.js';
import { captureCommand } from './capture.js';
import { doctorCommand } from './doctor.js';
import { drachtioCommand } from './drachtio.js';
import { profileCommand } from './profile.js';
import { relayCommand } from './relay.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { forgiveClosedOutput } from './standard-streams.js';
import { trunkCommand } from './trunk.js';
import { version } from './version.js';

const program = new Command('trunkstorm')
  .description(
    'SIP telephony stress tester and network-impairment simulator: thousands of calls with real RTP both ways, and a verdict.',
  )
  .version(version)
  .addHelpText(
    'after',
    `
Examples:
  trunkstorm run                                          the demo, on this machine alone
  trunkstorm run headroom --to sip:trunk.example.net      does the trunk carry what was ordered?
  trunkstorm capacity --to sip:trunk.example.net --expect 200  how many calls does it carry?
  trunkstorm trunk --channels 100 --port 5060             be a trunk of 100 channels
  trunkstorm relay --static 127.0.0.1:4000,127.0.0.1:5000  relay RTP, and be a bad network
  trunkstorm drachtio --port 9022                         be a drachtio server for drachtio-srf applications
  trunkstorm doctor headroom --calls 3000                 can this machine carry that run?
  trunkstorm capture analyze call.pcap                    what was heard in a capture: loss, jitter, MOS, digits
  trunkstorm profile list                                 profiles that come with trunkstorm

Exit codes: 0 all gates passed · 1 a gate failed · 2 bad profile or arguments · 3 target or environment unusable ·
4 run invalid (the generator was the bottleneck) · 130, 143 interrupted`,
  );

for (const command of [
  runCommand(),
  capacityCommand(),
  trunkCommand(),
  relayCommand(),
  drachtioCommand(),
  captureCommand(),
  reportCommand(),
  profileCommand(),
  doctorCommand(),
])
  program.addCommand(command);
for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)])
  command.exitOverride().showHelpAfterError('(try --help)');

forgiveClosedOutput();
// A fault of ours must not look like a failed gate, which is what Node's own status 1 would say.
process.on('uncaughtException', (error) => {
  process.stderr.write(`trunkstorm: a fault in the program itself: ${error.stack ?? error.message}\n`);
  process.exit(ExitCode.unusable);
});

try {
  await program.parseAsync();
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
