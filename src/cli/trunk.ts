import { Command } from 'commander';
import { AppError, ExitCode } from '../core/errors.js';
import { duration, ratio } from '../core/units.js';
import { StandaloneTrunk } from '../run/standalone-trunk.js';
import { trunkSpec } from '../trunk/spec.js';
import { effectiveProfile } from './effective-profile.js';
import { ipAddress, wholeNumber } from './options.js';

interface TrunkFlags {
  profile?: string;
  channels?: number;
  cps?: number;
  port: number;
  local: string;
  advertise?: string;
  rtpPorts?: string;
  whenFull?: string;
  ringAfter?: string;
  answerAfter?: string;
  noRtp?: string;
  silence?: string;
  wrongCodec?: string;
  ignoreDtmf?: string;
  drop?: string;
  json?: boolean;
}

export function trunkCommand(): Command {
  return new Command('trunk')
    .description('Be a trunk: N channels, a CPS cap, faults; until Ctrl-C')
    .option('--profile <profile>', "take the profile's trunk; the options below go before it")
    .option('--channels <n>', 'calls carried at once', wholeNumber('--channels', 1, 100_000))
    .option('--cps <n>', 'attempts admitted per second', wholeNumber('--cps', 1, 100_000))
    .option('--port <port>', 'SIP port', wholeNumber('--port', 0, 65_535), 5060)
    .option('--local <address>', 'local address for SIP and RTP', ipAddress('--local'), '127.0.0.1')
    .option('--advertise <address>', 'address for Contact and SDP, behind NAT or in docker')
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP')
    .option('--when-full <how>', '503, 486 or silence')
    .option('--ring-after <time>', 'time to the 180, such as 50ms')
    .option('--answer-after <time>', 'time from there to the 200, such as 2s')
    .option('--no-rtp <share>', 'share of calls that are answered and sent no RTP, such as 2%')
    .option('--silence <share>', 'share of calls that are sent silence')
    .option('--wrong-codec <share>', 'share of calls answered with a codec that was not offered')
    .option('--ignore-dtmf <share>', 'share of calls whose digits are not heard')
    .option('--drop <share>', 'share of calls ended in mid-conversation')
    .option('--json', 'print the final counters as JSON')
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm trunk --channels 100 --port 5060
  trunkstorm trunk --channels 30 --cps 5 --when-full 486 --answer-after 2s
  trunkstorm trunk --silence 2% --ignore-dtmf 5% --port 5070
  sipp -sn uac 127.0.0.1:5060                            a caller for it`,
    )
    .action((flags: TrunkFlags) => trunk(flags));
}

async function trunk(flags: TrunkFlags): Promise<void> {
  const { profile } = effectiveProfile(flags.profile ?? 'headroom', { rtpPorts: flags.rtpPorts });
  const base = flags.profile === undefined ? trunkSpec.parse({}) : profile.trunk;
  const share = (name: string, text: string | undefined, otherwise: number): number =>
    check(ratio, `--${name}`, text, 'a share such as 2%') ?? otherwise;
  const time = (name: string, text: string | undefined): { min: number; max: number } | undefined => {
    const ms = check(duration, `--${name}`, text, 'a duration such as 500ms or 2s');
    return ms === undefined ? undefined : { min: ms, max: ms };
  };
  const { faults } = base;
  profile.trunk = check(
    trunkSpec,
    'the options together',
    {
      ...base,
      channels: flags.channels ?? base.channels,
      cps: flags.cps ?? base.cps,
      whenFull: flags.whenFull ?? base.whenFull,
      ringAfter: time('ring-after', flags.ringAfter) ?? base.ringAfter,
      answerAfter: time('answer-after', flags.answerAfter) ?? base.answerAfter,
      faults: {
        ...faults,
        noRtp: share('no-rtp', flags.noRtp, faults.noRtp),
        silence: share('silence', flags.silence, faults.silence),
        wrongCodec: share('wrong-codec', flags.wrongCodec, faults.wrongCodec),
        ignoreDtmf: share('ignore-dtmf', flags.ignoreDtmf, faults.ignoreDtmf),
        drop: share('drop', flags.drop, faults.drop),
      },
    },
    'a trunk that can be: see --help',
  )!;

  const engine = new StandaloneTrunk({
    profile,
    address: flags.local,
    sipPort: flags.port,
    advertise: flags.advertise,
  });
  let signals = 0;
  const interrupt = (): void => {
    if (++signals > 1) process.exit(ExitCode.interrupted);
    engine.stop();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const write = (line: string): void => {
    if (!flags.json) console.log(line);
  };
  const counts = await engine.execute(write);
  if (flags.json) console.log(JSON.stringify(counts, null, 2));
  else
    write(
      `calls ${counts.answered} answered · ${counts.refusedFull} refused for want of a channel · ${counts.refusedTooFast} refused by the CPS cap · peak ${counts.peak} channels\n` +
        `heard: ${counts.packetsReceived} packets, ${counts.packetsLost} lost · digits in ${counts.callsWithDigits} calls · ${counts.silentCalls} calls without audio from the caller`,
    );
}

function check<T>(
  schema: {
    safeParse(
      value: unknown,
    ): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
  },
  where: string,
  value: unknown,
  expected: string,
): T | undefined {
  if (value === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AppError(
    'ARGUMENT_INVALID',
    `${where} has a wrong value: ${[...issue.path.map(String), issue.message].join(': ')}`,
    {
      where,
      expected,
      found: typeof value === 'string' ? value : undefined,
    },
  );
}
