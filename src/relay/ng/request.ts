import { isIP } from 'node:net';
import type { Latching } from '../../media/link/messages.js';
import { PLAIN_RELAY, type RelayOptions, type RtcpMuxWish } from '../../sdp/relay-options.js';
import { isRtp } from '../../sdp/relayed-media.js';
import type { Bencoded, BencodedDictionary } from './bencode.js';

/** Hears what of a request has no effect here, in words for the log. */
export type OnIgnored = (what: string) => void;

/** A request of the ng protocol, apart from its command. Texts that are missing are empty, as rtpengine has it. */
export interface NgRequest {
  callId: string;
  fromTag: string;
  toTag: string;
  viaBranch: string;
  sdp: string;
  /** Names the sender of a description; in other commands selects a party by that name. */
  label: string;
  setLabel: string;
  /** Selects the party that gave this address. */
  address: string;
  /** Names of local interfaces towards the sender and the receiver of a description. */
  interfaces: [string, string];
  options: RelayOptions;
  latch: Latching;
  strictSource: boolean;
  /** What `drop-traffic` says, of the whole call. */
  dropsTraffic: boolean | null;
  /** The whole call is meant, and not a party of it. */
  all: boolean;
  /** A delete of what is not there is an error. */
  fatal: boolean;
  /** The controller understands a result of `load limit`. */
  supportsLoadLimit: boolean;
  deleteDelayS: number | null;
  limit: number | null;
}

/** Without effect, as the relay does so anyway, or as it concerns nothing that a relay like this one has. */
const SILENT_FLAGS: ReadonlySet<string> = new Set([
  'trust-address',
  'symmetric',
  'port-latching',
  'reset',
  'no-redis-update',
  'debug',
  'debugging',
  'no-jitter-buffer',
  'reject-ice',
  'ice-reject',
  'asymmetric-codecs',
  'symmetric-codecs',
  'reorder-codecs',
  'no-passthrough',
  'unidirectional',
  'pad-crypto',
]);
const SILENT_KEYS: ReadonlySet<string> = new Set([
  'command',
  'dtls-reverse',
  'dtls-fingerprint',
  'ice-lite',
  'metadata',
  'tos',
]);

const REPLACEMENTS: ReadonlyMap<string, keyof RelayOptions> = new Map([
  ['origin', 'replaceOrigin'],
  ['session-connection', 'replaceSessionConnection'],
  ['session-name', 'replaceSessionName'],
  ['sdp-version', 'replaceVersion'],
  ['username', 'replaceUsername'],
  ['zero-address', 'replaceZeroAddress'],
]);
const MUX_WISHES: readonly string[] = ['offer', 'require', 'demux', 'accept', 'reject'] satisfies RtcpMuxWish[];
const CODEC_LISTS = ['strip', 'mask', 'except', 'offer'] as const;

/** Values of keys that say what is done here without being told. */
const DONE_ANYWAY: ReadonlyMap<string, readonly string[]> = new Map([
  ['dtls', ['off', 'no', 'disable', 'disabled', 'passive', 'active']],
  ['ice', ['remove', 'default']],
  ['record-call', ['no', 'off', '']],
  ['passthrough', ['off', 'no', 'disable', 'disabled']],
  ['generate-rtcp', ['off']],
  ['dtmf-security', ['drop']],
]);

/**
 * Reads a request. Words are taken as rtpengine takes them: spaces are as good as hyphens, and what is unknown, or known and not
 * done here, is told and left. `mark` is the line that `loop protect` adds to a description.
 */
export function readRequest(dictionary: BencodedDictionary, mark: string, onIgnored: OnIgnored): NgRequest {
  const reader = new RequestReader(mark, onIgnored);
  for (const [key, value] of dictionary) reader.take(key, value);
  return reader.request();
}

