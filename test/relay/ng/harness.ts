import { ManualClock } from '../../../src/core/clock.js';
import type { CallsLimits } from '../../../src/relay/ng/calls.js';
import { NgEngine, type NgEngineSetup } from '../../../src/relay/ng/engine.js';
import type { NgInterface } from '../../../src/relay/ng/interfaces.js';
import { type Bencoded, bencode, readBencoded } from '../../interop/bencode.js';
import { FakeMedia } from './fake-media.js';

export type Parameters = Record<string, Bencoded>;

const LIMITS: CallsLimits = { calls: 1000, offerTimeoutMs: 60_000, heldTimeoutMs: 600_000, mediaTimeoutMs: 30_000 };

/** An engine without sockets and media. */
export class NgHarness {
  readonly clock = new ManualClock(1000);
  readonly notes: string[] = [];
  /** Faults of descriptions, by the number of a call's first medium. */
  sdpFaultsOf: NonNullable<NgEngineSetup['sdpFaultsOf']> = () => ({ a: [], b: [] });
  readonly engine: NgEngine;
  private cookie = 0;

  constructor(
    readonly media = new FakeMedia(),
    interfaces: NgInterface[] = [{ name: 'default', address: '127.0.0.1' }],
    limits: Partial<CallsLimits> = {},
  ) {
    this.engine = new NgEngine({
      media,
      sdpFaultsOf: (call) => this.sdpFaultsOf(call),
      clock: this.clock,
      interfaces,
      limits: { ...LIMITS, ...limits },
      ports: { min: 30_000, max: 30_999 },
      onNote: (note) => this.notes.push(note),
      unixMs: (atMs) => 1_700_000_000_000 + atMs,
    });
  }

  /** The bytes that come back for a message; `null` for none. */
  raw(message: string | Buffer, address = '127.0.0.1'): Promise<string | null> {
    return new Promise((resolve) => {
      this.engine.take(Buffer.from(message), address, (answer) => resolve(answer.toString('latin1')));
      // What needs the media thread comes in a later turn; nothing else is waited for.
      setImmediate(() => setImmediate(() => resolve(null)));
    });
  }

  async ask(command: string, parameters: Parameters = {}): Promise<Parameters> {
    const answer = await this.raw(`${++this.cookie} ${bencode({ command, ...parameters })}`);
    if (answer === null) throw new Error(`no answer to ${command}`);
    return readBencoded(Buffer.from(answer.slice(answer.indexOf(' ') + 1), 'latin1')) as Parameters;
  }

  async sdp(command: 'offer' | 'answer', parameters: Parameters): Promise<string> {
    const answer = await this.ask(command, parameters);
    if (answer.result !== 'ok') throw new Error(JSON.stringify(answer));
    return answer.sdp as string;
  }
}

/** A description with one audio stream. */
export function audio(port: number, address = '192.0.2.1', more: readonly string[] = []): string {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=- 4711 1 IN ${family} ${address}`,
    's=-',
    `c=IN ${family} ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
