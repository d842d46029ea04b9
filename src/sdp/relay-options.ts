import type { CodecWishes } from './relay-codecs.js';
import type { AddressFamily } from './relayed-media.js';

export type RtcpMuxWish = 'offer' | 'require' | 'demux' | 'accept' | 'reject';

/** What may be wanted of a description on its way through. The words are those of rtpengine's ng protocol. */
export interface RelayOptions {
  /** Which addresses besides those of the media are replaced: of o=, of the session's c=, a 0.0.0.0 that means hold. */
  replaceOrigin: boolean;
  replaceSessionConnection: boolean;
  replaceZeroAddress: boolean;
  /** Whether the receiver always sees the s= line and user name of o= that it saw first, and versions of o= that count ours. */
  replaceSessionName: boolean;
  replaceUsername: boolean;
  replaceVersion: boolean;
  /** Written in place of the relay's own address. */
  mediaAddress: string | null;
  /** Taken for the sender's in place of those in its description. */
  senderAddress: string | null;
  /** The transport protocol towards the receiver; `null` to leave it. */
  protocol: string | null;
  /** Passes on the protocol of an answer that differs from what was offered. */
  acceptProtocol: boolean;
  rtcpMux: ReadonlySet<RtcpMuxWish>;
  rtcpAttribute: 'short' | 'full' | 'none';
  addressFamily: AddressFamily | null;
  codecs: CodecWishes;
  /** Only the first codec of an answer, and what goes with it. */
  singleCodec: boolean;
  /** Whether keys are offered where the protocol wants them. */
  offersKeys: boolean;
  /** SRTP suites that are neither offered nor accepted, in upper case. */
  withoutSuites: ReadonlySet<string>;
  originalDirection: boolean;
  generateMid: boolean;
  stripExtmap: boolean;
  /** Packet intervals in place of those in the descriptions, towards the receiver and the sender of an offer. */
  ptimeMs: number | null;
  reversePtimeMs: number | null;
  /** A line that is added to the session, so that it is known again. */
  mark: string | null;
}

/** Nothing but the addresses and ports of media. */
export const PLAIN_RELAY: RelayOptions = {
  replaceOrigin: false,
  replaceSessionConnection: false,
  replaceZeroAddress: false,
  replaceSessionName: false,
  replaceUsername: false,
  replaceVersion: false,
  mediaAddress: null,
  senderAddress: null,
  protocol: null,
  acceptProtocol: false,
  rtcpMux: new Set(),
  rtcpAttribute: 'short',
  addressFamily: null,
  codecs: { strip: [], mask: [], except: [], offer: [] },
  singleCodec: false,
  offersKeys: true,
  withoutSuites: new Set(),
  originalDirection: false,
  generateMid: false,
  stripExtmap: false,
  ptimeMs: null,
  reversePtimeMs: null,
  mark: null,
};
