import { isIP, isIPv6 } from 'node:net';
import { AppError } from '../../core/errors.js';
import type { RelaySide } from '../../media/link/relay-messages.js';

export interface Place {
  address: string;
  port: number;
}

/** One side of a static path: where the relay listens for it, and where its far end is, if that is said. */
export interface StaticSide {
  listen: Place;
  remote: Place | null;
}

export type StaticRoute = Record<RelaySide, StaticSide>;

const EXPECTED =
  'LISTEN[=REMOTE],LISTEN[=REMOTE] with ADDRESS:PORT each, such as 127.0.0.1:4000=10.0.0.2:20000,127.0.0.1:5000=10.0.0.3:30000';

/**
 * Reads `LISTEN[=REMOTE],LISTEN[=REMOTE]`: side A, then side B. IPv6 addresses stand in brackets.
 *
 * @throws AppError ARGUMENT_INVALID
 */
export function parseRoute(text: string): StaticRoute {
  const sides = text.split(',');
  if (sides.length !== 2) throw wrong(text, 'a path has two sides, divided by a comma');
  const [a, b] = sides.map((side) => parseSide(side, text));
  if (formatPlace(a.listen) === formatPlace(b.listen)) throw wrong(text, 'both sides listen to the same port');
  return { a, b };
}

export function formatPlace({ address, port }: Place): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** As `parseRoute` reads it. */
export function formatRoute({ a, b }: StaticRoute): string {
  return [a, b]
    .map(({ listen, remote }) => formatPlace(listen) + (remote === null ? '' : `=${formatPlace(remote)}`))
    .join(',');
}

function parseSide(side: string, whole: string): StaticSide {
  const [listen, remote, ...more] = side.split('=');
  if (more.length > 0) throw wrong(whole, `'${side}' has more than one remote`);
  const sides = { listen: parsePlace(listen, whole), remote: remote === undefined ? null : parsePlace(remote, whole) };
  if (sides.listen.port === 65_535) throw wrong(whole, 'RTCP has no port above 65535');
  if (sides.remote !== null && isIP(sides.remote.address) !== isIP(sides.listen.address))
    throw wrong(whole, `'${side}' is of two address families`);
  return sides;
}

function parsePlace(text: string, whole: string): Place {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text.trim());
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const isRight = match?.[1] === undefined ? isIP(address) === 4 : isIP(address) === 6;
  if (!isRight || port < 1 || port > 65_535) throw wrong(whole, `'${text}' is no ADDRESS:PORT`);
  return { address, port };
}

function wrong(found: string, why: string): AppError {
  return new AppError('ARGUMENT_INVALID', `--static has a wrong value: ${why}`, {
    where: '--static',
    expected: EXPECTED,
    found,
  });
}
