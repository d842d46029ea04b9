import type { TransportReceiver } from './transport.js';

export interface UdpOptions {
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** What goes into Via and Contact instead of `address`. */
  advertise?: string;
  receiver: TransportReceiver;
  /** Where a thread sends what is due later, in the place of this one (`DepartureRing`). For one transport alone. */
  departures?: SharedArrayBuffer;
}
