import type { StreamCounts } from './stats.js';

export type Protocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Where a message goes or came from. */
export interface Peer {
  address: string;
  port: number;
  /** The host of the URI that led here, where it is a name: the certificate of the far end must hold it (RFC 5922 7.1). */
  name?: string;
  /** The local transport that reaches it; the user agent's first one where it is not said. */
  transport?: Transport;
  /** The connection that a message came over, for its responses (RFC 3261 18.2.2). */
  connection?: number;
  /** Tried only where the target before it could not be reached at all, whatever else came of that. */
  ifUnreachable?: boolean;
}

/** What carries SIP messages; it knows nothing of transactions. */
export interface Transport {
  readonly protocol: Protocol;
  /** Whether the transport itself repeats what was lost (RFC 3261 17: no retransmissions over it). */
  readonly reliable: boolean;
  /** The address and port it is bound to. */
  readonly local: Peer;
  /** What others shall use to reach us: in Via and Contact. */
  readonly advertised: Peer;
  /** Nobody can connect to it: TLS without a certificate of our own. */
  readonly callsOnly?: boolean;
  /** Connections, where it has any. */
  readonly counts?: StreamCounts;
  /**
   * Sends one message. `onError` is called when it surely did not leave. A transport with connections takes the one
   * of the given number, or else one that it has to that address, or opens one. `name`: what the far end must prove to
   * be, where the transport has it prove anything.
   */
  send(
    message: Buffer,
    address: string,
    port: number,
    onError: TransportErrorListener | null,
    connection?: number,
    name?: string,
  ): void;
  /**
   * Sends a message when it is due, by the run's clock in ms, whatever else the thread does then. `false` where it cannot.
   */
  depart?(message: Buffer, address: string, port: number, dueMs: number, listener: DepartureListener): boolean;
  /**
   * Asks whether anybody listens at a peer that never answered; `onRefused` is called when surely nobody does.
   * Transports that would know anyway leave it empty.
   */
  probe(peer: Peer, onRefused: (reason: string) => void): void;
  close(): Promise<void>;
}

export interface TransportErrorListener {
  onTransportError(reason: string): void;
}

/** Told of a message that was to leave at a time. */
export interface DepartureListener extends TransportErrorListener {
  /** It was handed to the network then, before anything that came of it is told. An error may follow. */
  onDeparted(atMs: number): void;
}

export interface TransportReceiver {
  /** One message as it came, with its arrival on the run's clock; the buffer may be reused after the call. */
  onMessage(data: Buffer, peer: Peer, arrivalMs: number): void;
  /** A connection to this peer ended; what waits for an answer over it waits in vain. */
  onConnectionLost?(peer: Peer, reason: string): void;
}
