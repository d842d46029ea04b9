import type { Latching } from '../../media/link/messages.js';
import type { RelayReport, RelaySide } from '../../media/link/relay-messages.js';
import type { RelayedMedia } from '../../sdp/relayed-media.js';
import type { Relay } from '../relay.js';
import { type RelayPlace, relayed } from './description.js';
import type { CallMedia } from './media.js';

/** What a side said of its audio; `null` before it said anything, or where it takes none. */
type Said = Record<RelaySide, RelayedMedia | null>;

/**
 * The audio of one call: a stream each way between two ports of the relay. SRTP is relayed as it comes, under the keys that
 * both sides agreed on with each other.
 */
export class RelayedAudio implements CallMedia {
  /** What holds, and what was said since. */
  private readonly holds: Said = { a: null, b: null };
  private readonly said: Partial<Said> = {};

  /** @param places where each side is to send to */
  constructor(
    private readonly relay: Pick<Relay, 'connect' | 'close'>,
    private readonly call: number,
    private readonly places: Record<RelaySide, RelayPlace>,
    private readonly latch: Latching,
    private readonly onClosed: () => void = () => {},
  ) {}

  /** Whether both sides may send: only then is silence a fault. */
  get isTwoWay(): boolean {
    const { a, b } = this.holds;
    return a?.direction === 'sendrecv' && b?.direction === 'sendrecv';
  }

  pass(from: RelaySide, description: string): string {
    const { text, audio } = relayed(description, this.places[from === 'a' ? 'b' : 'a']);
    this.said[from] = audio;
    return text;
  }

  settle(): void {
    for (const side of ['a', 'b'] as const) {
      const said = this.said[side];
      if (said) this.holds[side] = said;
      delete this.said[side];
    }
    this.connect('a', 'b');
    this.connect('b', 'a');
  }

  forget(): void {
    this.said.a = undefined;
    this.said.b = undefined;
  }

  close(): Promise<RelayReport | null> {
    this.onClosed();
    return this.relay.close(this.call);
  }

  private connect(side: RelaySide, otherSide: RelaySide): void {
    const own = this.holds[side];
    const other = this.holds[otherSide];
    // An address of zeros puts the other side on hold, and is nowhere to send to.
    if (own === null || own.address === null || /^[0:.]+$/.test(own.address)) return;
    const { address, port, rtcp } = own;
    const isMuxed = own.rtcpMux && other?.rtcpMux === true;
    this.relay.connect(this.call, side, {
      rtp: { address, port },
      rtcp: isMuxed ? 'mux' : { address: rtcp?.address ?? address, port: rtcp?.port ?? port + 1 },
      latch: this.latch,
      payloadTypes: payloadTypesOf(other ?? own),
    });
  }
}

/** What a side sends is numbered as the other one asked for it (RFC 3264 5.1). */
function payloadTypesOf({ codecs }: RelayedMedia): Record<number, string> {
  const types: Record<number, string> = {};
  for (const { payloadType, encoding } of codecs)
    if (encoding !== null) types[payloadType] = encoding.slice(0, encoding.indexOf('/'));
  return types;
}
