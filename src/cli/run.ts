import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { audioOf, wavOf } from '../audio/recording.js';
import { AppError } from '../core/errors.js';
import type { Summary } from '../metrics/summary.js';
import { hintsOf } from '../profile/hints.js';
import type { Profile } from '../profile/schema.js';
import { hasOwnFarEnd, targetUris } from '../profile/targets.js';
import { readCapacity } from '../report/capacity-file.js';
import { reportHtml } from '../report/html.js';
import { junitXml } from '../report/junit.js';
import { loadRun } from '../report/report.js';
import { RUN_FILES, RunDirectory } from '../report/run-directory.js';
import { summaryText } from '../report/summary-text.js';
import { TraceCapture } from '../report/trace-capture.js';
import { InboundRun, listeningAt } from '../run/inbound-run.js';
import { planOf } from '../run/plan.js';
import { preflight } from '../run/preflight.js';
import { Run } from '../run/run.js';
import { shardsFor } from '../run/shards.js';
import { hostPort as hostAndPort } from '../sip/uri.js';
import type { LiveView } from '../ui/live-view.js';
import { openPlain } from '../ui/plain.js';
import { type CallerFlags, externalDrachtio, readInputs, withCallerOptions } from './calling.js';
import { effectiveProfile } from './effective-profile.js';
import { exitCodeOf } from './exit-code.js';
import { Interrupts } from './interrupts.js';
import { networkName, sipUri, wholeNumber } from './options.js';
import { PacketLogFile } from './packet-log-file.js';
import { colourOnStdout, printJson } from './standard-streams.js';
import { version } from './version.js';

/** Far more than the cores of a large machine. */
const MOST_SHARDS = 64;

interface RunFlags extends CallerFlags {
  to?: string;
  out?: string;
  network?: string;
  seed?: number;
  shards?: number;
  capacity?: string;
  packetLog?: string;
  ui: boolean;
  json?: boolean;
}

