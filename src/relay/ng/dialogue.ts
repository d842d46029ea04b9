import { AppError } from '../../core/errors.js';
import type { RelayBlocks, RelayDirection, RelayRemote, RelayReport } from '../../media/link/relay-messages.js';
import type { SdpFault } from '../../sdp/fault-spec.js';
import { withSdpFaults } from '../../sdp/faults.js';
import { RelayNegotiation } from '../../sdp/relay-negotiation.js';
import type { LocalMedia, Party, PartyMedia, PassedMedia } from '../../sdp/relay-party.js';
import { isRtp, payloadTypeNames, rtpClockOf } from '../../sdp/relayed-media.js';
import type { OpenedCall, Relay } from '../relay.js';
import type { NgInterface, NgInterfaces } from './interfaces.js';
import type { NgRequest } from './request.js';

/** What of the relay is used here. */
export type NgMedia = Pick<Relay, 'open' | 'connect' | 'block' | 'query' | 'close'>;

/** What all dialogues share. */
export interface DialogueSurroundings {
  media: NgMedia;
  interfaces: NgInterfaces;
  /** A medium was opened, whose number the relay gave it. */
  onOpened(call: number, dialogue: Dialogue): void;
  onClosed(call: number): void;
  now(): number;
  /** Faults of what each party says, by the number of the dialogue's first medium. */
  sdpFaultsOf(call: number): Record<Party, readonly SdpFault[]>;
}

/** One medium that is relayed: its port pairs towards both parties. */
interface RelayedMedium extends OpenedCall {
  interfaces: Record<Party, NgInterface>;
}

export const NO_BLOCKS: RelayBlocks = { traffic: false, media: false, events: false, silence: false };

/** What rtpengine says to an offer beyond its limit. */
export const TOO_MANY_CALLS = 'Parallel session limit reached';
/** And to one for which it has no ports. */
export const NO_PORTS = 'Ran out of ports';
/** There are ports, and they are still being bound: words of ours. */
const PORTS_NOT_READY = 'Ports are still being bound, try again';

const SENT_BY: Record<Party, RelayDirection> = { a: 'aToB', b: 'bToA' };
const OTHER: Record<Party, Party> = { a: 'b', b: 'a' };

/** What `query` tells of one medium. */
export interface MediumReport {
  index: number;
  medium: RelayedMedium;
  /** `null` where the media thread does not answer. */
  report: RelayReport | null;
}

/**
 * Two parties that exchange descriptions, and the media between them. Party `a` sent the first offer. A party may be known under
 * several tags: where a call was forked without telling branches apart, the last one that answers has the media.
 */
export class Dialogue {
  readonly tags: Record<Party, Set<string>> = { a: new Set(), b: new Set() };
  readonly labels: Record<Party, string> = { a: '', b: '' };
  viaBranch = '';
  readonly createdMs: number;
  lastSignalMs: number;
  answered = false;
  /** When it is to end by itself, after a delete with a delay; `null` if it is not. */
  deleteAtMs: number | null = null;
  /** When a medium was first told to be silent. */
  silentSinceMs: number | null = null;
  private readonly blocks: Record<Party, RelayBlocks> = { a: { ...NO_BLOCKS }, b: { ...NO_BLOCKS } };
  private blocksOfCall = NO_BLOCKS;
  private readonly negotiation = new RelayNegotiation();
  private readonly media: (RelayedMedium | null)[] = [];
  private readonly chosen: Record<Party, string> = { a: '', b: '' };
  /** What the message said that brought a party's description. */
  private readonly sources: Record<Party, Pick<NgRequest, 'latch' | 'strictSource'>> = {
    a: { latch: 'first', strictSource: false },
    b: { latch: 'first', strictSource: false },
  };

  constructor(
    /** Names the dialogue's random decisions, together with the place of a medium. */
    private readonly name: string,
    private readonly around: DialogueSurroundings,
  ) {
    this.createdMs = around.now();
    this.lastSignalMs = this.createdMs;
  }

  /**
   * Passes a description on: the one for the other party, or why there is none. `opaque` are protocols that are no RTP: they get ports,
   * by which nothing passes.
   */
  pass(
    from: Party,
    kind: 'offer' | 'answer',
    request: NgRequest,
  ): { sdp: string; opaque: string[] } | { error: string } {
    const to = OTHER[from];
    this.lastSignalMs = this.around.now();
    this.deleteAtMs = null;
    this.silentSinceMs = null;
    if (request.label !== '') this.labels[from] = request.label;
    if (request.setLabel !== '') this.labels[to] = request.setLabel;
    const passed = this.negotiation.pass(from, kind, request.sdp, request.options);
    if ('error' in passed) return passed;
    if (kind === 'answer') this.answered = true;
    else {
      const [towardsSender, towardsReceiver] = request.interfaces;
      this.chosen[from] ||= towardsSender;
      this.chosen[to] ||= towardsReceiver;
    }
    for (const medium of passed.media)
      if (!medium.isRelayed) this.closeMedium(medium.index);
      else {
        const refusal = this.provide(medium, from);
        if (refusal !== null) return { error: refusal };
      }
    this.sources[from] = { latch: request.latch, strictSource: request.strictSource };
    for (const medium of passed.media) if (medium.isRelayed) this.connect(medium, from, kind);
    const sdp = this.faulty(
      from,
      passed.write(passed.media.map(({ index, receiver }) => this.local(index, to, receiver))),
    );
    const opaque = passed.media.filter(({ isRelayed, sender }) => isRelayed && !isRtp(sender.protocol));
    return { sdp, opaque: opaque.map(({ sender }) => sender.protocol) };
  }