class RequestReader {
  private readonly texts = new Map<string, string>();
  private interfaces: [string, string] = ['', ''];
  private readonly options: RelayOptions = { ...PLAIN_RELAY };
  private readonly codecs = { strip: [], mask: [], except: [], offer: [] } as Record<
    (typeof CODEC_LISTS)[number],
    string[]
  >;
  private readonly rtcpMux = new Set<RtcpMuxWish>();
  private readonly withoutSuites = new Set<string>();
  private readonly flags = new Set<string>();
  private receivedFrom: string | null = null;
  private learning = 'delayed';
  private supportsLoadLimit = false;

  constructor(
    private readonly mark: string,
    private readonly onIgnored: OnIgnored,
  ) {}

  take(written: string, value: Bencoded): void {
    const key = hyphenated(written);
    switch (key) {
      case 'flags':
        for (const flag of textsOf(value)) this.takeFlag(flag);
        break;
      case 'replace':
        for (const what of textsOf(value)) this.takeReplacement(what);
        break;
      case 'rtcp-mux':
        for (const wish of textsOf(value)) this.takeMux(wish);
        break;
      case 'sdes':
        for (const wish of textsOf(value)) this.takeSdes(wish);
        break;
      case 'codec':
        if (value instanceof Map) for (const [list, names] of value) this.takeCodecs(list, textsOf(names));
        break;
      case 'supports':
        this.supportsLoadLimit ||= textsOf(value).includes('load limit');
        break;
      case 'direction':
        if (Array.isArray(value)) this.interfaces = [textOf(value[0]), textOf(value[1])];
        break;
      case 'received-from':
        if (Array.isArray(value) && isIP(textOf(value[1])) > 0) this.receivedFrom = textOf(value[1]);
        break;
      case 'endpoint-learning':
        this.learning = textsOf(value).at(-1) ?? this.learning;
        break;
      case 'transport-protocol':
        this.takeProtocol(textOf(value));
        break;
      case 'media-address':
        if (isIP(textOf(value)) > 0) this.options.mediaAddress = textOf(value);
        else this.onIgnored(`media address '${textOf(value)}'`);
        break;
      case 'address-family':
        this.takeFamily(textOf(value));
        break;
      case 'ptime':
        this.options.ptimeMs = wholeNumber(value);
        break;
      case 'ptime-reverse':
      case 'reverse-ptime':
        this.options.reversePtimeMs = wholeNumber(value);
        break;
      default:
        this.takeOther(key, written, value);
    }
  }

  request(): NgRequest {
    const { texts, flags, options } = this;
    const text = (...keys: string[]): string =>
      keys.map((key) => texts.get(key)).find((value) => value !== undefined) ?? '';
    const number = (key: string): number | null => (texts.has(key) ? wholeNumber(text(key)) : null);
    const drops = text('drop-traffic');
    return {
      callId: text('call-id'),
      fromTag: text('from-tag'),
      toTag: text('to-tag'),
      viaBranch: text('via-branch'),
      sdp: text('sdp'),
      label: text('label', 'from-label'),
      setLabel: text('set-label', 'to-label'),
      address: text('address'),
      interfaces: this.interfaces,
      options: {
        ...options,
        codecs: this.codecs,
        rtcpMux: this.rtcpMux,
        withoutSuites: this.withoutSuites,
        senderAddress: flags.has('sip-source-address') ? this.receivedFrom : null,
      },
      latch:
        flags.has('asymmetric') || this.learning === 'off' ? 'off' : flags.has('media-handover') ? 'follow' : 'first',
      strictSource: flags.has('strict-source'),
      dropsTraffic: drops === 'start' ? true : drops === 'stop' ? false : null,
      all: flags.has('all'),
      fatal: flags.has('fatal'),
      supportsLoadLimit: this.supportsLoadLimit,
      deleteDelayS: number('delete-delay'),
      limit: number('limit'),
    };
  }

  private takeOther(key: string, written: string, value: Bencoded): void {
    const text = textOf(value);
    switch (key) {
      case 'call-id':
      case 'from-tag':
      case 'to-tag':
      case 'via-branch':
      case 'label':
      case 'from-label':
      case 'set-label':
      case 'to-label':
      case 'sdp':
      case 'address':
      case 'drop-traffic':
      case 'delete-delay':
      case 'limit':
        this.texts.set(key, typeof value === 'number' ? String(value) : text);
        break;
      default: {
        if (SILENT_KEYS.has(key)) break;
        const done = DONE_ANYWAY.get(key);
        const said = typeof value === 'string' ? value : textsOf(value).join(',');
        if (done === undefined || !done.includes(said.toLowerCase())) this.onIgnored(`${written}=${said}`);
      }
    }
  }

