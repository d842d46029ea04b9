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
    transactions: 0,
    dialogs: 0,
  };
}
