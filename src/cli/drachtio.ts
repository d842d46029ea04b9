import type { Command } from 'commander';
import { systemClock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { ApplicationPort } from '../drachtio/application-port.js';
import { EmbeddedServer } from '../drachtio/embedded-server.js';
import { checkFamily } from '../run/local-address.js';
import type { LocalEndpoint } from '../sip/open-transports.js';
import { readTls } from '../sip/read-tls.js';
import type { TlsOptions } from '../sip/stream-transport.js';
import { hostPort } from '../sip/uri.js';
import { UserAgent } from '../sip/user-agent.js';
import { Interrupts } from './interrupts.js';
import { hostPort as hostPortOption, ipAddress, wholeNumber } from './options.js';
import { sipEndpoints } from './sip-endpoints.js';
import { printJson } from './standard-streams.js';

interface DrachtioFlags {
  port: number;
  listen: string;
  secret: string;
  sipPort: number;
  local: string;
  advertise?: string;
  also?: LocalEndpoint[];
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
  routeUri?: { host: string; port: number };
  json?: boolean;
}

export function defineDrachtio(command: Command): Command {
  return command
    .option('--port <port>', 'TCP port for applications', wholeNumber('--port', 0, 65_535), 9022)
    .option('--listen <address>', 'address for applications', ipAddress('--listen', 'one of this machine'), '127.0.0.1')
    .option('--secret <secret>', 'what applications must give', 'cymru')
    .option('--sip-port <port>', 'SIP port', wholeNumber('--sip-port', 0, 65_535), 5060)
    .option('--local <address>', 'local address for SIP', ipAddress('--local', 'one of this machine'), '127.0.0.1')
    .option(
      '--advertise <address>',
      'address for Via and Contact, behind NAT or in docker',
      ipAddress('--advertise', 'the one at which the far end reaches this machine'),
    )
    .option(
      '--also <sip-uri>',
      'a further address and port of this machine for SIP; may be given again',
      (text: string, endpoints: LocalEndpoint[] | undefined) => [...(endpoints ?? []), ...sipEndpoints('--also', text)],
    )
    .option(
      '--tls-cert <file>',
      'certificate of ours with its chain, PEM: takes SIP over TLS, one port above --sip-port',
    )
    .option('--tls-key <file>', 'its key, PEM')
    .option('--tls-ca <file>', 'authorities to trust in place of the system’s, PEM')
    .option(
      '--route-uri <host:port>',
      'connect to this application (srf.listen) for each new request',
      hostPortOption('--route-uri'),
    )
    .option('--json', 'print the final SIP counters as JSON')
    .addHelpText(
      'after',
      `
Whoever knows the secret places calls through this server: beyond this machine, give one of your own.

Examples:
  trunkstorm drachtio                                     srf.connect({ host: '127.0.0.1', port: 9022, secret: 'cymru' })
  trunkstorm drachtio --port 9023 --sip-port 5070         beside a drachtio-server
  trunkstorm drachtio --local 0.0.0.0 --advertise 198.51.100.7 --secret s3cret
  trunkstorm drachtio --tls-cert cert.pem --tls-key key.pem   takes sips: at 5061, too
  trunkstorm drachtio --also sip:[::1]:5060 --also 'sip:127.0.0.2:5070;transport=tcp'
  trunkstorm drachtio --route-uri 127.0.0.1:3000          srf.listen({ port: 3000, secret: 'cymru' })
  trunkstorm run headroom --drachtio 127.0.0.1:9022 --to sip:trunk.example.net`,
    )
    .action((flags: DrachtioFlags) => drachtio(flags));
}

async function drachtio(flags: DrachtioFlags): Promise<void> {
  const { listen, port, secret, sipPort, local, advertise, routeUri: routeTo } = flags;
  checkFamily(local, { '--advertise': advertise });
  const tls = tlsOf(flags);
  let stop!: () => void;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const interrupts = new Interrupts(() => stop());
  const progress = flags.json ? process.stderr : process.stdout;
  const agent = await UserAgent.open({ address: local, port: sipPort, advertise, tls, also: flags.also });
  try {
    const server = new EmbeddedServer(agent, { secret, routeTo });
    const applications = await ApplicationPort.open({ host: listen, port, server });
    const { address, port: opened } = applications.local;
    const startMs = systemClock.now();
    progress.write(`drachtio applications at ${hostPort(address, opened)} · SIP ${listening(agent)}\n`);
    await stopped;
    await applications.close();
    server.close();
    const stats = agent.stats();
    if (flags.json)
      printJson({
        durationMs: Math.round(systemClock.now() - startMs),
        sip: stats,
        applications: applications.counts,
      });
    else
      process.stdout.write(
        `SIP messages: ${stats.messagesReceived} received · ${stats.messagesSent} sent · ${stats.retransmissionsReceived} and ${stats.retransmissionsSent} of them again · ${stats.malformed} malformed\n` +
          `still up: ${stats.dialogs} dialogs\n`,
      );
  } finally {
    interrupts.close();
    await agent.close();
  }
}

/** Calls go out over TLS in any case; they are taken over it with a certificate of our own. */
function tlsOf({ tlsCert: cert, tlsKey: key, tlsCa: ca, also }: DrachtioFlags): TlsOptions {
  if ((cert === undefined) !== (key === undefined))
    throw new AppError('ARGUMENT_INVALID', '--tls-cert and --tls-key go together', {
      where: cert === undefined ? '--tls-cert' : '--tls-key',
    });
  if (cert === undefined && also?.some(({ protocol }) => protocol === 'tls'))
    throw new AppError('ARGUMENT_INVALID', '--also cannot take SIP over TLS without a certificate', {
      where: '--also',
      hint: 'Give --tls-cert and --tls-key.',
    });
  return readTls({ ca, cert, key, verify: true, requireClientCertificate: false }, (field) => `--tls-${field}`);
}

/** Where SIP is taken, such as `udp, tcp at 127.0.0.1:5060 · tls at 127.0.0.1:5061`. */
function listening({ transports }: UserAgent): string {
  const places = new Map<string, string[]>();
  for (const { protocol, advertised, callsOnly } of transports) {
    if (callsOnly) continue;
    const place = hostPort(advertised.address, advertised.port);
    places.set(place, [...(places.get(place) ?? []), protocol]);
  }
  return [...places].map(([place, protocols]) => `${protocols.join(', ')} at ${place}`).join(' · ');
}
