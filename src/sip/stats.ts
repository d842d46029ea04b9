/** Connections of the stream transports since their start; `open` is how many there are now. */
export interface StreamCounts {
  opened: number;
  accepted: number;
  open: number;
  /** Closed because the stream could not be cut into messages or broke a limit. */
  framing: number;
  /** Closed because a message never ended. */
  unfinished: number;
  /** Accepted connections whose TLS handshake failed or never completed. */
  handshakes: number;
  /** Closed because the peer did not read. */
  unread: number;
  /** Refused because there were too many. */
  refused: number;
  /** Connections that ended, by cause: ours, the system's error, the TLS library's. */
  closures: Record<string, number>;
}

/** What one SIP endpoint did and saw, counted since its start; the last two are how many are alive now. */
export interface SipStats {
  messagesSent: number;
  messagesReceived: number;
  /** Requests and responses that we sent again. */
  retransmissionsSent: number;
  /** Requests and responses that came again and were absorbed. */
  retransmissionsReceived: number;
  /** Both by what came again: a method, or of a response the method and the class of the status, as `INVITE-2xx`. */
  sentAgain: Record<string, number>;
  receivedAgain: Record<string, number>;
  /** Datagrams that were no usable SIP message. */
  malformed: number;
  /** Responses and ACKs that belong to nothing (any more). */
  strays: number;
  /** Expired waits, by RFC 3261 timer; `ack` is a 2xx that nobody acknowledged. */
  timerExpiries: { B: number; F: number; H: number; ack: number };
  transportErrors: number;
  streams: StreamCounts;
  transactions: number;
  dialogs: number;
}

export function emptyStats(): SipStats {
  return {
    messagesSent: 0,
    messagesReceived: 0,
    retransmissionsSent: 0,
    retransmissionsReceived: 0,
    sentAgain: {},
    receivedAgain: {},
    malformed: 0,
    strays: 0,
    timerExpiries: { B: 0, F: 0, H: 0, ack: 0 },
    transportErrors: 0,
    streams: emptyStreamCounts(),
    transactions: 0,
    dialogs: 0,
  };
}

export function emptyStreamCounts(): StreamCounts {
  return {
    opened: 0,
    accepted: 0,
    open: 0,
    framing: 0,
    unfinished: 0,
    handshakes: 0,
    unread: 0,
    refused: 0,
    closures: {},
  };
}

/** Adds what others counted to a sum. */
export function addStreamCounts(sum: StreamCounts, { closures, ...counts }: StreamCounts): void {
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) sum[name] += counts[name];
  for (const [cause, count] of Object.entries(closures)) addTo(sum.closures, cause, count);
}

/** A message went out once more; `status` 0 for a request. */
export function countSentAgain(stats: SipStats, method: string, status = 0): void {
  stats.retransmissionsSent++;
  addTo(stats.sentAgain, messageName(method, status));
}

/** A message came once more; `status` 0 for a request. */
export function countReceivedAgain(stats: SipStats, method: string, status = 0): void {
  stats.retransmissionsReceived++;
  addTo(stats.receivedAgain, messageName(method, status));
}

/** Far more names than the standards have; the other side may invent its own. */
const MOST_NAMES = 64;

/** Counts under a name, or under `other` where there are too many names. */
export function addTo(table: Record<string, number>, name: string, count = 1): void {
  const known = Object.hasOwn(table, name) || Object.keys(table).length < MOST_NAMES;
  const key = known ? name : 'other';
  table[key] = (table[key] ?? 0) + count;
}

function messageName(method: string, status: number): string {
  return status === 0 ? method : `${method}-${Math.floor(status / 100)}xx`;
}
