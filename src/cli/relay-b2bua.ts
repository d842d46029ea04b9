import { mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import type { Latching } from '../media/link/messages.js';
import { callLine } from '../relay/b2bua/call-line.js';
import { B2buaDoor } from '../relay/b2bua/door.js';
import type { Door } from '../relay/door.js';
import type { Relay } from '../relay/relay.js';
import { NdjsonFile } from '../report/ndjson-file.js';
import { RUN_FILES } from '../report/run-directory.js';
import { parseSipUri } from '../sip/uri.js';
import { ipAddress, type OptionParser, sipUri } from './options.js';
import type { RelayImpairment } from './relay-impairment.js';

const DEFAULT_PORT = 5060;
/** Port pairs kept bound, two for each call: what a burst takes before further ones are. */
export const B2BUA_POOL = 512;

export interface B2buaFlags {
  listen?: { address: string; port: number };
  to?: string;
  fromTarget?: string;
  advertise?: string;
  out?: string;
  latch: Latching;
}

/** The options of the door for SIP. */
export function withB2buaOptions(command: Command): Command {
  return command
    .option(
      '--listen <sip-uri>',
      'take calls here, over UDP and TCP, such as sip:192.0.2.1:5080',
      sipAddress('--listen'),
    )
    .option('--to <uri>', 'where those calls go: a PBX, a trunk, a registrar', sipUri('--to'))
    .option(
      '--from-target <uri>',
      'where calls of --to go that name no phone registered through the relay',
      sipUri('--from-target'),
    )
    .option(
      '--advertise <address>',
      'address for Via, Contact and SDP, behind NAT or in docker',
      ipAddress('--advertise', 'the one at which others reach this machine'),
    )
    .option('--out <dir>', `write a line of JSON for each call to ${RUN_FILES.calls} there`);
}

/** Opens the door for SIP; with `--out` it writes its calls down. */
export async function openB2bua(
  flags: B2buaFlags & Required<Pick<B2buaFlags, 'listen' | 'to'>> & Pick<RelayImpairment, 'sdpFaultsOf'>,
  relay: Relay,
  on: { log(text: string): void; fatal(error: Error): void },
): Promise<Door> {
  const { listen, to, fromTarget = null, advertise, latch, sdpFaultsOf } = flags;
  const file = flags.out === undefined ? null : await createFile(flags.out);
  const utcOffsetMs = Date.now() - systemClock.now();
  const door = await B2buaDoor.open({
    relay,
    listen,
    advertise,
    target: to,
    fromTarget,
    mediaAddress: listen.address,
    latch,
    sdpFaultsOf,
    onRecord: (record) => void file?.append(callLine(record, utcOffsetMs)),
    onLog: (text) => on.log(text),
    onFatal: (error) => on.fatal(error),
  });
  return {
    title: door.title,
    figures: () => door.figures(),
    statistics: () => door.statistics(),
    close: async () => {
      await door.close();
      await file?.close().catch((cause: unknown) => {
        throw unwritable(flags.out!, cause);
      });
    },
  };
}

/** `sip:ADDRESS[:PORT]`, or without the scheme. */
function sipAddress(option: string): OptionParser<{ address: string; port: number }> {
  return (text) => {
    const uri = parseSipUri(/^sip:/i.test(text) ? text : `sip:${text}`);
    if (uri === null || uri.user !== null || isIP(uri.host) === 0)
      throw new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, {
        where: option,
        expected: 'an address of this machine and a port, such as sip:192.0.2.1:5080',
        found: text,
      });
    return { address: uri.host, port: uri.port ?? DEFAULT_PORT };
  };
}

async function createFile(folder: string): Promise<NdjsonFile> {
  try {
    mkdirSync(folder, { recursive: true });
    return await NdjsonFile.create(join(folder, RUN_FILES.calls));
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

function unwritable(folder: string, cause: unknown): AppError {
  return new AppError('FILE_UNWRITABLE', 'The calls cannot be written down', {
    where: `--out ${folder}`,
    found: cause instanceof Error ? cause.message : String(cause),
    hint: 'Give a directory that this user may write to, on a disk with room.',
    cause,
  });
}
