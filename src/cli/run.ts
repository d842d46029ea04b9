import { basename } from 'node:path';
import { Command } from 'commander';
import { type AppError, ExitCode } from '../core/errors.js';
import type { Summary } from '../metrics/summary.js';
import { reportHtml } from '../report/html.js';
import { junitXml } from '../report/junit.js';
import { loadRun } from '../report/report.js';
import { RunDirectory } from '../report/run-directory.js';
import { summaryText } from '../report/summary-text.js';
import { localAddressFor } from '../run/local-address.js';
import { planOf } from '../run/plan.js';
import { preflight } from '../run/preflight.js';
import { Run } from '../run/run.js';
import { readNumberFile } from '../swarm/number-file.js';
import type { LiveView } from '../ui/live-view.js';
import { openPlain } from '../ui/plain.js';
import { effectiveProfile } from './effective-profile.js';
import { hostPort, ipAddress, sipUri, wholeNumber } from './options.js';
import { version } from './version.js';

interface RunFlags {
  to?: string;
  drachtio?: { host: string; port: number };
  secret: string;
  local?: string;
  advertise?: string;
  sipPort?: number;
  rtpPorts?: string;
  numbers?: string;
  out?: string;
  seed?: number;
  ui: boolean;
  json?: boolean;
}

export function runCommand(): Command {
  return new Command('run')
    .description('Run a profile: place calls, listen, judge')
    .argument('[profile]', 'a profile, or the name of one that comes with trunkstorm', 'demo')
    .option(
      '--to <uri>',
      'target as a SIP URI; without it and without `target` in the profile the run starts its own trunk',
      sipUri('--to'),
    )
    .option(
      '--drachtio <host:port>',
      'use an external drachtio-server instead of the embedded one',
      hostPort('--drachtio'),
    )
    .option('--secret <secret>', 'secret of the external drachtio-server', 'cymru')
    .option('--local <address>', 'local address for SIP and RTP', ipAddress('--local'))
    .option('--advertise <address>', 'address for Contact and SDP, behind NAT or in docker')
    .option('--sip-port <port>', 'local SIP port (default: any)', wholeNumber('--sip-port', 1, 65_535))
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP')
    .option('--numbers <file>', 'CSV whose columns are variables of the profile')
    .option('--out <dir>', 'run directory (default: runs/<time>-<name>)')
    .option('--seed <n>', 'seed of all random decisions', wholeNumber('--seed', 0, 0xffffffff))
    .option('--no-ui', 'one plain line a second instead of the screen')
    .option('--json', 'print summary.json at the end, and nothing else on stdout')
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm run                                        the demo, with a trunk of its own
  trunkstorm run headroom --to sip:trunk.example.net    headroom of a real trunk
  trunkstorm run my.yaml --to sip:10.0.0.5 --seed 7     another seed, other random decisions
  trunkstorm run my.yaml --json --no-ui | jq .media     figures for a script

Keys while it runs: q quit (hangs up every call) · p pause · + and - rate`,
    )
    .action((profile: string, flags: RunFlags) => run(profile, flags));
}

async function run(given: string, flags: RunFlags): Promise<void> {
  const { profile, text } = effectiveProfile(given, flags);
  // What can be known to be wrong before anything is started or written.
  const rows = profile.calls.numbers === undefined ? [] : readNumberFile(profile.calls.numbers);
  if (profile.target !== undefined) await localAddressFor(profile.target, flags.local);
  const plan = planOf(profile);
  preflight(profile, plan, profile.target === undefined);
  const startedAt = new Date();
  const directory = await RunDirectory.create({ name: profile.name, startedAt, out: flags.out });
  await directory.writeProfile(text);

  let view: LiveView | null = null;
  const engine = new Run({
    profile,
    plan,
    rows,
    id: basename(directory.path),
    version,
    startedAt,
    local: flags.local,
    advertise: flags.advertise,
    sipPort: flags.sipPort,
    drachtio: flags.drachtio && { ...flags.drachtio, secret: flags.secret },
    onSnapshot: (snapshot) => view?.update(snapshot),
    onTimeline: (snapshot) => directory.appendSnapshot(snapshot),
    onRecord: (record) => directory.appendCall(record),
  });

  let signal: 'SIGINT' | 'SIGTERM' | null = null;
  const interrupt = (name: 'SIGINT' | 'SIGTERM'): void => {
    if (signal !== null) process.exit(signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated);
    signal = name;
    engine.stop(name);
  };
  const onSigint = (): void => interrupt('SIGINT');
  const onSigterm = (): void => interrupt('SIGTERM');
  process.on('SIGINT', onSigint).on('SIGTERM', onSigterm);

  const title = { name: profile.name, target: profile.target ?? 'own trunk on loopback', seed: profile.seed, version };
  const progress = flags.json ? process.stderr : process.stdout;
  if (flags.ui && !flags.json && process.stdout.isTTY) {
    const { openScreen } = await import('../ui/screen.js');
    view = openScreen({
      title,
      onQuit: () => interrupt('SIGINT'),
      onPause: () => engine.setPaused(!engine.paused),
      onRate: (direction) => engine.changeRate(direction),
    });
  } else view = openPlain({ title, write: (line) => progress.write(`${line}\n`) });

  let failure: AppError | null;
  let summary: Summary;
  try {
    ({ summary, failure } = await engine.execute());
  } finally {
    await view.finish();
    await directory.close();
    process.off('SIGINT', onSigint).off('SIGTERM', onSigterm);
  }
  await directory.writeSummary(summary);
  await directory.writeJunit(junitXml(summary));
  await directory.writeHtml(reportHtml(await loadRun(directory.path)));

  if (flags.json) console.log(JSON.stringify(summary, null, 2));
  else {
    process.stdout.write(summaryText(summary, { colour: process.stdout.isTTY === true && !process.env.NO_COLOR }));
    console.log(`\nReport: ${directory.path}/report.html`);
  }
  if (failure) process.stderr.write(`trunkstorm: ${failure.format()}\n`);
  process.exitCode = exitCodeOf(summary, failure, signal);
}

/** Where several hold: interrupted, then unusable, then invalid, then a failed gate. */
function exitCodeOf(summary: Summary, failure: AppError | null, signal: 'SIGINT' | 'SIGTERM' | null): number {
  if (signal === 'SIGTERM') return ExitCode.terminated;
  if (signal === 'SIGINT') return ExitCode.interrupted;
  if (failure) return failure.exitCode;
  if (!summary.run.valid) return ExitCode.invalid;
  return summary.verdict === 'pass' ? ExitCode.ok : ExitCode.gateFailed;
}
