import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { AppError, ExitCode } from '../core/errors.js';
import type { CapacityOptions } from '../load/capacity/capacity-search.js';
import { headroomTable } from '../load/capacity/headroom.js';
import { CRITERIA } from '../load/capacity/judge.js';
import { type CapacityVerdict, capacityVerdict } from '../load/capacity/verdict.js';
import { gateFrom } from '../metrics/gate-spec.js';
import type { Profile } from '../profile/schema.js';
import { hasOwnFarEnd, targetUris } from '../profile/targets.js';
import { capacityHtml } from '../report/capacity-html.js';
import { type CapacityReport, capacityJson } from '../report/capacity-report.js';
import { capacityText, STEP_HEADING, stepLine } from '../report/capacity-text.js';
import { callersText, levelText } from '../report/capacity-words.js';
import { clock } from '../report/format.js';
import { RUN_FILES, RunDirectory } from '../report/run-directory.js';
import { type CapacityOutcome, CapacityRun, type StepProgress } from '../run/capacity-run.js';
import type { Plan } from '../run/plan.js';
import { preflight } from '../run/preflight.js';
import { shardsFor } from '../run/shards.js';
import { type CallerFlags, externalDrachtio, readInputs, withCallerOptions } from './calling.js';
import { callerCount, type LevelFlags, levelsOf, MAX_CALLS, MAX_CPS, requireNumbers } from './capacity-levels.js';
import { effectiveProfile } from './effective-profile.js';
import { exitCodeOfSignal } from './exit-code.js';
import { Interrupts } from './interrupts.js';
import { share, sipUri, time, wholeNumber } from './options.js';
import { printJson } from './standard-streams.js';
import { version } from './version.js';

/** Whose calls are made where no profile is named; its gates are made for its own load. */
const PROFILE = 'headroom';
/** Attempts a second by which calls at once are gathered at most. */
const PACE_CPS = 100;
/** What RFC 7502 4.10 recommends. */
const RFC_7502_ATTEMPTS = 50_000;
/** A line of progress so often where there is no terminal. */
const PROGRESS_MS = 10_000;