  /** What of a party's media is thrown away or silenced, besides what is of the whole call's. */
  block(party: Party, what: keyof RelayBlocks, isBlocked: boolean): void {
    this.blocks[party][what] = isBlocked;
    this.applyBlocks();
  }

  blockAll(ofCall: RelayBlocks): void {
    this.blocksOfCall = ofCall;
    this.applyBlocks();
  }

  /** Whether neither party sends, by its descriptions: silence means nothing then. */
  get isHeld(): boolean {
    return this.media.every(
      (medium, i) => medium === null || this.negotiation.medium('a', i)?.direction === 'inactive',
    );
  }

  medium(party: Party, index: number): PartyMedia | null {
    return this.negotiation.medium(party, index);
  }

  /** Ports of a local address that its media hold: two a side. */
  portsOf(address: string): number {
    const leases = this.media.flatMap((medium) => (medium ? Object.values(medium.leases) : []));
    return 2 * leases.filter((lease) => lease.address === address).length;
  }

  get mediaCount(): number {
    return this.media.filter((medium) => medium !== null).length;
  }

  /** How each medium stands. */
  query(): Promise<MediumReport[]> {
    const open = this.media.flatMap((medium, index) => (medium ? [{ medium, index }] : []));
    return Promise.all(
      open.map(async ({ medium, index }) => ({ index, medium, report: await this.around.media.query(medium.call) })),
    );
  }

  /** Gives all ports back. */
  close(): void {
    for (let i = 0; i < this.media.length; i++) this.closeMedium(i);
  }

  /** Sees to it that a medium has port pairs towards both parties; in rtpengine's words why it has none. */
  private provide({ index, sender, receiver }: PassedMedia, from: Party): string | null {
    const { interfaces, media } = this.around;
    const to = OTHER[from];
    const wanted = {
      [from]: interfaces.choose(this.chosen[from], sender.family ?? 'IP4'),
      [to]: interfaces.choose(this.chosen[to], receiver.family ?? 'IP4'),
    } as Record<Party, NgInterface>;
    const medium = this.media[index] ?? null;
    if (medium && medium.interfaces.a === wanted.a && medium.interfaces.b === wanted.b) return null;
    this.closeMedium(index);
    const opened = media.open(`${this.name}/${index}`, { a: wanted.a.address, b: wanted.b.address });
    if (opened instanceof AppError) return refusalOf(opened);
    this.media[index] = { ...opened, interfaces: wanted };
    this.around.onOpened(opened.call, this);
    this.applyBlocks();
    return null;
  }

  /** Tells the media thread where the sender is; once both have spoken, also how the receiver is spoken to now. */
  private connect({ index, sender, receiver }: PassedMedia, from: Party, kind: 'offer' | 'answer'): void {
    const { call } = this.media[index]!;
    const { media } = this.around;
    const to = OTHER[from];
    media.connect(call, from, remoteOf(sender, receiver, this.sources[from]));
    if (kind === 'answer' && receiver.endpoint !== null)
      media.connect(call, to, remoteOf(receiver, sender, this.sources[to]));
  }

  private local(index: number, towards: Party, { family }: PartyMedia): LocalMedia {
    const medium = this.media[index];
    if (!medium) {
      const { address, advertised } = this.around.interfaces.choose(this.chosen[towards], family ?? 'IP4');
      return { address: advertised ?? address, rtpPort: 0, rtcpPort: 0 };
    }
    const { address, rtpPort, rtcpPort } = medium.leases[towards];
    return { address: medium.interfaces[towards].advertised ?? address, rtpPort, rtcpPort };
  }

  private faulty(from: Party, sdp: string): string {
    const first = this.media.find((medium) => medium !== null);
    return first ? withSdpFaults(sdp, this.around.sdpFaultsOf(first.call)[from]) : sdp;
  }

  private closeMedium(index: number): void {
    const medium = this.media[index];
    this.media[index] = null;
    if (!medium) return;
    this.around.onClosed(medium.call);
    void this.around.media.close(medium.call);
  }

  private applyBlocks(): void {
    for (const party of ['a', 'b'] as const) {
      const blocks = either(this.blocksOfCall, this.blocks[party]);
      for (const medium of this.media) if (medium) this.around.media.block(medium.call, SENT_BY[party], blocks);
    }
  }
}

function refusalOf({ code }: AppError): string {
  if (code === 'CALLS_EXHAUSTED') return TOO_MANY_CALLS;
  return code === 'PORTS_NOT_READY' ? PORTS_NOT_READY : NO_PORTS;
}

function either(one: RelayBlocks, other: RelayBlocks): RelayBlocks {
  return {
    traffic: one.traffic || other.traffic,
    media: one.media || other.media,
    events: one.events || other.events,
    silence: one.silence || other.silence,
  };
}

/** How a party is spoken to. What it sends has the payload types that the other party named. */
function remoteOf(
  party: PartyMedia,
  other: PartyMedia,
  { latch, strictSource }: Pick<NgRequest, 'latch' | 'strictSource'>,
): RelayRemote {
  const payloadTypes = payloadTypeNames([...party.ownCodecs, ...other.ownCodecs]);
  const clockRate = rtpClockOf(other.ownCodecs) ?? rtpClockOf(party.ownCodecs) ?? undefined;
  const remote: RelayRemote = { rtp: party.endpoint, latch, strictSource, payloadTypes, clockRate };
  if (party.rtcpMux) remote.rtcp = 'mux';
  else if (party.rtcpEndpoint) remote.rtcp = party.rtcpEndpoint;
  if (party.srtp) remote.srtp = party.srtp;
  return remote;
}
