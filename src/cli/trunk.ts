import type { Command } from 'commander';
import { AppError } from '../core/errors.js';
import type { Profile } from '../profile/schema.js';
import { flowNote } from '../report/flow.js';
import { checkFamily } from '../run/local-address.js';
import { outcomesText, StandaloneTrunk, type TrunkResult } from '../run/standalone-trunk.js';
import { type TrunkSpec, trunkSpec } from '../trunk/spec.js';
import { effectiveProfile } from './effective-profile.js';
import { Interrupts } from './interrupts.js';
import { ipAddress, oneOf, portRangeText, share, time, wholeNumber } from './options.js';
import { printJson } from './standard-streams.js';

interface TrunkFlags {
  profile?: string;
  channels?: number;
  cps?: number;
  port: number;
  local: string;
  advertise?: string;
  rtpPorts?: string;
  whenFull?: TrunkSpec['whenFull'];
  ringAfter?: number;
  answerAfter?: number;
  withoutRtp?: number;
  silence?: number;
  wrongCodec?: number;
  ignoreDtmf?: number;
  drop?: number;
  json?: boolean;
}

export function defineTrunk(command: Command): Command {
  return command
    .option('--profile <profile>', "take the profile's trunk; the options below go before it")
    .option('--channels <n>', 'calls carried at once', wholeNumber('--channels', 1, 100_000))
    .option('--cps <n>', 'attempts admitted per second', wholeNumber('--cps', 1, 100_000))
    .option('--port <port>', 'SIP port', wholeNumber('--port', 0, 65_535), 5060)
    .option(
      '--local <address>',
      'local address for SIP and RTP',
      ipAddress('--local', 'one of this machine'),
      '127.0.0.1',
    )
    .option(
      '--advertise <address>',
      'address for Contact and SDP, behind NAT or in docker',
      ipAddress('--advertise', 'the one at which the far end reaches this machine'),
    )
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP', portRangeText('--rtp-ports'))
    .option('--when-full <how>', '503, 486 or silence', oneOf('--when-full', ['503', '486', 'silence']))
    .option('--ring-after <time>', 'time to the 180, such as 50ms', time('--ring-after'))
    .option('--answer-after <time>', 'time from there to the 200, such as 2s', time('--answer-after'))
    .option(
      '--without-rtp <share>',
      'share of calls that are answered and sent no RTP, such as 2%',
      share('--without-rtp'),
    )
    .option('--silence <share>', 'share of calls that are sent silence', share('--silence'))
    .option(
      '--wrong-codec <share>',
      'share of calls answered with a codec that was not offered',
      share('--wrong-codec'),
    )
    .option('--ignore-dtmf <share>', 'share of calls whose digits are not heard', share('--ignore-dtmf'))
    .option('--drop <share>', 'share of calls ended in mid-conversation', share('--drop'))
    .option('--json', 'print the final counters as JSON')
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm trunk --channels 100 --port 5060
  trunkstorm trunk --channels 30 --cps 5 --when-full 486 --answer-after 2s
  trunkstorm trunk --silence 2% --ignore-dtmf 5% --port 5070
  trunkstorm trunk --profile failing.yaml                its trunk, failure script and all (docs/carrier.md)
  sipp -sn uac 127.0.0.1:5060                            a caller for it`,
    )
    .action((flags: TrunkFlags) => trunk(flags));
}

async function trunk(flags: TrunkFlags): Promise<void> {
  const { local: address, port: sipPort, advertise } = flags;
  checkFamily(address, { '--advertise': advertise });
  const engine = new StandaloneTrunk({ profile: profileOf(flags), address, sipPort, advertise });
  const interrupts = new Interrupts(() => engine.stop());
  const progress = flags.json ? process.stderr : process.stdout;
  try {
    const result = await engine.execute((line) => progress.write(`${line}\n`));
    if (flags.json) printJson(result);
    else
      process.stdout.write(
        `calls ${result.answered} answered · ${result.refusedFull} refused for want of a channel · ${result.refusedTooFast} refused by the CPS cap · peak ${result.peak} channels\n` +
          callersText(result) +
          (result.outcomes ? `dealt: ${outcomesText(result.outcomes)}\n` : '') +
          scriptText(result.script) +
          (result.flow ? `flow: ${flowNote(result.flow)}\n` : '') +
          `ended: ${result.endedByCaller} by the caller · ${result.stillUp} still up when the trunk was stopped\n` +
          `heard: ${result.packetsReceived} packets, ${result.packetsLost} lost · digits in ${result.callsWithDigits} calls · ${result.silentCalls} calls without audio from the caller\n`,
      );
  } finally {
    interrupts.close();
  }
}

function callersText({ screening, identity, refusedPerCaller, slowed }: TrunkResult): string {
  const parts: string[] = [];
  if (screening) parts.push(`screening: ${screening.refused} refused, ${screening.withheld} withheld`);
  if (identity) {
    const { verified, missing, refused } = identity;
    const statuses = Object.entries(refused).map(([status, n]) => `, ${n} refused by ${status}`);
    parts.push(`identity: A ${verified.A}, B ${verified.B}, C ${verified.C}, ${missing} without${statuses.join('')}`);
  }
  if (refusedPerCaller)
    parts.push(`by caller: ${refusedPerCaller.full} refused full, ${refusedPerCaller.tooFast} too fast`);
  if (slowed !== null) parts.push(`${slowed} set up later for the load`);
  return parts.length === 0 ? '' : `${parts.join(' · ')}\n`;
}

function scriptText(script: TrunkResult['script']): string {
  if (script === null) return '';
  return `script: ${script.refused} refused · ${script.unheard} messages unheard · ${script.restarts} restarts, ${script.forgotten} calls forgotten\n`;
}

/** A profile whose trunk is as the options say, over the given profile's or the defaults. */
function profileOf(flags: TrunkFlags): Profile {
  const { profile } = effectiveProfile(flags.profile ?? 'headroom', { rtpPorts: flags.rtpPorts });
  const base = flags.profile === undefined ? trunkSpec.parse({}) : profile.trunk;
  const exactly = (ms: number | undefined) => (ms === undefined ? undefined : { min: ms, max: ms });
  const result = trunkSpec.safeParse({
    ...base,
    channels: flags.channels ?? base.channels,
    cps: flags.cps ?? base.cps,
    whenFull: flags.whenFull ?? base.whenFull,
    ringAfter: exactly(flags.ringAfter) ?? base.ringAfter,
    answerAfter: exactly(flags.answerAfter) ?? base.answerAfter,
    faults: {
      ...base.faults,
      noRtp: flags.withoutRtp ?? base.faults.noRtp,
      silence: flags.silence ?? base.faults.silence,
      wrongCodec: flags.wrongCodec ?? base.faults.wrongCodec,
      ignoreDtmf: flags.ignoreDtmf ?? base.faults.ignoreDtmf,
      drop: flags.drop ?? base.faults.drop,
    },
  });
  if (result.success) return { ...profile, trunk: result.data };
  // Each option was right by itself: what is left is what they amount to together.
  throw new AppError('ARGUMENT_INVALID', `The options make no trunk: ${result.error.issues[0].message}`, {
    where: result.error.issues[0].path.join('.'),
  });
}
