import { ipBytes } from '../core/ip-bytes.js';
import type { CallRecord } from '../metrics/call-record.js';
import { type CapturedDatagram, pcapHeader, recordBytes, writeRecord } from '../pcap/writer.js';
import type { TracedMessage } from '../sip/trace.js';

/** What a UDP datagram over IPv4 holds at most; a longer message, of a stream, is cut off. */
const MOST_BYTES = 65_507;

/**
 * The SIP traces of call records as a capture file: each message a UDP datagram, those of TCP and TLS too, whose own packets
 * nobody has kept. Of a call that was traced at both ends, the callers' side.
 */
export class TraceCapture {
  private readonly messages: TracedMessage[] = [];

  add({ trace = null, trunkTrace = null }: Pick<CallRecord, 'trace' | 'trunkTrace'>): void {
    for (const message of (trace ?? trunkTrace)?.messages ?? []) this.messages.push(message);
  }

  /**
   * The file, in the order of time; `null` without a message.
   * @param startMs moment 0 of the messages' times, in ms since 1970
   */
  bytes(startMs: number): Uint8Array | null {
    const datagrams = this.messages
      .sort((a, b) => a.atMs - b.atMs)
      .map((message) => datagramOf(message, startMs))
      .filter((datagram) => datagram !== null);
    if (datagrams.length === 0) return null;
    const header = pcapHeader();
    const into = new Uint8Array(datagrams.reduce((sum, datagram) => sum + recordBytes(datagram), header.length));
    into.set(header);
    let at = header.length;
    for (const datagram of datagrams) at = writeRecord(into, at, datagram);
    return into;
  }
}

/** `null` where the two ends are no addresses of one family. */
function datagramOf({ atMs, direction, local, remote, text }: TracedMessage, startMs: number): CapturedDatagram | null {
  const [ours, theirs] = [endpoint(local), endpoint(remote)];
  if (ours === null || theirs === null || ours.address.length !== theirs.address.length) return null;
  const [from, to] = direction === 'sent' ? [ours, theirs] : [theirs, ours];
  return {
    timeMs: startMs + atMs,
    source: from.address,
    sourcePort: from.port,
    target: to.address,
    targetPort: to.port,
    payload: Buffer.from(text).subarray(0, MOST_BYTES),
  };
}

/** `address:port`, an IPv6 address in brackets. */
function endpoint(text: string): { address: Uint8Array; port: number } | null {
  const colon = text.lastIndexOf(':');
  const address = ipBytes(text.slice(0, colon).replace(/^\[|\]$/g, ''));
  return address && { address, port: Number(text.slice(colon + 1)) };
}
