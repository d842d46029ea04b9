import type { MessagePort } from 'node:worker_threads';
import type { Recording } from '../../audio/recording.js';
import type { Sound } from '../../audio/sound.js';
import type { CodecName } from '../../core/codecs.js';
import type { ErrorMessage } from '../../core/errors.js';
import type { Pipeline } from '../../impair/spec.js';
import type { DirectionTruth } from '../../impair/truth.js';
import type { MarkerTimes } from '../../probe/marker-schedule.js';
import type { HeardMarker } from '../../probe/marker-window.js';
import type { HeardDigit, SentDigit } from '../../quality/digits.js';
import type { GivenEquipments } from '../../quality/equipment.js';
import type { JitterBuffer } from '../../quality/playout.js';
import type { HeardReport, SentReport } from '../../quality/reports.js';
import type { RtcpReport } from '../../rtp/rtcp-session.js';
import type { SrtpSuite } from '../../rtp/srtp-keys.js';
import type { SrtpKeys } from '../../rtp/srtp-session.js';
import type { AgentScript } from '../../voice/agent.js';
import type { CallerScript } from '../../voice/caller.js';
import type { TalkReport } from '../../voice/talker.js';
import type { Span } from '../../voice/turns.js';
import type { Said } from '../sayings.js';
import type { RelayCommand, RelayEvent } from './relay-messages.js';

/** A bound RTP/RTCP port pair that the media thread leased to signalling. */
export interface Lease {
  pair: number;
  address: string;
  rtpPort: number;
  rtcpPort: number;
  /** What a call sends with that shares its ports with others; its own choice where it is left out. */
  ssrc?: number;
}

/** How the media thread is set up; given once at its start. */
export interface MediaSetup {
  driver: 'auto' | 'native' | 'epoll' | 'dgram';
  /** Local addresses that RTP sockets bind, in turn. */
  addresses: readonly string[];
  /** First and last port of the range, both included; RTP takes the even, RTCP the odd one. */
  portMin: number;
  portMax: number;
  /** One pair on each address for all calls, instead of one for each of them. */
  sharedPorts?: boolean;
  /** Port pairs kept bound and leased ahead. */
  pool: number;
  /** What can be played, by name; `silence` is always there. */
  sounds: Record<string, Sound>;
  /** What is encoded before the first packet leaves; other codecs and intervals are at their first call. */
  formats: { codec: CodecName; ptimeMs: number }[];
  /** Stages whose files are read before the first packet; others are at their first call. */
  impairments?: Pipeline;
  seed: number;
  tickMs: number;
}

/** What the entry file of the media thread is started with (`workerData`). */
export interface MediaThreadData {
  setup: MediaSetup;
  /** Carries commands in, those of a turn together as an array, and events out. */
  port: MessagePort;
  /** One 32-bit word, on which the thread sleeps: whoever posts a command adds to it and notifies it. */
  wake: SharedArrayBuffer;
  /**
   * Where a packet log is wanted, which goes to the thread that started this one: one 32-bit word, the number of batches that
   * were read there.
   */
  logRead?: SharedArrayBuffer;
}

/** What the media thread tells whoever started it, by its own port. */
export interface LoggedPackets {
  /** See `media/link/packet-log.ts`. */
  batch: Uint8Array;
  /** Packets that there was no room for since the message before. */
  unlogged: number;
}

/**
 * Whether packets may tell that the far end is elsewhere than its description says (RFC 7362): `off` never, `first` the
 * first one, `follow` later ones too.
 */
export type Latching = 'off' | 'first' | 'follow';

/** What is listened for in the received audio; nothing, where a field is left out. */
export interface ListenSpec {
  /** Digits as tones. */
  tones?: boolean;
  /** Markers of the audio probe. */
  markers?: boolean;
  /** When those are said; left out where that is not known. */
  markerTimes?: MarkerTimes;
  /** Digits are told at once, by `heard`. */
  live?: boolean;
  /** Of a call that is listened to live: speech is told, too. */
  speech?: boolean;
  /** When the far end speaks is in the report (`overheard`). */
  spans?: boolean;
}

/** Something that was just heard of a call; `atMs` on the run's clock. */
export type HeardNow =
  | { kind: 'digit'; digit: string; atMs: number }
  /** Somebody began to speak, or has stopped; told some time after that (`voice/speech-detector.ts`). */
  | { kind: 'speech' | 'silence'; atMs: number };