export function defineRun(command: Command): Command {
  command
    .argument('[profile]', 'a profile, or the name of one that comes with trunkstorm', 'demo')
    .option(
      '--to <uri>',
      'target as a SIP URI; without it and without `target` in the profile the run starts its own trunk',
      sipUri('--to'),
    );
  return withCallerOptions(command)
    .option('--out <dir>', 'run directory (default: runs/<time>-<name>)')
    .option(
      '--network <name>',
      "a named network in place of the profile's (trunkstorm profile networks)",
      networkName('--network'),
    )
    .option('--seed <n>', 'seed of all random decisions', wholeNumber('--seed', 0, 0xffffffff))
    .option(
      '--shards <n>',
      'thread pairs that the callers are spread over (default: what the load needs and the cores allow)',
      wholeNumber('--shards', 1, MOST_SHARDS),
    )
    .option('--yes', 'the target may be loaded: more than 10 attempts a second to a public address')
    .option('--capacity <dir>', 'what `trunkstorm capacity --out` wrote, for criteria of readiness about headroom')
    .option('--packet-log <file>', 'write what the impairments did to each packet, a line of JSON each')
    .option('--no-ui', 'one plain line a second instead of the screen')
    .option('--json', 'print summary.json at the end, and nothing else on stdout')
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm run                                   the demo, with its own trunk
  trunkstorm run headroom --to sip:10.0.0.5        headroom of a real trunk
  trunkstorm run my.yaml --seed 7                  other random decisions
  trunkstorm run my.yaml --yes                     a public target, over 10 cps
  trunkstorm run my.yaml --json | jq .media        figures for a script
  trunkstorm run bad-network --packet-log p.log    what became of each packet
  trunkstorm run registrar.yaml                    see docs/registrations.md
  trunkstorm run inbound-dialer --local 192.0.2.7  your system dials, it answers

Keys while it runs: q quit (hangs up every call) · p pause · + and - rate ·
n next network`,
    )
    .action((profile: string, flags: RunFlags) => run(profile, flags));
}

/** From the command line to the exit status. */
async function run(given: string, flags: RunFlags): Promise<void> {
  let engine: Run | InboundRun | null = null;
  const interrupts = new Interrupts(() => engine?.stop());
  try {
    const capacity = flags.capacity === undefined ? undefined : await readCapacity(flags.capacity);
    const prepared = await prepare(given, flags);
    const packets = flags.packetLog === undefined ? null : new PacketLogFile(flags.packetLog);
    const directory = await RunDirectory.create({
      name: prepared.profile.name,
      startedAt: prepared.startedAt,
      out: flags.out,
    });
    let view: LiveView | null = null;
    const Engine = prepared.profile.inbound ? InboundRun : Run;
    engine = new Engine({
      ...prepared,
      capacity,
      id: basename(directory.path),
      version,
      local: flags.local,
      advertise: flags.advertise,
      sipPort: flags.sipPort,
      onSnapshot: (snapshot) => view?.update(snapshot),
      onTimeline: (snapshot) => directory.appendSnapshot(snapshot),
      onRecord: (record) => directory.appendCall(record),
      onRecording: (call, recording) => {
        const audio = audioOf(recording, prepared.profile.media.record!.for / 1000);
        if (audio) directory.addRecording(call, wavOf(audio));
      },
      onPackets: packets === null ? undefined : (logged) => packets.take(logged),
    });
    if (interrupts.signal) engine.stop();
    view = await openView(prepared.profile, flags, engine, interrupts);

    let outcome: Awaited<ReturnType<typeof engine.execute>>;
    try {
      outcome = await engine.execute();
    } catch (error) {
      await directory.discard();
      throw error;
    } finally {
      await view.finish();
      const note = packets?.close();
      if (note) process.stderr.write(`trunkstorm: ${note}\n`);
    }
    const { summary, failure } = outcome;
    const unwritten = await writeReports(directory, prepared.text, summary);
    if (flags.json) printJson(summary);
    else {
      process.stdout.write(summaryText(summary, { colour: colourOnStdout() }));
      if (!unwritten) process.stdout.write(`\nReport: ${directory.path}/${RUN_FILES.html}\n`);
    }
    for (const error of [failure, unwritten]) if (error) process.stderr.write(`trunkstorm: ${error.format()}\n`);
    process.exitCode = exitCodeOf({ signal: interrupts.signal, failure: failure ?? unwritten, summary });
  } catch (error) {
    if (interrupts.signal === null || !(error instanceof AppError)) throw error;
    process.stderr.write(`trunkstorm: ${error.format()}\n`);
    process.exitCode = exitCodeOf({ signal: interrupts.signal, failure: error, summary: null });
  } finally {
    interrupts.close();
  }
}

/** All that can be known to be wrong before anything is started or written. */
async function prepare(given: string, flags: RunFlags) {
  const drachtio = externalDrachtio(flags);
  for (const [flag, given] of [
    ['--drachtio', flags.drachtio],
    ['--sip-port', flags.sipPort],
  ] as const)
    if (given !== undefined && (flags.shards ?? 1) > 1)
      throw new AppError('ARGUMENT_INVALID', `--shards above 1 and ${flag} exclude each other`, {
        where: '--shards',
        hint: 'Each shard has a SIP server and a SIP port of its own.',
      });
  const { profile, text } = effectiveProfile(given, flags);
  if (profile.inbound) refusePlacing(flags);
  const plan = planOf(profile);
  const inputs = await readInputs(profile, plan, flags);
  const ownTrunk = !profile.inbound && hasOwnFarEnd(profile);
  const single = flags.drachtio !== undefined || flags.sipPort !== undefined;
  const shards = flags.shards ?? (single || profile.inbound ? 1 : shardsFor(plan, availableParallelism(), ownTrunk));
  preflight(profile, plan, { ownTrunk, shards });
  for (const hint of hintsOf(profile)) process.stderr.write(`trunkstorm: hint: ${hint}\n`);
  return { profile, text, ...inputs, plan, shards, drachtio, startedAt: new Date() };
}

/** The screen on a terminal, otherwise a plain line a second; with `--json` stdout is left to the summary. */
async function openView(
  profile: Profile,
  flags: RunFlags,
  engine: Run | InboundRun,
  interrupts: Interrupts,
): Promise<LiveView> {
  const target = calledOf(profile, flags);
  const title = { name: profile.name, target, seed: profile.seed, version };
  if (!flags.ui || flags.json || !process.stdout.isTTY) {
    const progress = flags.json ? process.stderr : process.stdout;
    return openPlain({ title, write: (line) => progress.write(`${line}\n`) });
  }
  const { openScreen } = await import('../ui/screen.js');
  return openScreen({
    title,
    onQuit: () => interrupts.take('SIGINT'),
    onPause: () => engine.setPaused(!engine.paused),
    onRate: (direction) => engine instanceof Run && engine.changeRate(direction),
    onNetwork: () => engine.nextNetwork(),
  });
}

/** What is called, or where calls come in, in words. */
function calledOf(profile: Profile, flags: RunFlags): string {
  if (!profile.inbound) return targetUris(profile).join(', ') || 'own trunk on loopback';
  const { address, port } = listeningAt(profile.inbound, flags);
  return `calls that come in at ${hostAndPort(address, port)}`;
}

/** Options that say how calls are placed. */
function refusePlacing(flags: RunFlags): void {
  const { drachtio, numbers, shards } = flags;
  for (const [name, given] of Object.entries({ drachtio, numbers, shards }))
    if (given !== undefined)
      throw new AppError('ARGUMENT_INVALID', `--${name} has no effect on a run whose load is what comes in`, {
        where: `--${name}`,
        hint: 'Leave it out, or take a profile without `inbound`.',
      });
}

/** Completes the run directory; the figures are told even where it can no longer be written. */
async function writeReports(directory: RunDirectory, profile: string, summary: Summary): Promise<AppError | null> {
  try {
    await directory.close();
    await directory.writeProfile(profile);
    await directory.writeSummary(summary);
    await directory.writeJunit(junitXml(summary));
    const traces = new TraceCapture();
    await directory.writeHtml(reportHtml(await loadRun(directory.path, (record) => traces.add(record))));
    const capture = traces.bytes(Date.parse(summary.run.startedAt));
    if (capture) await directory.writeSip(capture);
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
