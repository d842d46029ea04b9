import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { AppError, ExitCode } from '../core/errors.js';
import type { CapacityOptions } from '../load/capacity/capacity-search.js';
import { headroomTable, neededCalls } from '../load/capacity/headroom.js';
import { CRITERIA } from '../load/capacity/judge.js';
import type { Profile } from '../profile/schema.js';
import { targetUris } from '../profile/targets.js';
import {
  type CapacityReport,
  capacityJson,
  capacityText,
  levelText,
  STEP_HEADING,
  stepLine,
} from '../report/capacity-text.js';
import { clock } from '../report/format.js';
import { RunDirectory } from '../report/run-directory.js';
import { type CapacityOutcome, CapacityRun, type StepProgress } from '../run/capacity-run.js';
import type { Plan } from '../run/plan.js';
import { preflight } from '../run/preflight.js';
import { shardsFor } from '../run/shards.js';
import { type CallerFlags, readInputs, withCallerOptions } from './calling.js';
import { effectiveProfile } from './effective-profile.js';
import { exitCodeOfSignal } from './exit-code.js';
import { Interrupts } from './interrupts.js';
import { share, sipUri, time, wholeNumber } from './options.js';
import { printJson } from './standard-streams.js';
import { version } from './version.js';

/** Calls at once, and attempts a second, that are tried where nothing else is said. */
const MAX_CALLS = 1000;
const MAX_CPS = 100;
/** Attempts a second by which calls at once are gathered at most. */
const PACE_CPS = 100;
/** What RFC 7502 4.10 recommends. */
const RFC_7502_ATTEMPTS = 50_000;
/** A line of progress so often where there is no terminal. */
const PROGRESS_MS = 10_000;

interface CapacityFlags extends CallerFlags {
  to?: string;
  expect?: number;
  headroom: number;
  max?: number;
  maxCps: number;
  stepCalls: number;
  stepTime: number;
  shortest: number;
  longest: number;
  pace: number;
  seed?: number;
  out?: string;
  rfc7502?: number | true;
  json?: boolean;
}

