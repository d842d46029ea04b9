import { type Command, Option } from 'commander';
import { type Analysis, analyze } from '../capture/analyze.js';
import { AppError } from '../core/errors.js';
import { DEFAULT_JITTER_BUFFER, parseJitterBuffer } from '../flow/jitter-buffer-spec.js';
import { BPL, equipmentOf, type GivenEquipment, RATED_CODECS } from '../quality/equipment.js';
import type { JitterBuffer } from '../quality/playout.js';
import { captureText } from '../report/capture-text.js';
import { printJson } from './standard-streams.js';

interface AnalyzeFlags {
  json?: boolean;
  rtpmap?: ReadonlyMap<number, string>;
  codec?: Readonly<Record<string, GivenEquipment>>;
  jitterBuffer: JitterBuffer;
  inbandDtmf?: boolean;
  plc: boolean;
}

const PROGRESS_MS = 1000;

export function defineCapture(command: Command): Command {
  command
    .command('analyze')
    .description('Measure the RTP streams of a pcap or pcapng file as those of live calls')
    .argument('<file>', 'the capture, gzipped or not')
    .option('--json', 'print as JSON')
    .option(
      '--rtpmap <type=encoding>',
      'what a payload type means, such as 96=opus/48000/2; may come again; goes before the SDP in the capture',
      rtpmap,
    )
    .addOption(
      new Option(
        '--jitter-buffer <time>',
        'playout delay of the listener, later packets are lost for it: fixed, or adaptive:20-200ms',
      )
        .argParser(jitterBuffer)
        .default(parseJitterBuffer(DEFAULT_JITTER_BUFFER), DEFAULT_JITTER_BUFFER),
    )
    .option(
      '--codec <name=mode>',
      'mode by which a codec is rated, such as AMR-WB=23.85, or its Ie and Bpl as in GSM=20/10; may come again',
      codec,
    )
    .option('--inband-dtmf', 'listen for digits as tones in the audio, too (ITU-T Q.24)')
    .option('--no-plc', `the listener conceals no loss: Bpl ${BPL.none} for G.711 in place of ${BPL.plc}`)
    .addHelpText(
      'after',
      `
Examples:
  trunkstorm capture analyze call.pcap                        every stream: loss, jitter, level, digits, MOS
  trunkstorm capture analyze call.pcapng.gz --json | jq '.streams[] | {ssrc, packetsLost, jitterMs, mosLq}'
  trunkstorm capture analyze call.pcap --rtpmap 96=opus/48000/2 --jitter-buffer 120ms
  trunkstorm capture analyze call.pcap --inband-dtmf --json | jq '.streams[].dtmf'
  trunkstorm capture analyze call.pcap --jitter-buffer adaptive:20-200ms --json | jq '.streams[].worstInterval'

Reads Ethernet (VLAN too), Linux cooked 1 and 2, raw IP and loopback; IPv4 and IPv6. SIP over UDP within the capture says
what payload types mean; without it those of RFC 3551 are known.`,
    )
    .action(async (file: string, { json, rtpmap: given = new Map(), codec: equipment, plc, ...rest }: AnalyzeFlags) => {
      const options = { rtpmap: given, bpl: plc ? BPL.plc : BPL.none, equipment, ...rest };
      const analysis: Analysis = await analyze(file, options, progress());
      if (json) printJson(analysis);
      else process.stdout.write(captureText(analysis));
    });
  return command;
}

/** `96=opus/48000/2`, added to those given before. */
function rtpmap(text: string, given: ReadonlyMap<number, string> = new Map()): ReadonlyMap<number, string> {
  const match = /^(\d{1,3})=([\w.-]+\/\d+(?:\/\d+)?)$/.exec(text);
  const payloadType = match ? Number(match[1]) : 128;
  if (!match || payloadType > 127)
    throw new AppError('ARGUMENT_INVALID', '--rtpmap has a wrong value', {
      where: '--rtpmap',
      expected: 'TYPE=ENCODING/CLOCK such as 96=opus/48000/2, with a type from 0 to 127',
      found: text,
    });
  return new Map([...given, [payloadType, match[2]]]);
}

/** `AMR-WB=23.85` or `GSM=20/10`, added to those given before. */
function codec(
  text: string,
  given: Readonly<Record<string, GivenEquipment>> = {},
): Readonly<Record<string, GivenEquipment>> {
  const [name, value = ''] = text.split('=', 2);
  const figures = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(value);
  const equipment = figures ? { ie: Number(figures[1]), bpl: Number(figures[2]) } : { mode: value };
  const known = equipmentOf(name, BPL.plc, { [name]: equipment });
  if (known === null || known.bpl === 0)
    throw new AppError('ARGUMENT_INVALID', '--codec has a wrong value', {
      where: '--codec',
      expected: Object.hasOwn(RATED_CODECS, name)
        ? `${name}=MODE with a mode of ${RATED_CODECS[name].join(', ')}, or ${name}=IE/BPL with a Bpl above 0`
        : `NAME=MODE or NAME=IE/BPL with a name of ${Object.keys(RATED_CODECS).join(', ')}`,
      found: text,
    });
  return { ...given, [name]: equipment };
}

function jitterBuffer(text: string): JitterBuffer {
  const buffer = parseJitterBuffer(text);
  if (buffer) return buffer;
  throw new AppError('ARGUMENT_INVALID', '--jitter-buffer has a wrong value', {
    where: '--jitter-buffer',
    expected: 'a duration such as 60ms, or adaptive:20-200ms with up to 1s',
    found: text,
  });
}

/** A line a second on a terminal's stderr while a long file is read. */
function progress(): (packets: number) => void {
  if (!process.stderr.isTTY) return () => {};
  let next = performance.now() + PROGRESS_MS;
  return (packets) => {
    // The clock is asked rarely: there may be millions of packets.
    if (packets % 4096 !== 0 || performance.now() < next) return;
    next += PROGRESS_MS;
    process.stderr.write(`read ${packets.toLocaleString('en')} packets, each is read twice\n`);
  };
}
