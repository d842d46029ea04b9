import { payloadEnd, payloadStart, payloadTypeOf } from '../rtp/packet.js';
import type { RelayBlocks } from './link/relay-messages.js';
import type { PacketMemory } from './udp.js';

/** What a payload type carries, where it is neither a byte of silence nor unknown. */
const EVENT = -1;
const OTHER = -2;

/** Codecs whose silence is one byte over and over, and that byte. */
const SILENCE: Readonly<Record<string, number>> = { PCMU: 0xff, PCMA: 0xd5, G722: 0xfa };
/** Static payload types of RFC 3551. */
const STATIC_TYPES: Readonly<Record<number, string>> = { 0: 'PCMU', 8: 'PCMA', 9: 'G722' };

const NOTHING: RelayBlocks = { traffic: false, media: false, events: false, silence: false };

/** What of one direction of a relayed call a door has blocked or silenced: decided before any impairment, packet by packet. */
export class DirectionBlocks {
  /** RTP packets that were thrown away, and those whose audio was replaced by silence. */
  blockedPackets = 0;
  silencedPackets = 0;
  private blocks = NOTHING;
  private readonly carried = new Int16Array(128);

  constructor(payloadTypes?: Readonly<Record<number, string>>) {
    this.setFormat(payloadTypes);
  }

  /** Also RTCP is thrown away. */
  get traffic(): boolean {
    return this.blocks.traffic;
  }

  set(blocks: RelayBlocks): void {
    this.blocks = blocks;
  }

  /** Says what the payload types mean, by codec name; those not named are media that cannot be silenced. */
  setFormat(payloadTypes: Readonly<Record<number, string>> = STATIC_TYPES): void {
    this.carried.fill(OTHER);
    for (const [type, name] of Object.entries(payloadTypes))
      this.carried[Number(type)] = name === 'telephone-event' ? EVENT : (SILENCE[name] ?? OTHER);
  }

  /** Whether the packet is thrown away; audio of one that is not may have been replaced by silence, in place. */
  stops(memory: PacketMemory, offset: number, length: number): boolean {
    const { traffic, media, events, silence } = this.blocks;
    const carried = this.carried[payloadTypeOf(memory.bytes, offset)];
    if (traffic || (carried === EVENT ? events : media)) {
      this.blockedPackets++;
      return true;
    }
    if (silence && carried >= 0) {
      const { bytes } = memory;
      bytes.fill(carried, payloadStart(bytes, offset), payloadEnd(bytes, offset, length));
      this.silencedPackets++;
    }
    return false;
  }
}
