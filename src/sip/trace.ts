import { ChurnMap } from '../core/churn-map.js';
import { LogPool, type MessageLog } from './message-log.js';
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

/** Calls that are traced at once; beyond them the oldest is given up, since nobody may ever ask for it. */
const MOST_CALLS = 32_768;
/** What all traces may hold together; as above. */
const MOST_BYTES = 256 * 1024 * 1024;
/** A request's time is taken a moment before it leaves. */
const TOLERANCE_MS = 0.2;

/**
 * What crossed the wire of the calls that are up, by Call-ID, until someone takes a call's trace or drops it. A trace
 * begins with a new INVITE; messages of calls that it does not know pass it by.
 */
export class TraceBook {
  private readonly live = new ChurnMap<string, MessageLog>();
  private oldest: MessageLog | null = null;
  private newest: MessageLog | null = null;
  private readonly pool = new LogPool();

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** Calls that are traced now. */
  get size(): number {
    return this.live.size;
  }

  /** A new INVITE, sent or received. `false` when its call is traced already. */
  begin(callId: string): boolean {
    if (this.live.has(callId)) return false;
    if (this.live.size >= MOST_CALLS) this.dropOldest();
    const log = this.pool.takeLog();
    log.callId = callId;
    log.older = this.newest;
    if (this.newest) this.newest.newer = log;
    else this.oldest = log;
    this.newest = log;
    this.live.set(callId, log);
    return true;
  }

  note(callId: string, atMs: number, sent: boolean, transport: Transport, peer: Peer, data: Buffer | string): void {
    this.live.get(callId)?.add(atMs, sent, transport, peer.address, peer.port, data);
    while (this.pool.bytesInUse > this.mostBytes && this.live.size > 0) this.dropOldest();
  }

  /** Moments of a call that is traced, in ms after its first message; `finalAfterMs`: when its final response came. */
  moments(callId: string, finalAfterMs: number): { tryingMs: number | null; ackMs: number | null } | null {
    const log = this.live.get(callId);
    const firstMs = log?.firstMs ?? null;
    if (log === undefined || firstMs === null) return null;
    const ackMs = log.ackFrom(firstMs + finalAfterMs - TOLERANCE_MS);
    return {
      tryingMs: log.tryingMs === null ? null : log.tryingMs - firstMs,
      ackMs: ackMs === null ? null : ackMs - firstMs,
    };
  }

  /** Ends a call's trace and gives it; `null` when there is none. */
  take(callId: string): SipTrace | null {
    const log = this.live.get(callId);
    if (log === undefined) return null;
    const trace = { messages: messagesOf(log), leftOut: log.leftOut };
    this.drop(callId);
    return trace;
  }

  private dropOldest(): void {
    if (this.oldest) this.drop(this.oldest.callId);
  }

  /** Ends a call's trace. */
  drop(callId: string): void {
    const log = this.live.get(callId);
    if (log === undefined) return;
    this.live.delete(callId);
    if (log.older) log.older.newer = log.newer;
    else this.oldest = log.newer;
    if (log.newer) log.newer.older = log.older;
    else this.newest = log.older;
    log.older = null;
    log.newer = null;
    log.callId = '';
    this.pool.giveLog(log);
  }
}

function messagesOf(log: MessageLog): TracedMessage[] {
  const seen = new Set<string>();
  return log.messages().map(({ atMs, sent, transport, address, port, bytes }) => {
    const key = `${sent} ${bytes}`;
    const repeated = seen.has(key);
    seen.add(key);
    return {
      atMs,
      direction: sent ? 'sent' : 'received',
      transport: transport.protocol,
      local: hostPort(transport.local.address, transport.local.port),
      remote: hostPort(address, port),
      repeated,
      text: readable(bytes),
    };
  });
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
