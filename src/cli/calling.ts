import type { Command } from 'commander';
import { AppError } from '../core/errors.js';
import type { Profile } from '../profile/schema.js';
import { targetUris } from '../profile/targets.js';
import { checkFiles } from '../run/check-files.js';
import { localAddressFor } from '../run/local-address.js';
import type { Plan } from '../run/plan.js';
import { FREE_CPS, guardTargets } from '../run/target-guard.js';
import { SystemDns } from '../sip/system-dns.js';
import { type Account, readAccountFile, requireOthers } from '../swarm/account-file.js';
import { leavingCps } from '../swarm/leaving-rate.js';
import { readNumberFile } from '../swarm/number-file.js';
import { hostPort, ipAddress, portRangeText, wholeNumber } from './options.js';

/** What drachtio-server's sample configuration has. */
const DRACHTIO_SECRET = 'cymru';

/** What the commands that call others have in common. */
export interface CallerFlags {
  local?: string;
  advertise?: string;
  sipPort?: number;
  rtpPorts?: string;
  numbers?: string;
  drachtio?: { host: string; port: number };
  secret?: string;
  yes?: boolean;
}

/** Adds the options of where calls come from, and by which SIP server. */
export function withCallerOptions(command: Command): Command {
  return command
    .option('--local <address>', 'local address for SIP and RTP', ipAddress('--local', 'one of this machine'))
    .option(
      '--advertise <address>',
      'address for Contact and SDP, behind NAT or in docker',
      ipAddress('--advertise', 'the one at which the far end reaches this machine'),
    )
    .option('--sip-port <port>', 'local SIP port (default: any)', wholeNumber('--sip-port', 1, 65_535))
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP', portRangeText('--rtp-ports'))
    .option('--numbers <file>', 'CSV whose columns are variables of the profile')
    .option(
      '--drachtio <host:port>',
      'use an external drachtio-server instead of the embedded one',
      hostPort('--drachtio'),
    )
    .option('--secret <secret>', `secret of the external drachtio-server (default: ${DRACHTIO_SECRET})`);
}

/** The external drachtio-server, if calls go by one. @throws AppError ARGUMENT_INVALID for what has no effect beside it */
export function externalDrachtio({
  drachtio,
  secret,
  sipPort,
}: CallerFlags): { host: string; port: number; secret: string } | undefined {
  if (!drachtio) {
    if (secret === undefined) return undefined;
    throw new AppError('ARGUMENT_INVALID', '--secret has no effect without --drachtio', { where: '--secret' });
  }
  if (sipPort !== undefined)
    throw new AppError('ARGUMENT_INVALID', '--sip-port has no effect with --drachtio', {
      where: '--sip-port',
      hint: 'An external drachtio-server binds its SIP port by its own configuration.',
    });
  return { ...drachtio, secret: secret ?? DRACHTIO_SECRET };
}

/** What a profile needs besides itself. */
export interface Inputs {
  rows: Record<string, string>[];
  accounts: Account[];
  /** How far the rate keys may go, where that rests on a low rate. */
  mostRateFactor: number | undefined;
}

/**
 * Reads the files that a profile names, and makes sure that its load may go where it is to go and that this machine gets
 * there.
 * @throws AppError
 */
export async function readInputs(
  profile: Profile,
  plan: Pick<Plan, 'peakCps' | 'attempts'>,
  flags: CallerFlags,
): Promise<Inputs> {
  checkFiles(profile);
  const targets = targetUris(profile);
  const { registrations } = profile;
  const { toAccounts, byAccounts, from } = profile.calls;
  const registrars = registrations === undefined ? [] : [registrations.registrar];
  // Accounts that are called register by our own server in any case.
  const ours = flags.drachtio ? (toAccounts ? registrars : []) : [...targets, ...registrars];
  for (const uri of ours) requireTransport(uri, profile.sip.tls !== undefined);
  const rows = profile.calls.numbers === undefined ? [] : readNumberFile(profile.calls.numbers);
  const accounts = registrations === undefined ? [] : readAccountFile(registrations.accounts);
  if (registrations && toAccounts)
    requireOthers(registrations.accounts, accounts, { byAccounts, from, rows, attempts: plan.attempts });
  const mostRateFactor = await requireLeave(profile, plan, flags);
  if (targets.length > 0) await localAddressFor(hopsOf(profile), flags.local, new SystemDns(profile.sip.dns));
  return { rows, accounts, mostRateFactor };
}

/** Where calls are sent first: the outbound proxy, or else the targets. */
function hopsOf(profile: Profile): string[] {
  return profile.calls.proxy === undefined ? targetUris(profile) : [profile.calls.proxy];
}

/** The embedded server speaks SIP over UDP and TCP, and over TLS where the profile says how. */
function requireTransport(target: string, withTls: boolean): void {
  const transport =
    /;transport=([^;]+)/i.exec(target)?.[1].toLowerCase() ?? (target.startsWith('sips:') ? 'tls' : 'udp');
  if (transport === 'udp' || (transport === 'tcp' && !target.startsWith('sips:'))) return;
  const secure = transport === 'tls' || target.startsWith('sips:');
  if (secure && withTls) return;
  if (secure)
    throw new AppError('ARGUMENT_INVALID', 'The profile does not say how to speak TLS', {
      where: target,
      expected: 'a profile with `sip: { tls: {} }`, or with a `ca` and more in it',
      found: 'a target over TLS',
      hint: 'docs/profile.md lists the fields of sip.tls.',
    });
  throw new AppError('ARGUMENT_INVALID', `The embedded SIP server does not speak ${transport.toUpperCase()}`, {
    where: target,
    expected: 'a sip: URI over UDP or TCP, or a sips: URI',
    found: transport,
    hint: 'A drachtio-server that speaks it can take its place: --drachtio HOST:PORT --secret SECRET.',
  });
}

/**
 * Refuses to load a public address that nobody has allowed; see `guardTargets`.
 * @returns how far the rate keys may go, where that rests on a low rate
 */
async function requireLeave(
  profile: Profile,
  plan: Pick<Plan, 'peakCps'>,
  { yes }: Pick<CallerFlags, 'yes'>,
): Promise<number | undefined> {
  const { registrations } = profile;
  const destinations = hopsOf(profile).map((uri) => ({ uri, cps: plan.peakCps }));
  if (registrations)
    destinations.push({
      uri: registrations.registrar,
      cps: Math.max(registrations.cps, registrations.storm?.cps ?? 0, leavingCps(registrations) ?? 0),
    });
  const dns = new SystemDns(profile.sip.dns);
  const isGuarded = await guardTargets(destinations, { allow: profile.allow, yes: yes === true, dns });
  return isGuarded ? Math.max(1, FREE_CPS / Math.max(1, plan.peakCps)) : undefined;
}
