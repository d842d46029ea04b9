import type { Latching } from '../../media/link/messages.js';
import type { RelayReport, RelaySide } from '../../media/link/relay-messages.js';
import { rtcpPortOf } from '../../rtp/rtcp-port.js';
import type { SrtpSuite } from '../../rtp/srtp-keys.js';
import type { SrtpKeys } from '../../rtp/srtp-session.js';
import type { SdpFault } from '../../sdp/fault-spec.js';
import { withSdpFaults } from '../../sdp/faults.js';
import { payloadTypeNames, type RelayedMedia, rtpClockOf } from '../../sdp/relayed-media.js';
import { usableKeys } from '../../sdp/sdes.js';
import type { Relay } from '../relay.js';
import { type RelayPlace, relayed } from './description.js';
import type { CallMedia } from './media.js';

/** What a side said of its audio; `null` before it said anything, or where it takes none. */
type Said = Record<RelaySide, RelayedMedia | null>;

export interface AudioOptions {
  /** Where each side is to send to. */
  places: Record<RelaySide, RelayPlace>;
  latch: Latching;
  /** What is wrong in the descriptions of each side when they leave the relay. */
  faults: Record<RelaySide, readonly SdpFault[]>;
}

/**
 * The audio of one call: a stream each way between two ports of the relay. The two sides agree on the keys of SRTP with each
 * other (RFC 4568), and the relay, which reads them as they pass, opens each packet and seals it under the same key. Where
 * they use what it does not know, SRTP is relayed as it comes.
 */
export class RelayedAudio implements CallMedia {
  /** What holds, and what was said since. */
  private readonly holds: Said = { a: null, b: null };
  private readonly said: Partial<Said> = {};
  /** The same as texts that the other side got. */
  private readonly heldTexts: Record<RelaySide, string | null> = { a: null, b: null };
  private readonly texts: Record<RelaySide, string | null> = { a: null, b: null };
  /** How far the versions that the other side gets are ahead of those that a side writes. */
  private readonly versionsAhead: Record<RelaySide, bigint> = { a: 0n, b: 0n };

  constructor(
    private readonly relay: Pick<Relay, 'connect' | 'close'>,
    private readonly call: number,
    private readonly options: AudioOptions,
    private readonly onClosed: () => void = () => {},
  ) {}

  /** Whether both sides may send: only then is silence a fault. */
  get isTwoWay(): boolean {
    const { a, b } = this.holds;
    return a?.direction === 'sendrecv' && b?.direction === 'sendrecv';
  }

  pass(from: RelaySide, description: string): string {
    const { places, faults } = this.options;
    const { text, audio } = relayed(description, places[from === 'a' ? 'b' : 'a']);
    this.said[from] = audio;
    const passed = withVersion(withSdpFaults(text, faults[from]), (version) => version + this.versionsAhead[from]);
    this.texts[from] = passed;
    return passed;
  }

  restored(from: RelaySide): string | null {
    const held = this.heldTexts[from];
    if (held === null) return null;
    const newest = versionOf(this.texts[from] ?? held);
    // The versions that the side writes itself go on from the one that came to nothing.
    this.versionsAhead[from]++;
    this.texts[from] = withVersion(held, () => newest + 1n);
    return this.texts[from];
  }

  settle(): void {
    for (const side of ['a', 'b'] as const) {
      const said = this.said[side];
      if (said) {
        this.holds[side] = said;
        this.heldTexts[side] = this.texts[side];
      }
      delete this.said[side];
    }
    const keys = agreedKeys(this.holds.a, this.holds.b);
    this.connect('a', 'b', keys && { suite: keys.suite, send: keys.b, receive: keys.a });
    this.connect('b', 'a', keys && { suite: keys.suite, send: keys.a, receive: keys.b });
  }

  forget(): void {
    this.said.a = undefined;
    this.said.b = undefined;
  }

  close(): Promise<RelayReport | null> {
    this.onClosed();
    return this.relay.close(this.call);
  }

  private connect(side: RelaySide, otherSide: RelaySide, srtp: SrtpKeys | null): void {
    const own = this.holds[side];
    const other = this.holds[otherSide];
    // An address of zeros puts the other side on hold, and is nowhere to send to.
    if (own === null || own.address === null || /^[0:.]+$/.test(own.address)) return;
    const { address, port, rtcp } = own;
    const isMuxed = own.rtcpMux && other?.rtcpMux === true;
    this.relay.connect(this.call, side, {
      rtp: { address, port },
      rtcp: isMuxed ? 'mux' : { address: rtcp?.address ?? address, port: rtcp?.port ?? rtcpPortOf(port) },
      latch: this.options.latch,
      // What a side sends is numbered as the other one asked for it (RFC 3264 5.1).
      payloadTypes: payloadTypeNames((other ?? own).codecs),
      clockRate: rtpClockOf((other ?? own).codecs) ?? undefined,
      ...(srtp && { srtp }),
    });
  }
}

const ORIGIN = /^(o=\S+ \S+ )(\d{1,20})(?= )/m;

/** The version of a description in its o= line (RFC 8866 5.2). */
function versionOf(text: string): bigint {
  return BigInt(ORIGIN.exec(text)?.[2] ?? 0);
}

function withVersion(text: string, change: (version: bigint) => bigint): string {
  return text.replace(ORIGIN, (_line, start: string, version: string) => start + change(BigInt(version)));
}

/** The keys of what A and B send: those under one tag in both descriptions; `null` where there are none. */
function agreedKeys(a: RelayedMedia | null, b: RelayedMedia | null): { suite: SrtpSuite; a: string; b: string } | null {
  if (a === null || b === null || a.crypto.length === 0 || b.crypto.length === 0) return null;
  const keysOfB = usableKeys(b.crypto);
  for (const own of usableKeys(a.crypto)) {
    const other = keysOfB.find(({ tag, suite }) => tag === own.tag && suite === own.suite);
    if (other) return { suite: own.suite, a: base64(own.master), b: base64(other.master) };
  }
  return null;
}

function base64(key: Uint8Array): string {
  return Buffer.from(key).toString('base64');
}
