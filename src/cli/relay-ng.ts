import { isIP } from 'node:net';
import type { Command } from 'commander';
import { AppError } from '../core/errors.js';
import type { RelayClient } from '../media/link/relay-client.js';
import type { Door } from '../relay/door.js';
import { NgDoor, type NgDoorOptions } from '../relay/ng/door.js';
import type { NgInterface } from '../relay/ng/interfaces.js';
import type { Relay } from '../relay/relay.js';
import { isUnspecified } from '../sdp/relayed-media.js';
import { hostPort } from './options.js';

/** Port pairs of each address kept bound: as many as a burst of offers takes before further ones are. */
export const NG_POOL = 512;

export interface NgFlags {
  ng?: { host: string; port: number };
  interface?: NgInterface[];
  maxCalls: number;
  mediaTimeout: number;
}

/** The options of the door for the ng protocol. */
export function withNgOptions(command: Command): Command {
  return command
    .option(
      '--ng <address:port>',
      'take commands of the ng protocol here, over UDP and TCP, in place of an rtpengine',
      ngAddress,
    )
    .option(
      '--interface <address>',
      '[NAME/]ADDRESS[!ADVERTISED]: a local address for media with --ng, the name that `direction` has for it, and what is written in its place; may be given again',
      (text: string, known: NgInterface[] | undefined) => [...(known ?? []), parseInterface(text)],
    );
}

/** The local addresses of media: where commands are taken unless others are given. */
export function ngInterfaces({ ng, interface: given }: NgFlags): NgInterface[] {
  if (given) return given;
  const address = ng!.host;
  if (isUnspecified(address))
    throw wrong('--ng', 'an --interface beside it, as this address is none to send to', address);
  return [{ name: 'default', address }];
}

export function openNg(
  flags: NgFlags,
  relay: Relay,
  client: RelayClient,
  ports: { min: number; max: number },
  sdpFaultsOf: NgDoorOptions['sdpFaultsOf'],
  onLog: (text: string) => void,
): Promise<Door> {
  return NgDoor.open({
    relay,
    client,
    sdpFaultsOf,
    listen: flags.ng!,
    interfaces: ngInterfaces(flags),
    ports,
    maxCalls: flags.maxCalls,
    mediaTimeoutMs: flags.mediaTimeout,
    onLog,
  });
}

function ngAddress(text: string): { host: string; port: number } {
  const read = hostPort('--ng')(text);
  if (isIP(read.host) === 0)
    throw wrong('--ng', 'an address of this machine and a port, such as 127.0.0.1:22222', text);
  return read;
}

function parseInterface(text: string): NgInterface {
  const match = /^(?:([^/!]+)\/)?([^/!]+)(?:!(.+))?$/.exec(text);
  const [, name = 'default', address = '', advertised] = match ?? [];
  if (isIP(address) === 0 || (advertised !== undefined && isIP(advertised) === 0))
    throw wrong('--interface', '[NAME/]ADDRESS[!ADVERTISED], such as public/192.0.2.1!198.51.100.7', text);
  return advertised === undefined ? { name, address } : { name, address, advertised };
}

function wrong(option: string, expected: string, found: string): AppError {
  return new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, { where: option, expected, found });
}
