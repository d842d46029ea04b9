import { StreamTransport } from '../../src/sip/stream-transport.js';
import type { Peer, TransportErrorListener } from '../../src/sip/transport.js';
import { UdpNativeTransport } from '../../src/sip/udp-native-transport.js';
import { UdpTransport } from '../../src/sip/udp-transport.js';

type Send = (
  message: Buffer,
  address: string,
  port: number,
  onError: TransportErrorListener | null,
  connection?: number,
) => void;

interface Sender {
  send: Send;
  probe(peer: Peer, onRefused: (reason: string) => void): void;
  byId?: Map<number, unknown>;
}

const CLASSES = [UdpNativeTransport, UdpTransport, StreamTransport] as unknown as { prototype: Sender }[];

/**
 * Sees every message that a SIP stack of this process hands to a transport. What is not for a socket of the fuzzer is
 * counted and goes no further: mutated Vias and Contacts name ports that belong to others.
 */
export class Tap {
  responses = 0;
  responseBytes = 0;
  requests = 0;
  bytes = 0;
  /** Messages for strangers. */
  withheld = 0;
  /** Ports that belong to the fuzzer. */
  readonly ports = new Set<number>();
  private readonly originals = CLASSES.map(({ prototype }) => ({ send: prototype.send, probe: prototype.probe }));

  install(): void {
    for (const [i, { prototype }] of CLASSES.entries()) {
      const { send } = this.originals[i];
      const see = (message: Buffer): void => this.see(message);
      const isOurs = (port: number): boolean => this.ports.has(port);
      const withhold = (onError: TransportErrorListener | null): void => {
        this.withheld++;
        if (onError) queueMicrotask(() => onError.onTransportError('EACCES'));
      };
      prototype.send = function (this: Sender, message, address, port, onError, connection) {
        see(message);
        const known = connection !== undefined && this.byId?.has(connection) === true;
        if (known || isOurs(port)) send.call(this, message, address, port, onError, connection);
        else withhold(onError);
      };
      prototype.probe = () => {};
    }
  }

  remove(): void {
    for (const [i, { prototype }] of CLASSES.entries()) Object.assign(prototype, this.originals[i]);
  }

  private see(message: Buffer): void {
    this.bytes += message.length;
    if (message.toString('latin1', 0, 8) === 'SIP/2.0 ') {
      this.responses++;
      this.responseBytes += message.length;
    } else this.requests++;
  }
}
