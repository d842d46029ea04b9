import type { Peer } from './local-address.js';

export type { Peer };

/** What carries SIP messages; it knows nothing of transactions. */
export interface Transport {
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  /** Whether the transport itself repeats what was lost (RFC 3261 17: no retransmissions over it). */
  readonly reliable: boolean;
  /** The address and port it is bound to. */
  readonly local: Peer;
  /** What others shall use to reach us: in Via and Contact. */
  readonly advertised: Peer;
  /** Sends one message. `onError` is called when it surely did not leave. */
  send(message: Buffer, address: string, port: number, onError: TransportErrorListener | null): void;
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

export interface TransportReceiver {
  /** One message as it came, with its arrival on the run's clock; the buffer may be reused after the call. */
  onMessage(data: Buffer, peer: Peer, arrivalMs: number): void;
}