export function capacityCommand(): Command {
  const command = new Command('capacity')
    .description('Find out how many calls at once, and how many a second, a trunk carries, and what sets the limit')
    .argument(
      '[profile]',
      'a profile, or the name of one that comes with trunkstorm: its calls, media and trunk',
      'headroom',
    )
    .option(
      '--to <uri>',
      'target as a SIP URI; without it and without `target` in the profile its own trunk',
      sipUri('--to'),
    )
    .option(
      '--expect <calls>',
      'calls at once in your busiest minute: what headroom is held against',
      wholeNumber('--expect', 1, 100_000),
    )
    .addOption(
      new Option('--headroom <share>', 'headroom that must be there beyond that')
        .argParser(share('--headroom'))
        .default(0.2, '20%'),
    )
    .option(
      '--max <calls>',
      `most calls at once that are tried (default: twice --expect, or ${MAX_CALLS})`,
      wholeNumber('--max', 1, 200_000),
    )
    .option(
      '--max-cps <n>',
      'most attempts a second that are tried; 0 leaves that search out',
      wholeNumber('--max-cps', 0, 20_000),
      MAX_CPS,
    )
    .option('--step-calls <n>', 'attempts of a step at least', wholeNumber('--step-calls', 1, 1_000_000), 200)
    .addOption(
      new Option('--step-time <time>', 'length of a step at least')
        .argParser(time('--step-time'))
        .default(30_000, '30s'),
    )
    .addOption(
      new Option('--shortest <time>', 'shortest that a call lasts while calls at once are sought')
        .argParser(time('--shortest'))
        .default(5000, '5s'),
    )
    .addOption(
      new Option('--longest <time>', 'longest that a call may last')
        .argParser(time('--longest'))
        .default(1_800_000, '30m'),
    )
    .option(
      '--pace <cps>',
      'most attempts a second while calls at once are sought',
      wholeNumber('--pace', 1, 20_000),
      PACE_CPS,
    );
  return withCallerOptions(command)
    .option('--seed <n>', 'seed of all random decisions', wholeNumber('--seed', 0, 0xffffffff))
    .option('--out <dir>', 'directory for capacity.json, the text and the call records (default: none is kept)')
    .option(
      '--rfc7502 [n]',
      'attempts a second as RFC 7502 says: from 100 on, steps of n attempts (50000) of which none may fail',
      wholeNumber('--rfc7502', 1, 1_000_000),
    )
    .option('--yes', 'the target may be loaded: more than 10 attempts a second to a public address')
    .option('--json', 'print the result as JSON, and nothing else on stdout')
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm capacity --to sip:trunk.example.net --expect 200     does it carry 240 calls, and 400?
  trunkstorm capacity --to sip:10.0.0.5 --max 500 --max-cps 50    no more than that is tried
  trunkstorm capacity --to sip:sbc.example.com --yes             a public address, more than 10 cps
  trunkstorm capacity --max-cps 0 --step-time 5s --step-calls 50  its own trunk, short steps, calls at once alone
  trunkstorm capacity --to sip:10.0.0.5 --json | jq .result       for a script

A search takes minutes: a step lasts as long as its calls and is made some ten to twenty times. Ctrl-C ends it and
tells what was found until then. docs/capacity.md has the definitions.

Exit codes: 0 the headroom is there, or none was asked for · 1 it is not, or nothing holds · 2 bad profile or arguments ·
3 target or environment unusable · 4 this machine was the bottleneck · 130, 143 interrupted`,
    )
    .action((profile: string, flags: CapacityFlags) => capacity(profile, flags));
}

async function capacity(given: string, flags: CapacityFlags): Promise<void> {
  let engine: CapacityRun | null = null;
  const interrupts = new Interrupts(() => engine?.stop());
  const progress = new Progress(flags.json ? process.stderr : process.stdout);
  try {
    const prepared = await prepare(given, flags);
    const startedAt = new Date();
    const directory =
      flags.out === undefined
        ? null
        : await RunDirectory.create({ name: `${prepared.profile.name}-capacity`, startedAt, out: flags.out });
    engine = new CapacityRun({
      ...prepared,
      id: directory ? basename(directory.path) : prepared.profile.name,
      version,
      startedAt,
      local: flags.local,
      advertise: flags.advertise,
      sipPort: flags.sipPort,
      onTimeline: (snapshot) => directory?.appendSnapshot(snapshot),
      onRecord: (record) => directory?.appendCall(record),
      onProgress: (step) => progress.update(step),
      onStep: (row, number) => progress.step(stepLine(row, number)),
    });
    if (interrupts.signal) engine.stop();
    progress.begin(
      `trunkstorm ${version}  capacity of ${targetUris(prepared.profile).join(', ') || 'its own trunk on loopback'}`,
    );
    const outcome = await engine.execute();
    progress.end();
    const report = reportOf(outcome, flags, interrupts.signal !== null);
    if (directory) {
      await directory.close();
      await directory.writeProfile(prepared.text);
      await directory.writeCapacity(capacityJson(report), capacityText(report, { withSteps: true }));
    }
    if (flags.json) printJson(capacityJson(report));
    else process.stdout.write(`\n${capacityText(report, { withSteps: false })}`);
    if (outcome.failure) process.stderr.write(`trunkstorm: ${outcome.failure.format()}\n`);
    process.exitCode = interrupts.signal ? exitCodeOfSignal(interrupts.signal) : exitCodeOf(report, outcome.failure);
  } finally {
    progress.end();
    interrupts.close();
  }
}

function reportOf(outcome: CapacityOutcome, flags: CapacityFlags, isInterrupted: boolean): CapacityReport {
  const { target, result, steps, durationMs } = outcome;
  const headroom = flags.expect === undefined ? null : headroomTable(result, flags.expect, flags.headroom);
  return { target, version, durationMs, isInterrupted, result, steps, headroom };
}

/** The exit status of a search that was not interrupted. */
export function exitCodeOf(
  { result, headroom }: Pick<CapacityReport, 'result' | 'headroom'>,
  failure: AppError | null,
): number {
  if (failure) return failure.exitCode;
  const required = headroom?.find(({ isRequired }) => isRequired);
  if (required?.carried === 'yes') return ExitCode.ok;
  if (required?.carried !== 'no' && result.concurrency?.cause === 'generator') return ExitCode.invalid;
  if (required) return ExitCode.gateFailed;
  return result.concurrency !== null && result.concurrency.value > 0 ? ExitCode.ok : ExitCode.gateFailed;
}

/** All that can be known to be wrong before anything is started or written. */
async function prepare(given: string, flags: CapacityFlags) {
  const { profile: written, text } = effectiveProfile(given, flags);
  // A search is to go beyond what a run's gates allow.
  const profile: Profile = { ...written, gates: [] };
  const needed = flags.expect === undefined ? 1 : neededCalls(flags.expect, flags.headroom);
  if (flags.max !== undefined && flags.max < needed)
    throw new AppError('ARGUMENT_INVALID', '--max is less than what --expect and --headroom ask for', {
      where: '--max',
      expected: `${needed} or more`,
      found: String(flags.max),
    });
  const maxCalls = flags.max ?? (flags.expect === undefined ? MAX_CALLS : Math.max(needed, flags.expect * 2));
  // No plan of a load: what may be up and due at once at most.
  const fastest = Math.max(flags.maxCps, flags.pace);
  const plan: Plan = {
    attempts: 0,
    lastMs: 0,
    endMs: 0,
    peakCalls: maxCalls,
    burst: Math.ceil(fastest / 2),
    peakCps: fastest,
  };
  const { rows, accounts } = await readInputs(profile, plan, flags, true);
  const ownTrunk = targetUris(profile).length === 0;
  const shards = flags.sipPort === undefined ? shardsFor(plan, availableParallelism(), ownTrunk) : 1;
  preflight(profile, plan, { ownTrunk, shards });
  const search: CapacityOptions = {
    maxCalls,
    maxCps: flags.maxCps,
    startCalls: flags.expect === undefined ? undefined : Math.max(1, Math.ceil(flags.expect / 2)),
    stepCalls: flags.stepCalls,
    stepMs: flags.stepTime,
    criteria: CRITERIA,
    rfc7502Attempts: flags.rfc7502 === true ? RFC_7502_ATTEMPTS : flags.rfc7502,
    paceCps: flags.pace,
    shortestMs: flags.shortest,
    longestMs: flags.longest,
  };
  return { profile, text, rows, accounts, plan, shards, search };
}

/** Steps as they are made, and on a terminal a line below them that says how far the present one is. */
class Progress {
  private readonly isTerminal: boolean;
  private hasLine = false;
  private saidMs = 0;
  private readonly startMs = Date.now();

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.isTerminal = stream.isTTY === true;
  }

  begin(title: string): void {
    this.stream.write(`${title}\n${STEP_HEADING}\n`);
  }

  update({ number, plan, started, ended, inProgress, failed }: StepProgress): void {
    const line = `${String(number).padStart(2)} ${plan.purpose.padEnd(9)}${levelText(plan).padStart(11)}  ${clock(Date.now() - this.startMs)}  attempts ${started} of ${plan.attempts}, ${inProgress} up, ${failed} failed, ${ended} ended`;
    if (this.isTerminal) {
      this.stream.write(`\r\u001b[K${line.slice(0, (this.stream.columns ?? 80) - 1)}`);
      this.hasLine = true;
    } else if (Date.now() - this.saidMs >= PROGRESS_MS) {
      this.saidMs = Date.now();
      this.stream.write(`# ${line}\n`);
    }
  }

  step(line: string): void {
    this.end();
    this.stream.write(`${line}\n`);
    this.saidMs = Date.now();
  }

  /** Takes the line away. Idempotent. */
  end(): void {
    if (this.hasLine) this.stream.write('\r\u001b[K');
    this.hasLine = false;
  }
}
