import { Command } from 'commander';
import { AppError } from '../core/errors.js';
import type { Latching } from '../media/link/messages.js';
import type { RelayClient } from '../media/link/relay-client.js';
import type { Door } from '../relay/door.js';
import { PacketFiles } from '../relay/packet-files.js';
import type { Relay } from '../relay/relay.js';
import { StaticDoor } from '../relay/static/door.js';
import { parseRoute, type StaticRoute } from '../relay/static/route.js';
import { wholeSpan } from '../run/rtp-ports.js';
import { type RelayState, StandaloneRelay } from '../run/standalone-relay.js';
import { openRelayPlain, type RelayView } from '../ui/relay-plain.js';
import { Interrupts } from './interrupts.js';
import { oneOf, portRangeText, time, wholeNumber } from './options.js';
import { relayImpairment } from './relay-impairment.js';
import { NG_POOL, type NgFlags, ngInterfaces, openNg, withNgOptions } from './relay-ng.js';
import { relayText } from './relay-text.js';
import { printJson } from './standard-streams.js';
import { version } from './version.js';

const MOST_CALLS = 100_000;
const DRIVERS = ['auto', 'native', 'epoll', 'dgram'] as const;

export interface RelayFlags extends NgFlags {
  static?: StaticRoute[];
  network?: string;
  impairment?: string;
  seed: number;
  latch: Latching;
  rtpPorts: string;
  driver: (typeof DRIVERS)[number];
  packetLog?: string;
  pcap?: string;
  ui: boolean;
  json?: boolean;
}

export function relayCommand(): Command {
  const command = new Command('relay')
    .description('Stand between two ends of a call and be a bad network; until Ctrl-C')
    .option(
      '--static <listen=remote,listen=remote>',
      'a path between two sides, without signalling: where each is listened for, and where its far end is (left out: where its first packet comes from); may be given again',
      (text: string, routes: StaticRoute[] | undefined) => [...(routes ?? []), parseRoute(text)],
    );
  return withNgOptions(command)
    .option('--network <name>', 'be this network (trunkstorm profile networks)')
    .option('--impairment <file>', 'be what this YAML file has as `impairment`, as a profile has it')
    .option('--seed <n>', 'seed of all random decisions', wholeNumber('--seed', 0, 0xffffffff), 1)
    .option(
      '--latch <how>',
      'whether packets tell that a far end is elsewhere than was said: off, first, follow',
      oneOf('--latch', ['off', 'first', 'follow']),
      'off',
    )
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP', portRangeText('--rtp-ports'), '20000-29999')
    .option('--max-calls <n>', 'calls at a time', wholeNumber('--max-calls', 1, MOST_CALLS), 4000)
    .option('--media-timeout <time>', 'how long a call may be silent, 0 for ever', time('--media-timeout'), 60_000)
    .option('--driver <name>', 'how UDP is spoken: auto, native, epoll, dgram', oneOf('--driver', DRIVERS), 'auto')
    .option('--packet-log <file>', 'write what became of each packet, a line of JSON each')
    .option('--pcap <prefix>', 'capture both sides: <prefix>-a.pcap and <prefix>-b.pcap')
    .option('--no-ui', 'one plain line a second instead of the screen')
    .option('--json', 'print the final figures as JSON, and nothing else on stdout')
    .addHelpText(
      'after',
      `
Side A is the caller's; what it sends is the uplink of a network or of an impairment, what B sends the downlink.

Examples:
  trunkstorm relay --static 192.0.2.1:4000=192.0.2.10:20000,192.0.2.1:5000=192.0.2.20:30000 --impairment bad.yaml
  trunkstorm relay --static 127.0.0.1:4000,127.0.0.1:5000=127.0.0.1:30000    A is where its first packet comes from
  trunkstorm relay --ng 127.0.0.1:22222 --network lte-poor                   where Kamailio, OpenSIPS or drachtio had rtpengine
  trunkstorm relay --static [::1]:4000,[::1]:5000 --packet-log packets.ndjson --pcap call --json

Keys while it runs: q quit`,
    )
    .action((flags: RelayFlags) => relay(flags));
}

async function relay(flags: RelayFlags): Promise<void> {
  const doors = [flags.static && '--static', flags.ng && '--ng'].filter((door) => door !== undefined);
  if (doors.length !== 1)
    throw new AppError('ARGUMENT_INVALID', 'A relay has one front door', {
      where: 'trunkstorm relay',
      expected: '--static LISTEN=REMOTE,LISTEN=REMOTE, or --ng ADDRESS:PORT',
      found: doors.length === 0 ? 'nothing that calls could come in by' : doors.join(' and '),
    });
  const impairment = relayImpairment(flags);
  const files = flags.packetLog === undefined && flags.pcap === undefined ? null : new PacketFiles(flags);
  const progress = flags.json ? process.stderr : process.stdout;
  const log: string[] = [];
  let view: RelayView | null = null;
  const engine = new StandaloneRelay({
    driver: flags.driver,
    seed: flags.seed,
    addresses: flags.static ? [flags.static[0].a.listen.address] : addressesOf(ngInterfaces(flags)),
    ports: wholeSpan(flags.rtpPorts),
    pool: flags.static ? 0 : NG_POOL,
    pipelinesOf: impairment.pipelinesOf,
    mediaTimeoutMs: flags.mediaTimeout,
    maxCalls: flags.maxCalls,
    log: files?.logging,
    openDoor: (opened, client) => openDoor(flags, opened, client, (text) => log.push(text)),
    onUpdate: (state: RelayState) => view?.update({ ...state, log, unwritten: files?.unwritten ?? 0 }),
    onLog: (text) => log.push(text),
    onPackets: files ? (batch, nameOf) => files.take(batch, nameOf) : undefined,
  });
  const interrupts = new Interrupts(() => engine.stop());
  view = await openView(flags, impairment.label, progress, interrupts);
  try {
    const result = await engine.execute();
    await view.finish();
    const figures = { version, impairment: impairment.label, ...result, packetLog: files?.close() };
    if (flags.json) printJson(figures);
    else process.stdout.write(relayText(figures));
  } finally {
    await view.finish();
    interrupts.close();
  }
}

/** Each address once, though several names may be for it. */
function addressesOf(interfaces: readonly { address: string }[]): string[] {
  return [...new Set(interfaces.map(({ address }) => address))];
}

function openDoor(flags: RelayFlags, relay: Relay, client: RelayClient, onLog: (text: string) => void): Promise<Door> {
  if (!flags.static) return openNg(flags, relay, client, wholeSpan(flags.rtpPorts), onLog);
  const bind = (address: string, port: number) => client.bind(address, port);
  return StaticDoor.open({ relay, routes: flags.static, latch: flags.latch, bind, onLog });
}

/** The screen on a terminal, otherwise plain lines; with `--json` stdout is left to the figures. */
async function openView(
  flags: RelayFlags,
  impairment: string,
  progress: NodeJS.WriteStream,
  interrupts: Interrupts,
): Promise<RelayView> {
  const title = { impairment, seed: flags.seed, version };
  if (!flags.ui || flags.json || !process.stdout.isTTY)
    return openRelayPlain(title, (line) => progress.write(`${line}\n`));
  const { openRelayScreen } = await import('../ui/relay-screen.js');
  return openRelayScreen({ title, onQuit: () => interrupts.take('SIGINT') });
}
