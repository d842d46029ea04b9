import type { ErrorMessage } from '../../core/errors.js';
import type { Pipeline } from '../../impair/spec.js';
import type { DirectionTruth } from '../../impair/truth.js';
import type { SrtpSuite } from '../../rtp/srtp-keys.js';
import type { SrtpKeys } from '../../rtp/srtp-session.js';
import type { Latching, Lease, MediaHealth } from './messages.js';

/** The two ends of a relayed call. Which of them is the caller is the door's business. */
export type RelaySide = 'a' | 'b';

/** Which way a packet goes: what A sent goes to B, and the reverse. */
export type RelayDirection = 'aToB' | 'bToA';

/** What a relayed call is opened with. Both ends listen at once; an end is sent to once `connect` says where it is. */
export interface RelayCallSpec {
  /** Chosen by the owner, unique among the calls that are up. One RTP stream each way: a call of two media is two of them. */
  call: number;
  /** Names the call's random decisions: the same name and seed, the same fates. */
  name: string;
  /** Leased port pairs: what A sends to, and what B sends to. */
  pairs: Record<RelaySide, number>;
  pipelines: Record<RelayDirection, Pipeline>;
  /** Nothing from either end for so long is told by `onTimeout`, once until something comes again; 0 never. */
  mediaTimeoutMs: number;
  /** Whether what becomes of each packet is logged, and whether packets are captured on both sides; neither when left out. */
  log?: PacketLogging;
}

export interface PacketLogging {
  fates: boolean;
  packets: boolean;
}

/** What of a direction a door has thrown away or silenced; counted apart from what the impairments do. */
export interface RelayBlocks {
  /** All RTP and RTCP. */
  traffic: boolean;
  /** RTP but for telephone-events; RTCP passes. */
  media: boolean;
  /** Telephone-events. */
  events: boolean;
  /** Audio of G.711 and G.722 is replaced by silence; that of other codecs passes. */
  silence: boolean;
}

/** The far end of one side of a relayed call. */
export interface RelayRemote {
  /** Where RTP is sent; `null` where nobody said: the first packet that comes tells it, whatever `latch` is. */
  rtp: { address: string; port: number } | null;
  /** Where RTCP is sent: `mux` to and from the port of RTP (RFC 5761); left out, to the port above that of RTP. */
  rtcp?: 'mux' | { address: string; port: number };
  /** Whether packets may tell that the far end is elsewhere; `off` when it is left out. */
  latch?: Latching;
  /** Whether RTP from elsewhere than the far end is left out. It is, when this is left out; otherwise it is relayed, and counted. */
  strictSource?: boolean;
  /**
   * What the payload types mean in the packets that this far end sends, by codec name ('PCMU', 'telephone-event', 'CN' …):
   * stages that recode or drop digits have to know. Left out, the static types of RFC 3551.
   */
  payloadTypes?: Readonly<Record<number, string>>;
  /** RTP clock of what it sends, in Hz; 8,000 when it is left out. */
  clockRate?: number;
  /** What crosses this side is SRTP: keys seen from the relay. Left out, RTP. A key that stays the same goes on where it was. */
  srtp?: SrtpKeys;
}

export type RelayCommand =
  /** Binds a pair at a port of the owner's choice; answered by `bound`. */
  | { kind: 'bind'; request: number; address: string; port: number }
  | { kind: 'open'; spec: RelayCallSpec }
  /** Sets or replaces the far end of a side. */
  | { kind: 'connect'; call: number; side: RelaySide; remote: RelayRemote }
  /** Replaces the impairments of a direction: generators start anew, the truth goes on and calls the time from now on `name`. */
  | { kind: 'impair'; call: number; direction: RelayDirection; pipeline: Pipeline; name: string }
  /** What of a direction is thrown away or silenced, in place of what was before. */
  | { kind: 'block'; call: number; direction: RelayDirection; blocks: RelayBlocks }
  /** Asks how a call stands; answered by `report`. */
  | { kind: 'query'; call: number }
  /** Takes nothing new, lets delayed packets go (a second at most), then reports and gives both pairs back. */
  | { kind: 'close'; call: number }
  /** Asks for a snapshot now, so that totals are complete at the end. */
  | { kind: 'snapshot' }
  /** A batch of the packet log has been read: its memory may be written to again. */
  | { kind: 'log-read'; batch: ArrayBuffer };

