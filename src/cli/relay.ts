import { type Command, Option } from 'commander';
import { type ControlSpec, controlSpec } from '../control/spec.js';
import { AppError } from '../core/errors.js';
import type { ImpairmentSpec } from '../impair/impairment-spec.js';
import type { Latching } from '../media/link/messages.js';
import { PacketFiles } from '../relay/packet-files.js';
import { StaticDoor } from '../relay/static/door.js';
import { parseRoute, type StaticRoute } from '../relay/static/route.js';
import { wholeSpan } from '../run/rtp-ports.js';
import { type RelayState, StandaloneRelay, type StandaloneRelayOptions } from '../run/standalone-relay.js';
import { RecentLines } from '../ui/recent-lines.js';
import { openRelayPlain, type RelayView } from '../ui/relay-plain.js';
import { Interrupts } from './interrupts.js';
import { networkName, oneOf, portRangeText, time, wholeNumber } from './options.js';
import { B2BUA_POOL, type B2buaFlags, openB2bua, withB2buaOptions } from './relay-b2bua.js';
import { type RelayImpairment, relayImpairment } from './relay-impairment.js';
import { NG_POOL, type NgFlags, ngInterfaces, openNg, withNgOptions } from './relay-ng.js';
import { relayText } from './relay-text.js';
import { printJson } from './standard-streams.js';
import { version } from './version.js';

const MOST_CALLS = 100_000;
const DRIVERS = ['auto', 'native', 'epoll', 'dgram'] as const;

export interface RelayFlags extends NgFlags, B2buaFlags {
  static?: StaticRoute[];
  network?: string;
  impairment?: string;
  controlPort?: number;
  controlToken?: string;
  seed: number;
  latch: Latching;
  rtpPorts: string;
  driver: (typeof DRIVERS)[number];
  packetLog?: string;
  pcap?: string;
  ui: boolean;
  json?: boolean;
}

