import type { Direction } from './direction.js';
import { wantedCodecs } from './relay-codecs.js';
import type { RelayOptions, RtcpMuxWish } from './relay-options.js';
import { type LocalMedia, type Party, PartyMedia, type PassedMedia, type SeenByParty } from './relay-party.js';
import { writeRelayed } from './relay-write.js';
import {
  familyOf,
  isRtp,
  isUnspecified,
  protectionOf,
  type RelayCodec,
  type RelayedMedia,
  readRelayedMedia,
} from './relayed-media.js';
import { readSdpText } from './sdp-text.js';

/** A description that was read and decided on; it can be written once there are ports. */
export interface PassedDescription {
  media: readonly PassedMedia[];
  /** The description for the receiver. `locals` are the relay's addresses towards it, one for each medium; the ports of one that is not relayed are not looked at. */
  write(locals: readonly LocalMedia[]): string;
}

/**
 * The descriptions of one dialog on their way through a relay (RFC 3264 between two parties that never see each other's
 * addresses). Behaves as rtpengine 10 where that is given the same wishes, ICE, DTLS and transcoding left out:
 *
 * - Addresses and ports of media and RTCP become the relay's, and so do `a=rtcp` and `a=rtcp-mux`. Attributes of ICE, DTLS, SDES
 *   and BUNDLE are taken out; what a relay does not understand stays as it is, in its place.
 * - What it had to decide on (formats, direction, RTCP, keys, ptime) stands at the end of each medium.
 * - A refused medium (port 0) stays refused. A medium that is no RTP gets an address and port like any other.
 *
 * Pure but for the keys, which are drawn from the system. The owner binds ports between `pass` and `write`.
 */
export class RelayNegotiation {
  private readonly media: Record<Party, PartyMedia[]> = { a: [], b: [] };
  private readonly seen: Record<Party, SeenByParty> = { a: unseen(), b: unseen() };

  /** One medium of a party; `null` where none was ever described at that place. */
  medium(party: Party, index: number): PartyMedia | null {
    return this.media[party][index] ?? null;
  }

  /** A description that `from` sent. The text of an error is what rtpengine says, where it says something. */
  pass(
    from: Party,
    kind: 'offer' | 'answer',
    text: string,
    options: RelayOptions,
  ): PassedDescription | { error: string } {
    const to = from === 'a' ? 'b' : 'a';
    const sdp = readSdpText(text);
    const read = sdp && readRelayedMedia(sdp);
    if (!sdp || !read) return { error: 'Failed to parse SDP' };
    const passed: PassedMedia[] = [];
    // Whoever asks for it gets it of every medium of this description (rtpengine keeps to it from the first on).
    const state = { isMuxRequired: options.rtcpMux.has('require') };
    for (const [index, medium] of read.entries()) {
      const address = options.senderAddress ?? medium.address;
      if (address === null || medium.hasImpossibleFormat) return { error: 'Incomplete SDP specification' };
      const sender = (this.media[from][index] ??= new PartyMedia());
      const receiver = (this.media[to][index] ??= new PartyMedia());
      const error = decide(kind, index, sender, receiver, medium, address, options, state);
      if (error !== null) return { error };
      const isRelayed = medium.port !== 0 && !receiver.isUntouched;
      const { hasOwnConnection, port } = medium;
      passed.push({ index, isRelayed, sender, receiver, hasOwnConnection, port });
    }
    const { isMuxRequired } = state;
    return {
      media: passed,
      write: (locals) => writeRelayed(sdp, passed, locals, options, this.seen[to], kind === 'answer' || isMuxRequired),
    };
  }
}

function unseen(): SeenByParty {
  return { username: null, sessionName: null, version: null, written: '' };
}

/** Takes one medium of a description over; the reason where it cannot be relayed. */
function decide(
  kind: 'offer' | 'answer',
  index: number,
  sender: PartyMedia,
  receiver: PartyMedia,
  read: RelayedMedia,
  address: string,
  options: RelayOptions,
  state: { isMuxRequired: boolean },
): string | null {
  const isRefused = read.port === 0;
  sender.type = read.type;
  receiver.type = read.type;
  decideProtocol(kind, sender, receiver, read, options);
  if (kind === 'offer') decideMid(sender, receiver, read.mid, options.generateMid ? String(index + 1) : null);
  decidePtime(kind, sender, receiver, read, options);
  sender.formats = read.formats;
  if (sender.protocol === receiver.protocol) receiver.formats = read.formats;
  decideCodecs(kind, sender, receiver, read, options);
  receiver.direction = read.direction;

  sender.family = familyOf(address);
  receiver.family = options.addressFamily ?? receiver.family ?? sender.family;
  sender.endpoint = isRefused ? null : { address, port: read.port };
  sender.rtcpEndpoint = read.rtcp && { address: read.rtcp.address ?? address, port: read.rtcp.port };
  receiver.isZeroed = isUnspecified(address) && !options.replaceZeroAddress;
  if (isRefused || receiver.isUntouched) return null;

  if (isUnspecified(address)) receiver.direction = withoutReceiving(read.direction);
  sender.rtcpMux = read.rtcpMux;
  decideMux(kind, sender, receiver, options.rtcpMux, state);
  return decideKeys(kind, sender, receiver, read, options);
}

