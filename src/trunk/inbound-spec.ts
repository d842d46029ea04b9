import { isIP } from 'node:net';
import { z } from 'zod';
import { duration } from '../core/units.js';

/** An address of this machine and a port; an IPv6 address stands in brackets. `null` of anything else. */
export function listenAt(text: string): { address: string; port: number } | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = Number(digits);
  return isIP(address) === (bracketed === undefined ? 4 : 6) && port <= 65_535 ? { address, port } : null;
}

/** A run whose load is what comes in: how long calls are waited for, and where. */
export const inboundSpec = z
  .strictObject({
    listen: z
      .string()
      .refine((text) => listenAt(text) !== null, 'expected an address and a port such as 192.0.2.7:5060 or [::1]:5060')
      .default('127.0.0.1:5060')
      .describe('Where SIP comes in, by UDP and TCP; --local and --sip-port go before it'),
    for: duration
      .refine((ms) => ms > 0, 'must be above 0')
      .describe('How long calls are taken, from when the run listens'),
    calls: z
      .number()
      .int()
      .min(1)
      .max(20_000_000)
      .optional()
      .describe('So many calls are taken at most; when they came, `for` is over'),
    runOut: duration
      .default(10_000)
      .describe('How long calls that are up then may go on before they are hung up; new ones get 503'),
  })
  .describe(
    'The load is what comes in: the run is the population that answers, by `trunk`, and measures who calls it (docs/inbound.md)',
  );

export type InboundSpec = z.infer<typeof inboundSpec>;
