import type { SrtpKeys } from '../rtp/srtp-session.js';
import type { Direction } from './direction.js';
import { RelayKeys } from './relay-keys.js';
import { type AddressFamily, type MediaAddress, protectionOf, type RelayCodec } from './relayed-media.js';

/** A port pair of the relay, as a party is to know it. */
export interface LocalMedia {
  address: string;
  rtpPort: number;
  rtcpPort: number;
}

/** The two parties of a relayed dialog; which of them called is no matter here. */
export type Party = 'a' | 'b';

/** One medium as it stands with one party. */
export class PartyMedia {
  type = '';
  /** What is spoken with the party; empty while nothing is known. */
  protocol = '';
  formats = '';
  /** What the last description to the party lists, or its own last one. */
  codecs: RelayCodec[] = [];
  /** Payload types that the party's own last description gives a meaning to. */
  ownCodecs: RelayCodec[] = [];
  rtcpMux = false;
  /** The answer does not go along with what the other party says of multiplexing. */
  isMuxDecided = false;
  /** Of the description that goes to the party. */
  direction: Direction = 'sendrecv';
  ptimeMs: number | null = null;
  isPtimeGiven = false;
  mid: string | null = null;
  family: AddressFamily | null = null;
  /** Where the party wants its media, by its description; `null` while it has none that is not refused. */
  endpoint: MediaAddress | null = null;
  rtcpEndpoint: MediaAddress | null = null;
  /** The other party holds by an address of zeros. */
  isZeroed = false;
  readonly keys = new RelayKeys();

  /** What protects the RTP between relay and party; `null` for RTP in clear, and while no key is agreed on. */
  get srtp(): SrtpKeys | null {
    return protectionOf(this.protocol) === 'sdes' ? this.keys.agreed : null;
  }

  /** It is left out of the relay: what is sent goes from party to party, as MSRP has its own ways. */
  get isUntouched(): boolean {
    return this.type.toLowerCase() === 'message';
  }
}

/** What the receiver of descriptions has to see again and again. */
export interface SeenByParty {
  username: string | null;
  sessionName: string | null;
  version: bigint | null;
  /** The last description to the party, to tell whether a new one differs. */
  written: string;
}

/** One medium of a description that is passed on. */
export interface PassedMedia {
  /** Its place among the media, from 0. */
  index: number;
  /** Neither refused nor left out of the relay: it needs a port pair towards either party. */
  isRelayed: boolean;
  sender: PartyMedia;
  receiver: PartyMedia;
  hasOwnConnection: boolean;
  port: number;
}
