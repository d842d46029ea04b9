import type { Peer, Transport } from './transport.js';
import { hostPort } from './uri.js';

/** One message of a call as it crossed our socket. */
export interface TracedMessage {
  /** When it was handed to the socket, or came in, on the run's clock (ms). */
  atMs: number;
  direction: 'sent' | 'received';
  transport: string;
  /** Address and port that we listen on. Over TCP and TLS a connection of ours leaves from a port that the system chose. */
  local: string;
  remote: string;
  /** The same message went the same way before. */
  repeated: boolean;
  /** All of it; as UTF-8 where it is, else a character for each byte. */
  text: string;
}

/** The messages of one call in order. */
export interface SipTrace {
  messages: TracedMessage[];
  /** Messages from the middle that were given up to stay within bounds. */
  leftOut: number;
}

interface Noted {
  atMs: number;
  sent: boolean;
  transport: Transport;
  peer: Peer;
  /** As it was sent, or as it was read: never a copy. */
  data: Buffer | string;
}

interface LiveTrace {
  noted: Noted[];
  bytes: number;
  leftOut: number;
}

/** Of a call at most so many messages and bytes are kept: its first ones and its last ones. */
const MOST_MESSAGES = 64;
const MOST_BYTES = 64 * 1024;
const FIRST_MESSAGES = 16;
/** Calls that are traced at once; beyond them the oldest is given up, since nobody may ever ask for it. */
const MOST_CALLS = 32_768;
/** A request's time is taken a moment before it leaves. */
const TOLERANCE_MS = 0.2;

/**
 * What crossed the wire of the calls that are up, by Call-ID. It holds messages that were made or read anyway, by
 * reference, until someone takes a call's trace or drops it. A trace begins with a new INVITE; messages of calls that
 * it does not know pass it by.
 */
export class TraceBook {
  private readonly live = new Map<string, LiveTrace>();

  /** Calls that are traced now. */
  get size(): number {
    return this.live.size;
  }

  /** A new INVITE, sent or received. `false` when its call is traced already. */
  begin(callId: string): boolean {
    if (this.live.has(callId)) return false;
    if (this.live.size >= MOST_CALLS) this.live.delete(this.live.keys().next().value!);
    this.live.set(callId, { noted: [], bytes: 0, leftOut: 0 });
    return true;
  }

  note(callId: string, atMs: number, sent: boolean, transport: Transport, peer: Peer, data: Buffer | string): void {
    const trace = this.live.get(callId);
    if (trace === undefined) return;
    trace.noted.push({ atMs, sent, transport, peer, data });
    trace.bytes += data.length;
    if (trace.noted.length > MOST_MESSAGES || trace.bytes > MOST_BYTES) shorten(trace);
  }

  /** Moments of a call that is traced, in ms after its first message; `finalAfterMs`: when its final response came. */
  moments(callId: string, finalAfterMs: number): { tryingMs: number | null; ackMs: number | null } | null {
    const noted = this.live.get(callId)?.noted;
    if (noted === undefined || noted.length === 0) return null;
    const firstMs = noted[0].atMs;
    const fromMs = firstMs + finalAfterMs - TOLERANCE_MS;
    let tryingMs: number | null = null;
    let ackMs: number | null = null;
    for (const { atMs, data } of noted) {
      if (tryingMs === null && startsWith(data, 'SIP/2.0 100')) tryingMs = atMs - firstMs;
      if (ackMs === null && atMs >= fromMs && startsWith(data, 'ACK ')) ackMs = atMs - firstMs;
    }
    return { tryingMs, ackMs };
  }

  /** Ends a call's trace and gives it; `null` when there is none. */
  take(callId: string): SipTrace | null {
    const trace = this.live.get(callId);
    if (trace === undefined) return null;
    this.live.delete(callId);
    const seen = new Set<string>();
    const messages = trace.noted.map(({ atMs, sent, transport, peer, data }): TracedMessage => {
      const bytes = typeof data === 'string' ? data : data.toString('latin1');
      const key = `${sent} ${bytes}`;
      const repeated = seen.has(key);
      seen.add(key);
      return {
        atMs,
        direction: sent ? 'sent' : 'received',
        transport: transport.protocol,
        local: hostPort(transport.local.address, transport.local.port),
        remote: hostPort(peer.address, peer.port),
        repeated,
        text: readable(bytes),
      };
    });
    return { messages, leftOut: trace.leftOut };
  }

  /** Ends a call's trace. */
  drop(callId: string): void {
    this.live.delete(callId);
  }
}

/** Gives up messages after the first ones until the rest is within bounds. The last one stays, however long. */
function shorten(trace: LiveTrace): void {
  const { noted } = trace;
  while (noted.length > 1 && (noted.length > MOST_MESSAGES || trace.bytes > MOST_BYTES)) {
    const [given] = noted.splice(Math.min(FIRST_MESSAGES, noted.length - 2), 1);
    trace.bytes -= given.data.length;
    trace.leftOut++;
  }
}

function startsWith(data: Buffer | string, start: string): boolean {
  if (typeof data === 'string') return data.startsWith(start);
  for (let i = 0; i < start.length; i++) if (data[i] !== start.charCodeAt(i)) return false;
  return true;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readable(binary: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every byte of ASCII counts
  if (/^[\x00-\x7f]*$/.test(binary)) return binary;
  try {
    return utf8.decode(Buffer.from(binary, 'latin1'));
  } catch {
    return binary;
  }
}