  private takeFlag(written: string): void {
    const flag = hyphenated(written);
    const { options } = this;
    switch (flag) {
      case 'asymmetric':
      case 'strict-source':
      case 'media-handover':
      case 'sip-source-address':
      case 'all':
      case 'fatal':
        this.flags.add(flag);
        return;
      case 'no-rtcp-attribute':
        options.rtcpAttribute = 'none';
        return;
      case 'full-rtcp-attribute':
        options.rtcpAttribute = 'full';
        return;
      case 'original-sendrecv':
        options.originalDirection = true;
        return;
      case 'generate-mid':
        options.generateMid = true;
        return;
      case 'strip-extmap':
        options.stripExtmap = true;
        return;
      case 'single-codec':
        options.singleCodec = true;
        return;
      case 'loop-protect':
        options.mark = this.mark;
        return;
      default:
        this.takePrefixed(flag, written);
    }
  }

  /** Lists that also come as flags of their own, as `codec-strip-PCMU`. */
  private takePrefixed(flag: string, written: string): void {
    const value = (prefix: string): string => written.slice(prefix.length);
    for (const list of CODEC_LISTS)
      if (flag.startsWith(`codec-${list}-`)) {
        this.codecs[list].push(value(`codec-${list}-`));
        return;
      }
    if (flag.startsWith('sdes-')) this.takeSdes(value('sdes-'));
    else if (flag.startsWith('endpoint-learning-')) this.learning = value('endpoint-learning-');
    else if (flag.startsWith('replace-')) this.takeReplacement(value('replace-'));
    else if (flag.startsWith('rtcp-mux-')) this.takeMux(value('rtcp-mux-'));
    else if (!SILENT_FLAGS.has(flag)) this.onIgnored(written);
  }

  private takeReplacement(written: string): void {
    const name = REPLACEMENTS.get(hyphenated(written));
    if (name === undefined) this.onIgnored(`replace=${written}`);
    else Object.assign(this.options, { [name]: true });
  }

  private takeMux(wish: string): void {
    if (MUX_WISHES.includes(wish)) this.rtcpMux.add(wish as RtcpMuxWish);
    else this.onIgnored(`rtcp-mux=${wish}`);
  }

  private takeSdes(wish: string): void {
    if (['off', 'no', 'disable', 'disabled'].includes(wish)) this.options.offersKeys = false;
    else if (wish.startsWith('no-')) this.withoutSuites.add(wish.slice(3).toUpperCase());
    else if (wish !== 'pad' && wish !== 'static') this.onIgnored(`SDES=${wish}`);
  }

  private takeCodecs(list: string, names: readonly string[]): void {
    const known = CODEC_LISTS.find((one) => one === list);
    if (known) this.codecs[known].push(...names);
    else for (const name of names) this.onIgnored(`codec ${list}=${name}`);
  }

  private takeProtocol(protocol: string): void {
    if (protocol === 'accept') this.options.acceptProtocol = true;
    else if (isRtp(protocol)) this.options.protocol = protocol.toUpperCase();
    else this.onIgnored(`transport protocol=${protocol}`);
  }

  private takeFamily(family: string): void {
    const name = family.toUpperCase();
    if (name === 'IP4' || name === 'IP6') this.options.addressFamily = name;
    else this.onIgnored(`address family=${family}`);
  }
}

function hyphenated(word: string): string {
  return word.toLowerCase().replaceAll(' ', '-');
}

function textOf(value: Bencoded | undefined): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: Bencoded): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A number of the protocol, which some controllers write as text; `null` for what is none. */
function wholeNumber(value: Bencoded): number | null {
  const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' ? number : null;
}
