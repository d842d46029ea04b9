import { AppError } from '../../core/errors.js';
import { hostPort } from '../../sip/uri.js';

/** Why the control port cannot be opened. */
export function listenError(
  protocol: 'UDP' | 'TCP',
  host: string,
  port: number,
  cause: NodeJS.ErrnoException,
): AppError {
  const isTaken = cause.code === 'EADDRINUSE';
  return new AppError(
    isTaken ? 'PORT_TAKEN' : 'ADDRESS_UNUSABLE',
    isTaken ? 'The ng control port is taken' : `The ng control port cannot be opened (${cause.code})`,
    {
      where: `${protocol} ${hostPort(host, port)}`,
      expected: 'an address of this machine and a free port, for UDP and TCP',
      found: cause.code ?? cause.message,
      hint: 'Check --ng, and whether an rtpengine runs there already',
      cause,
    },
  );
}
