import { isIPv4 } from 'node:net';
import type { Clock } from '../core/clock.js';
import { loadLibc } from '../core/libc.js';
import type { Transport } from './transport.js';
import { UdpNativeTransport } from './udp-native-transport.js';
import type { UdpOptions } from './udp-options.js';
import { UdpTransport } from './udp-transport.js';

/** SIP over UDP: natively on Linux and IPv4, by node:dgram elsewhere. @throws AppError PORT_TAKEN, ADDRESS_UNUSABLE */
export async function openUdp(options: UdpOptions, clock: Clock): Promise<Transport> {
  const libc = isIPv4(options.address) ? loadLibc() : null;
  return libc ? UdpNativeTransport.open(libc, clock, options) : UdpTransport.open(options);
}
