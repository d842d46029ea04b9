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
}

/** What one SIP endpoint did and saw, counted since its start; the last two are how many are alive now. */
export interface SipStats {
  messagesSent: number;
  messagesReceived: number;
  /** Requests and responses that we sent again. */
  retransmissionsSent: number;
  /** Requests and responses that came again and were absorbed. */
  retransmissionsReceived: number;
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
  return { opened: 0, accepted: 0, open: 0, framing: 0, unfinished: 0, handshakes: 0, unread: 0, refused: 0 };
}
