import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { duration } from '../core/units.js';

/** `address`, `address:port` or `[address]:port`. */
function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (!match) return false;
  const port = Number(match[3]);
  return port > 0 && port < 65_536 && (match[1] === undefined ? isIPv4(match[2]) : isIPv6(match[1]));
}

const tlsSpec = z
  .strictObject({
    ca: z.string().optional().describe("PEM file of the authorities that are trusted in place of the system's"),
    cert: z
      .string()
      .optional()
      .describe('PEM file of our own certificate, with its chain; only with it others can connect to us'),
    key: z.string().optional().describe('PEM file of its key'),
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name that the certificate of the far end must hold, sent to it by SNI (default: the host that is called)',
      ),
    verify: z.boolean().default(true).describe('`false` takes any certificate of the far end'),
    requireClientCertificate: z
      .boolean()
      .default(false)
      .describe('Whoever connects to us must show a certificate of a trusted authority'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together');

/** How SIP is carried, in a profile. */
export const sipSpec = z.strictObject({
  oversize: z
    .enum(['tcp', 'fragment'])
    .default('tcp')
    .describe(
      'A request of more than 1,300 bytes over UDP: sent over TCP (RFC 3261 18.1.1), or as fragments all the same',
    ),
  mtu: z
    .number()
    .int()
    .min(576)
    .max(65_535)
    .optional()
    .describe('MTU of the path, in bytes: a request is too long for UDP within 200 bytes of it, not beyond 1,300'),
  dns: z
    .string()
    .refine(isServer, 'expected an address, or an address and a port such as 192.0.2.53:5353')
    .optional()
    .describe("DNS server to ask for the target's name, in place of the system's"),
  keepAlive: duration
    .refine((ms) => ms >= 1000, 'must be at least 1s')
    .optional()
    .describe(
      'After so long without traffic a connection of ours over TCP or TLS sends an empty line (RFC 5626), and is closed where no answer comes',
    ),
  trace: z
    .enum(['failed', 'all', 'none'])
    .default('failed')
    .describe('Which call records carry every SIP message of their call: those that went wrong, all, or none'),
  tls: tlsSpec
    .optional()
    .describe('SIP over TLS, for `sips:` and `;transport=tls`; with cert and key also listened on, one port above'),
});

export type SipSpec = z.infer<typeof sipSpec>;