/** What a local session sends and expects. */
export interface SessionSpec {
  /** Name of a sound of the setup; `none` sends no RTP at all. */
  audio: string;
  ptimeMs: number;
  /** When false, telephone-events are taken off the wire but not heard (a far end that ignores digits). */
  hearDigits: boolean;
  /** Whether audio is expected from the far end. */
  expectAudio: boolean;
  jitterBuffer: JitterBuffer;
  mediaTimeoutMs: number;
  /** Off when it is left out. */
  latch?: Latching;
  /** Packet-loss robustness for the E-model. */
  bpl: number;
  /** Ie and Bpl of codecs that are opaque to us, where they are not those of the E-model's tables. */
  equipment?: GivenEquipments;
  /** Whether G.722 and Opus are decoded for their level; left out, they are. */
  measuresLevels?: boolean;
  /** Whether RTCP is sent and read, and with extended reports (RFC 3611); neither when it is left out. */
  rtcp?: { xr: boolean };
  /** Whether RTP is protected: nothing is heard or sent before `connect` brings keys. It is not, when this is left out. */
  srtp?: boolean;
  /** Who listens to what is received. */
  listen?: ListenSpec;
  /** A sound of the setup that is said again and again from the answer on, in place of the audio: a marker. */
  says?: { sound: string; afterMs: number; everyMs: number };
  /** What a caller says, turn by turn, or an agent; one of them at most. Their sounds take the place of `audio`. */
  turns?: CallerScript;
  agent?: AgentScript;
  /** Bytes of received packets that are kept for a recording; none when it is left out. */
  recordBytes?: number;
}

/** The negotiated far end. */
export interface MediaRemote {
  address: string;
  port: number;
  /** Where it takes RTCP, and whether we send that from the port of RTP (RFC 5761). Left out: the port above, from ours. */
  rtcp?: { address: string; port: number; mux: boolean };
  /** SSRCs that its description announced (RFC 5576): calls that share a port are told apart by them. */
  ssrcs?: readonly number[];
  codec: CodecName;
  /** Payload type we send the codec with. */
  sendPayloadType: number;
  /** Packet interval that we send with; that of the session when it is left out. */
  ptimeMs?: number;
  /** Whether we may send; left out, we may. On hold we may not (RFC 3264 8.4). */
  sends?: boolean;
  /** Whether the far end may send: audio is expected only then. Left out, it may. */
  hears?: boolean;
  /** Payload types that we accept: pt → codec, by our own SDP. */
  acceptPayloadTypes: Record<number, CodecName | 'telephone-event' | 'CN'>;
  /** Payload type for telephone-event towards the far end, `null` when not negotiated. */
  eventPayloadType: number | null;
  /** Payload type for comfort noise in place of silence; left out, silence is sent as audio. */
  comfortPayloadType?: number;
  /** Left out without protection. */
  srtp?: SrtpKeys;
}

export type MediaCommand =
  /** Binds so many pairs ahead: of one address of the setup, or of all of them in turn. */
  | { kind: 'lease'; count: number; address?: string }
  | { kind: 'release'; pair: number }
  /** Opens a path on a leased pair. It listens at once; nothing is sent before `connect`. `name` seeds the impairments. */
  | {
      kind: 'open';
      call: number;
      pair: number;
      name: string;
      session: SessionSpec;
      uplink: Pipeline;
      downlink: Pipeline;
    }
  /** Sets the far end and starts sending; `answered` marks the answer (false: early media). May come again. */
  | { kind: 'connect'; call: number; remote: MediaRemote; answered: boolean }
  /** Puts other impairments in the place of those that these calls have; `name` is what the ground truth calls them. */
  | { kind: 'impair'; calls: readonly number[]; uplink: Pipeline; downlink: Pipeline; name: string }
  /** Sends digits by RFC 4733; answered by `digits-sent`. */
  | { kind: 'digits'; call: number; digits: string; toneMs: number; gapMs: number; volume?: number }
  /** Says a sound of the setup once, in place of the audio and after what is said before; answered by `said`. */
  | { kind: 'say'; call: number; sound: string }
  /** Plays a sound of the setup from now on, over and over; `none` for no RTP. */
  | { kind: 'play'; call: number; sound: string }
  /** Stops sending for good and goes on listening: a BYE is about to leave (RFC 3261 15.1.1). */
  | { kind: 'hush'; call: number }
  /** Stops sending, waits `drainMs` for packets that are still delayed, then reports and gives the pair back. */
  | { kind: 'close'; call: number }
  /** Asks for a snapshot now, so that the totals of a run are complete at its end. */
  | { kind: 'snapshot' }
  /** Of calls with two UDP ends. */
  | { kind: 'relay'; command: RelayCommand }
  | { kind: 'stop' };