function decideProtocol(
  kind: 'offer' | 'answer',
  sender: PartyMedia,
  receiver: PartyMedia,
  read: RelayedMedia,
  options: RelayOptions,
): void {
  if (sender.protocol !== read.protocol) {
    sender.protocol = read.protocol;
    // What an answer differs in is of no concern to the offerer, who has said what it speaks.
    if (kind === 'offer' || options.acceptProtocol) receiver.protocol = '';
  }
  if (receiver.protocol === '') receiver.protocol = sender.protocol;
  if (options.protocol !== null && isRtp(sender.protocol)) receiver.protocol = options.protocol;
}

/** A party goes on seeing the id that it saw first; an offerer may change its own (RFC 5888, section 9.1). */
function decideMid(sender: PartyMedia, receiver: PartyMedia, offered: string | null, made: string | null): void {
  sender.mid = offered ?? sender.mid;
  receiver.mid ??= sender.mid ?? made;
}

function decidePtime(
  kind: 'offer' | 'answer',
  sender: PartyMedia,
  receiver: PartyMedia,
  read: RelayedMedia,
  options: RelayOptions,
): void {
  if (read.ptimeMs !== null) {
    if (!receiver.isPtimeGiven) receiver.ptimeMs = read.ptimeMs;
    if (!sender.isPtimeGiven) sender.ptimeMs = read.ptimeMs;
  }
  if (kind === 'answer') return;
  if (options.ptimeMs !== null) receiver.ptimeMs = options.ptimeMs;
  if (options.reversePtimeMs !== null) sender.ptimeMs = options.reversePtimeMs;
  if (options.ptimeMs !== null || options.reversePtimeMs !== null) {
    receiver.isPtimeGiven = true;
    sender.isPtimeGiven = true;
  }
}

function decideCodecs(
  kind: 'offer' | 'answer',
  sender: PartyMedia,
  receiver: PartyMedia,
  read: RelayedMedia,
  { codecs: wishes, singleCodec }: RelayOptions,
): void {
  sender.ownCodecs = read.codecs;
  if (kind === 'offer') {
    sender.codecs = wantedCodecs(read.codecs, wishes, wishes.strip);
    receiver.codecs = wantedCodecs(read.codecs, wishes, [...wishes.strip, ...wishes.mask]);
    return;
  }
  // What was never offered is of no use to the offerer; unless there is nothing else.
  const offered = read.codecs.filter((codec) => sender.codecs.some((one) => one.payloadType === codec.payloadType));
  const answered = offered.length > 0 && read.port !== 0 ? offered : read.codecs;
  sender.codecs = wantedCodecs(answered, wishes, wishes.strip);
  receiver.codecs = singleCodec ? onlyFirst(sender.codecs) : sender.codecs;
}

function onlyFirst(codecs: readonly RelayCodec[]): RelayCodec[] {
  const isSupplement = ({ encoding }: RelayCodec): boolean => /^(telephone-event|CN)\//i.test(encoding ?? '');
  const first = codecs.find((codec) => !isSupplement(codec));
  return codecs.filter((codec) => codec === first || isSupplement(codec));
}

/** RFC 5761, section 5.1.1, and what the controller wants otherwise: towards the receiver now, and in the answer to come. */
function decideMux(
  kind: 'offer' | 'answer',
  sender: PartyMedia,
  receiver: PartyMedia,
  wishes: ReadonlySet<RtcpMuxWish>,
  state: { isMuxRequired: boolean },
): void {
  if (kind === 'answer') {
    if (!sender.isMuxDecided) receiver.rtcpMux = sender.rtcpMux;
    return;
  }
  // Who multiplexes already goes on doing so: its port for RTCP may be gone.
  if (receiver.rtcpMux) state.isMuxRequired = true;
  else receiver.rtcpMux = sender.rtcpMux;
  if (wishes.has('offer') || wishes.has('require')) receiver.rtcpMux = true;
  else if (wishes.has('demux')) receiver.rtcpMux = false;
  receiver.isMuxDecided = false;
  if (!sender.rtcpMux) {
    receiver.isMuxDecided = true;
    return;
  }
  if (!receiver.rtcpMux) receiver.isMuxDecided = true;
  else if (wishes.has('accept') || wishes.has('reject')) receiver.isMuxDecided = true;
  if (wishes.has('reject') && !(receiver.rtcpMux && wishes.has('accept'))) sender.rtcpMux = false;
}

function decideKeys(
  kind: 'offer' | 'answer',
  sender: PartyMedia,
  receiver: PartyMedia,
  { crypto }: RelayedMedia,
  { withoutSuites, offersKeys }: RelayOptions,
): string | null {
  for (const { protocol } of [sender, receiver])
    if (protectionOf(protocol) === 'dtls') return 'DTLS-SRTP is not supported';
  if (protectionOf(sender.protocol) === 'sdes') {
    const isUsable = kind === 'offer' ? sender.keys.take(crypto, withoutSuites) : sender.keys.takeAnswer(crypto);
    if (!isUsable) return 'No usable SRTP key in message';
  }
  if (protectionOf(receiver.protocol) !== 'sdes') return null;
  const from = protectionOf(sender.protocol) === 'sdes' ? sender.keys : null;
  if (kind === 'answer') receiver.keys.answer(from);
  else if (offersKeys) receiver.keys.offer(from, withoutSuites);
  return receiver.keys.written.length > 0 ? null : 'SRTP without SDES is not supported';
}

function withoutReceiving(direction: Direction): Direction {
  return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive';
}