/** Datagrams and their UDP payload bytes. */
export interface Traffic {
  packets: number;
  bytes: number;
}

/** One RTP stream as it came from a far end, before anything was done to it. */
export interface RelayStream {
  ssrc: number;
  packets: number;
  bytes: number;
  /** Payload type of its last packet. */
  payloadType: number;
}

/** One end of a relayed call. */
export interface RelayEndReport {
  local: Pick<Lease, 'address' | 'rtpPort' | 'rtcpPort'>;
  /** Where RTP is sent now; `null` while that is not known. */
  remote: { address: string; port: number } | null;
  /** Whether packets said so, and not the description. */
  latched: boolean;
  srtp: SrtpSuite | null;
  /** RTP that was taken from the far end, before blocks and impairments. */
  received: Traffic;
  /** RTP that was sent to it. */
  sent: Traffic;
  rtcpReceived: Traffic;
  rtcpSent: Traffic;
  /** RTP or RTCP from elsewhere than the far end: left out, unless the source is not strict. */
  wrongSource: number;
  /** Datagrams that were neither RTP nor RTCP, and those cut short. */
  malformed: number;
  /** SRTP that was not opened: no key yet, not authentic, or came before. */
  unopened: number;
  /** RTP for this end that came before it was known where that is, or that could not be protected: no key yet, or too long. */
  unsendable: number;
  /** When the last RTP or RTCP came from the far end, on the run's clock; `null` if nothing ever did. */
  lastPacketMs: number | null;
  /** Streams in the order of their first packet, at most 8; what further ones brought is in `received` only. */
  streams: RelayStream[];
}

export interface RelayDirectionReport {
  /** What the impairments did. */
  truth: DirectionTruth;
  /** RTP packets that were thrown away by order of the door, and those whose audio was silenced. */
  blocked: number;
  silenced: number;
}

/** How a relayed call stands, or stood at its end. */
export interface RelayReport {
  openedMs: number;
  atMs: number;
  ends: Record<RelaySide, RelayEndReport>;
  directions: Record<RelayDirection, RelayDirectionReport>;
}

/** Totals of all relayed calls since the start, ended ones too; once a second. */
export interface RelaySnapshot {
  atMs: number;
  calls: number;
  /** By direction: what came from its sender, what went to its receiver, and what was done between. */
  directions: Record<RelayDirection, RelayTotals>;
  rtcp: number;
  wrongSource: number;
  malformed: number;
  unopened: number;
  /** Packets that the log had no room for. */
  unlogged: number;
  health: MediaHealth;
}

export interface RelayTotals {
  received: number;
  sent: number;
  blocked: number;
  silenced: number;
  /** Ground truth: what entered the impairments, and what they did. */
  packets: number;
  delivered: number;
  dropped: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  recoded: number;
  delayMeanMs: number | null;
  delayMaxMs: number | null;
}

export type RelayEvent =
  | { kind: 'bound'; request: number; lease: Lease | null; refusal: ErrorMessage | null }
  /** `null` for a call that is not up. */
  | { kind: 'report'; call: number; report: RelayReport | null }
  | { kind: 'closed'; call: number; report: RelayReport | null }
  | { kind: 'timeout'; call: number }
  | { kind: 'snapshot'; snapshot: RelaySnapshot; asked: boolean }
  /** See `packet-log.ts` for what a batch holds; it is to be given back by `log-read`. */
  | { kind: 'log'; batch: ArrayBuffer; bytes: number };