/** Digits that one side sent and heard. */
export interface DtmfReport {
  sent: SentDigit[];
  heard: HeardDigit[];
  /** Digits that came as telephone-events of a payload type that was not negotiated: they were not heard. */
  unnegotiated: string;
  /** A digit that this side sent is late when it is heard later than this after it; `null` where this side sends none. */
  lateMs: number | null;
}

/** The media part of a call's record. */
export interface MediaReport {
  localAddress: string;
  localPort: number;
  remoteAddress: string | null;
  remotePort: number | null;
  /** Where latching found the far end, packets being sent there; `null` where that is the address above. */
  latched: { address: string; port: number } | null;
  codec: CodecName | null;
  /** What RTP was protected with; `null` where it was not. */
  srtp: SrtpSuite | null;
  sent: SentReport;
  heard: HeardReport;
  dtmf: DtmfReport;
  /** `null` where there was no RTCP, or the far end never was known. */
  rtcp: RtcpReport | null;
  /** What was said and heard, of a call that takes turns. */
  talk?: TalkReport;
  /** When each began that `says` asked for and that was said whole; left out where there was none to say. */
  saidMs?: number[];
  /** When the far end spoke, of a call that was listened to for it. */
  overheard?: Span[];
  /** What was received, where a recording was asked for. */
  recording: Recording | null;
  /** Markers heard, in order; `null` where they were not listened for. */
  markers: HeardMarker[] | null;
  /** Ground truth of the path: uplink is what we send, downlink what we receive. */
  truth: { uplink: DirectionTruth; downlink: DirectionTruth };
}

/** Live totals of the media thread since its start, once a second. */
export interface MediaSnapshot {
  atMs: number;
  sessions: number;
  packetsSent: number;
  packetsReceived: number;
  /** Distinct sequence numbers missing so far in all streams, ended and live. */
  packetsLost: number;
  packetsExpected: number;
  truth: { uplink: { packets: number; dropped: number }; downlink: { packets: number; dropped: number } };
  /** Live sessions at fault right now, by cause. */
  faults: Record<string, number>;
  /** Digits heard so far. */
  digitsHeard: number;
  /** Datagrams that were no RTP on RTP ports, or no RTCP on RTCP ports, whether a call held the port or not. */
  malformed: number;
  /** RTP and RTCP packets that came to a port which calls share, and of which it could not be told whose they are. */
  unattributed: number;
  /** RTCP packets that came on the RTCP ports. */
  rtcpReceived: number;
  health: MediaHealth;
}

export interface MediaHealth {
  driver: 'native' | 'dgram';
  timestampSource: 'kernel' | 'user';
  /** How far behind its deadline each packet left: buckets of `bucketWidth` ms. */
  pacingErrorMs: { bucketWidth: number; counts: Uint32Array; count: number; max: number };
  /** Datagrams that the kernel dropped on our sockets for want of buffer space. */
  receiveDrops: number;
  sendErrors: number;
  /** Packets never sent because their slot came late by more than one ptime. */
  slotsSkipped: number;
  /** CPU time of the media thread since its start; `null` where the system does not tell. */
  cpuMs: number | null;
}

export type MediaEvent =
  | { kind: 'ready'; driver: 'native' | 'dgram'; timestampSource: 'kernel' | 'user' }
  /** `exhausted` when fewer came than were asked for, with the reason. `address` where they were asked for of that one. */
  | { kind: 'leased'; address: string | null; leases: Lease[]; exhausted: boolean; reason: ErrorMessage | null }
  | { kind: 'digits-sent'; call: number; digits: string }
  /** `null` where nothing was being sent, or not by a codec that is encoded here. */
  | { kind: 'said'; call: number; said: Said | null }
  /** Of calls that are listened to live. */
  | { kind: 'heard'; call: number; heard: HeardNow }
  | { kind: 'closed'; call: number; report: MediaReport }
  | { kind: 'relay'; event: RelayEvent }
  /** Once a second, and when it was asked for. */
  | { kind: 'snapshot'; snapshot: MediaSnapshot; asked: boolean }
  /** The thread has ended. */
  | ({ kind: 'failed' } & ErrorMessage);