export function defineRelay(command: Command): Command {
  command.option(
    '--static <path>',
    'LISTEN[=REMOTE],LISTEN[=REMOTE]: a path between two sides, without signalling: where each is listened for, and where its far end is (left out: where its first packet comes from); may be given again',
    (text: string, routes: StaticRoute[] | undefined) => [...(routes ?? []), parseRoute(text)],
  );
  return withB2buaOptions(withNgOptions(command))
    .option('--network <name>', 'be this network (trunkstorm profile networks)', networkName('--network'))
    .option('--impairment <file>', 'be what this YAML file has as `impairment`, as a profile has it')
    .option(
      '--control-port <port>',
      'HTTP on 127.0.0.1 by which impairments are read and changed; needs --control-token',
      wholeNumber('--control-port', 0, 65_535),
    )
    .option('--control-token <token>', 'what a request has to bring as `Authorization: Bearer TOKEN`')
    .option('--seed <n>', 'seed of all random decisions', wholeNumber('--seed', 0, 0xffffffff), 1)
    .option(
      '--latch <how>',
      'whether packets tell that a far end is elsewhere than was said: off, first, follow',
      oneOf('--latch', ['off', 'first', 'follow']),
      'off',
    )
    .option('--rtp-ports <a-b>', 'ports for RTP and RTCP', portRangeText('--rtp-ports'), '20000-29999')
    .option('--max-calls <n>', 'calls at a time', wholeNumber('--max-calls', 1, MOST_CALLS), 4000)
    .addOption(
      new Option('--media-timeout <time>', 'how long a call may be silent, 0 for ever')
        .argParser(time('--media-timeout'))
        .default(60_000, '60s'),
    )
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
  A call's media between two known addresses:
  $ trunkstorm relay --impairment bad.yaml \\
      --static 192.0.2.1:4000=192.0.2.10:20000,192.0.2.1:5000=192.0.2.20:30000

  The far end of the first side is where its first packet comes from:
  $ trunkstorm relay --static 127.0.0.1:4000,127.0.0.1:5000=127.0.0.1:30000

  Phones and SIPp call the relay, which calls the PBX:
  $ trunkstorm relay --listen sip:127.0.0.1:5080 --to sip:pbx:5060 --network lte-poor

  Where Kamailio, OpenSIPS or drachtio had rtpengine:
  $ trunkstorm relay --ng 127.0.0.1:22222 --network lte-poor

  What became of each packet, as text and as captures of both sides:
  $ trunkstorm relay --static [::1]:4000,[::1]:5000 --packet-log packets.ndjson --pcap call

Keys while it runs: q quit · n next network`,
    )
    .action((flags: RelayFlags, given: Command) => {
      refuseOfOtherDoors(flags, given);
      return relay(flags);
    });
}

async function relay(flags: RelayFlags): Promise<void> {
  const log = new RecentLines();
  const impairment = relayImpairment(flags);
  refuseIdleImpairment(flags, impairment);
  const { addresses, pool, open } = doorOf(flags, impairment, (text) => log.add(text));
  const files = flags.packetLog === undefined && flags.pcap === undefined ? null : new PacketFiles(flags);
  const progress = flags.json ? process.stderr : process.stdout;
  let view: RelayView | null = null;
  const engine = new StandaloneRelay({
    driver: flags.driver,
    seed: flags.seed,
    addresses,
    ports: wholeSpan(flags.rtpPorts),
    pool,
    impairment: impairment.impairment,
    refusal: (asked) => numbersUnknown(flags, asked),
    control: controlOf(flags),
    mediaTimeoutMs: flags.mediaTimeout,
    maxCalls: flags.maxCalls,
    log: files?.logging,
    openDoor: open,
    onUpdate: (state: RelayState) => view?.update({ ...state, log, unwritten: files?.unwritten ?? 0 }),
    onLog: (text) => log.add(text),
    onPackets: files ? (batch, nameOf) => files.take(batch, nameOf) : undefined,
  });
  const interrupts = new Interrupts(() => engine.stop());
  view = await openView(flags, impairment.label, progress, engine, interrupts);
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

/** Where the relay may be steered from. @throws AppError ARGUMENT_INVALID */
function controlOf({ controlPort: port, controlToken: token }: RelayFlags): ControlSpec | undefined {
  if (port === undefined && token === undefined) return undefined;
  const read = controlSpec.safeParse({ port, token });
  if (read.success) return read.data;
  throw new AppError('ARGUMENT_INVALID', 'There can be no control endpoint', {
    where: '--control-port and --control-token',
    expected: 'both: a port of 127.0.0.1, and a token of 16 characters or more without blanks',
    found: port === undefined ? 'no port' : token === undefined ? 'no token' : read.error.issues[0].message,
  });
}

/** A front door that was asked for, and the ports that it needs. */
interface DoorPlan {
  option: string;
  addresses: string[];
  /** Port pairs of each address kept bound; none where the door binds its own. */
  pool: number;
  open: StandaloneRelayOptions['openDoor'];
}

/** Options that have no effect with a door, by that door. */
const NOT_OF_DOOR = {
  static: ['interface', 'fromTarget', 'advertise', 'out', 'rtpPorts'],
  ng: ['fromTarget', 'advertise', 'out', 'latch'],
  listen: ['interface'],
} as const;

/** @throws AppError ARGUMENT_INVALID */
function refuseOfOtherDoors(flags: RelayFlags, command: Command): void {
  for (const door of ['static', 'ng', 'listen'] as const) {
    if (flags[door] === undefined) continue;
    const idle = NOT_OF_DOOR[door].find((name) => command.getOptionValueSource(name) === 'cli');
    if (idle === undefined) continue;
    const option = command.options.find((one) => one.attributeName() === idle)!.long;
    throw new AppError('ARGUMENT_INVALID', `${option} has no effect with --${door}`, {
      where: option ?? idle,
      hint: '`trunkstorm relay --help` says what belongs to which door.',
    });
  }
}

/** Only a door that sees calls knows who calls whom. */
function numbersUnknown({ listen }: RelayFlags, { select }: ImpairmentSpec): string | null {
  const isByNumber = (select?.from ?? select?.to ?? select?.trunk) !== undefined;
  return isByNumber && listen === undefined
    ? 'a selection of calls by number or trunk, which only --listen knows'
    : null;
}

/** What the file of `--impairment` asks for has to be told by the door. @throws AppError ARGUMENT_INVALID */
function refuseIdleImpairment(flags: RelayFlags, { impairment, hasSdpFaults }: RelayImpairment): void {
  const idle =
    numbersUnknown(flags, impairment) ??
    (flags.static && hasSdpFaults ? 'sdpFaults, and --static sees no descriptions' : null);
  if (idle === null) return;
  throw new AppError('ARGUMENT_INVALID', 'The impairment has what this door cannot do', {
    where: `--impairment ${flags.impairment}`,
    found: idle,
    hint: 'Leave it out, or take calls by --listen and --to.',
  });
}

/** The one front door. @throws AppError ARGUMENT_INVALID */
function doorOf(flags: RelayFlags, { sdpFaultsOf }: RelayImpairment, onLog: (text: string) => void): DoorPlan {
  const { static: routes, ng, listen, to, latch } = flags;
  const doors: DoorPlan[] = [];
  if (routes)
    doors.push({
      option: '--static',
      addresses: [routes[0].a.listen.address],
      pool: 0,
      open: (relay, client) =>
        StaticDoor.open({ relay, routes, latch, bind: (address, port) => client.bind(address, port), onLog }),
    });
  if (ng)
    doors.push({
      option: '--ng',
      // Each address once, though several names may be for it.
      addresses: [...new Set(ngInterfaces(flags).map(({ address }) => address))],
      pool: NG_POOL,
      open: (relay, client) => openNg(flags, relay, client, wholeSpan(flags.rtpPorts), sdpFaultsOf, onLog),
    });
  if (listen && to)
    doors.push({
      option: '--listen',
      addresses: [listen.address],
      pool: B2BUA_POOL,
      open: (relay, _client, onFatal) =>
        openB2bua({ ...flags, listen, to, sdpFaultsOf }, relay, { log: onLog, fatal: onFatal }),
    });
  if (doors.length === 1 && (listen === undefined) === (to === undefined)) return doors[0];
  throw new AppError('ARGUMENT_INVALID', 'A relay has one front door', {
    where: 'trunkstorm relay',
    expected: '--listen SIP-URI with --to URI, --ng ADDRESS:PORT, or --static LISTEN=REMOTE,LISTEN=REMOTE',
    found: foundInstead(doors, flags),
  });
}

function foundInstead(doors: readonly DoorPlan[], { listen, to }: RelayFlags): string {
  if (listen && !to) return '--listen without --to';
  if (to && !listen) return '--to without --listen';
  return doors.length === 0 ? 'nothing that calls could come in by' : doors.map(({ option }) => option).join(' and ');
}

/** The screen on a terminal, otherwise plain lines; with `--json` stdout is left to the figures. */
async function openView(
  flags: RelayFlags,
  impairment: string,
  progress: NodeJS.WriteStream,
  engine: StandaloneRelay,
  interrupts: Interrupts,
): Promise<RelayView> {
  const title = { impairment, seed: flags.seed, version };
  if (!flags.ui || flags.json || !process.stdout.isTTY)
    return openRelayPlain(title, (line) => progress.write(`${line}\n`));
  const { openRelayScreen } = await import('../ui/relay-screen.js');
  return openRelayScreen({
    title,
    onQuit: () => interrupts.take('SIGINT'),
    onNetwork: () => engine.nextNetwork(),
  });
}