interface CapacityFlags extends CallerFlags, LevelFlags {
  to?: string;
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

export function defineCapacity(command: Command): Command {
  command
    .argument(
      '[profile]',
      `a profile, or the name of one that comes with trunkstorm: its calls, media, trunk and gates (default: ${PROFILE} without its gates)`,
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
    .option(
      '--expect-cps <cps>',
      'attempts a second in your busiest minute: the same for those',
      wholeNumber('--expect-cps', 1, 20_000),
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
      `most attempts a second that are tried (default: twice --expect-cps, or ${MAX_CPS}); 0 leaves that search out`,
      wholeNumber('--max-cps', 0, 20_000),
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
    .option('--out <dir>', 'directory for capacity.html, the same as JSON and text, and the records (default: none)')
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
  trunkstorm capacity --to sip:10.0.0.5 --expect-cps 12 --out f   14.4 cps, and 24? f/capacity.html shows it
  trunkstorm capacity --to sip:10.0.0.5 --max 500 --max-cps 50    no more than that is tried
  trunkstorm capacity --to sip:sbc.example.com --yes              a public address, more than 10 cps
  trunkstorm capacity --max-cps 0 --step-time 5s --step-calls 50  its own trunk, short steps, calls at once alone
  trunkstorm capacity --to sip:10.0.0.5 --json | jq .result       for a script

A search takes minutes: a step lasts as long as its calls and is made some ten to twenty times. Ctrl-C ends it and
tells what was found until then. docs/capacity.md has the definitions.

Exit codes: 0 the headroom is there, or none was asked for · 1 it is not, or nothing holds · 2 bad profile or arguments ·
3 target or environment unusable · 4 this machine was the bottleneck · 130, 143 interrupted`,
    )
    .action((profile: string | undefined, flags: CapacityFlags) => capacity(profile, flags));
}

async function capacity(given: string | undefined, flags: CapacityFlags): Promise<void> {
  let engine: CapacityRun | null = null;
  const interrupts = new Interrupts(() => engine?.stop());
  const progress = new Progress(flags.json ? process.stderr : process.stdout);
  try {
    const prepared = await prepare(given, flags);
    const { callers, search } = prepared;
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
    if (callers < search.maxCalls)
      process.stderr.write(`trunkstorm: hint: ${callersText(callers, search.maxCalls)}; calls.from makes a pool\n`);
    progress.begin(
      `trunkstorm ${version}  capacity of ${targetUris(prepared.profile).join(', ') || 'its own trunk on loopback'}`,
    );
    const outcome = await engine.execute().catch(async (error: unknown) => {
      await directory?.discard();
      throw error;
    });
    progress.end();
    const { profile } = prepared;
    const report = reportOf(outcome, flags, {
      name: profile.name,
      seed: profile.seed,
      startedAt: startedAt.toISOString(),
      isInterrupted: interrupts.signal !== null,
      callers,
      search,
    });
    if (directory) {
      await directory.close();
      await directory.writeProfile(prepared.text);
      await directory.writeCapacity(
        capacityJson(report),
        capacityText(report, { withSteps: true }),
        capacityHtml(report),
      );
    }
    if (flags.json) printJson(capacityJson(report));
    else {
      process.stdout.write(`\n${capacityText(report, { withSteps: false })}`);
      if (directory) process.stdout.write(`\nReport: ${directory.path}/${RUN_FILES.capacityHtml}\n`);
    }
    if (outcome.failure) process.stderr.write(`trunkstorm: ${outcome.failure.format()}\n`);
    process.exitCode = interrupts.signal
      ? exitCodeOfSignal(interrupts.signal)
      : exitCodeOf(report.verdict, outcome.failure);
  } finally {
    progress.end();
    interrupts.close();
  }
}

type Known = Pick<CapacityReport, 'name' | 'seed' | 'startedAt' | 'isInterrupted' | 'callers' | 'search'>;

function reportOf(outcome: CapacityOutcome, flags: CapacityFlags, known: Known): CapacityReport {
  const { target, result, gates, steps, durationMs, failure } = outcome;
  const headroom = headroomTable(result, { calls: flags.expect, cps: flags.expectCps }, flags.headroom);
  const verdict = failure ? 'fail' : capacityVerdict(result, headroom);
  return {
    ...known,
    target,
    version,
    durationMs,
    failure: failure?.message ?? null,
    verdict,
    result,
    steps,
    gates,
    headroom,
  };
}

/** The exit status of a search that was not interrupted. */
export function exitCodeOf(verdict: CapacityVerdict, failure: AppError | null): number {
  if (failure) return failure.exitCode;
  switch (verdict) {
    case 'pass':
      return ExitCode.ok;
    case 'fail':
      return ExitCode.gateFailed;
    case 'invalid':
      return ExitCode.invalid;
    default:
      return verdict satisfies never;
  }
}

/** All that can be known to be wrong before anything is started or written. */
async function prepare(given: string | undefined, flags: CapacityFlags) {
  const drachtio = externalDrachtio(flags);
  const { profile: written, text } = effectiveProfile(given ?? PROFILE, flags);
  if (written.inbound)
    throw new AppError(
      'ARGUMENT_INVALID',
      'A profile with `inbound` calls nobody, so no capacity can be found with it',
      {
        where: 'inbound',
        hint: 'Take a profile that places calls.',
      },
    );
  requireNumbers(written);
  const stepGates = given === undefined ? [] : written.gates.map(gateFrom);
  // Over the whole search they say nothing: it is to go beyond them.
  const profile: Profile = { ...written, gates: [], readiness: [] };
  const calls = levelsOf('concurrency', flags);
  const cps = levelsOf('cps', flags);
  // No plan of a load: what may be up and due at once at most.
  const fastest = Math.max(cps.max, flags.pace);
  const plan: Plan = {
    attempts: 0,
    lastMs: 0,
    endMs: 0,
    peakCalls: calls.max,
    burst: Math.ceil(fastest / 2),
    peakCps: fastest,
  };
  const { rows, accounts } = await readInputs(profile, plan, flags);
  const ownTrunk = hasOwnFarEnd(profile);
  const isSingle = drachtio !== undefined || flags.sipPort !== undefined;
  const shards = isSingle ? 1 : shardsFor(plan, availableParallelism(), ownTrunk);
  preflight(profile, plan, { ownTrunk, shards });
  const search: CapacityOptions = {
    maxCalls: calls.max,
    maxCps: cps.max,
    startCalls: flags.expect === undefined ? undefined : Math.max(1, Math.ceil(flags.expect / 2)),
    asked: { concurrency: calls.asked, cps: cps.asked },
    stepCalls: flags.stepCalls,
    stepMs: flags.stepTime,
    criteria: CRITERIA,
    rfc7502Attempts: flags.rfc7502 === true ? RFC_7502_ATTEMPTS : flags.rfc7502,
    paceCps: flags.pace,
    shortestMs: flags.shortest,
    longestMs: flags.longest,
  };
  const callers = callerCount(profile, rows, accounts, calls.max);
  return { profile, text, rows, accounts, plan, shards, drachtio, callers, search, stepGates };
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
