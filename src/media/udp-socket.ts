import type { KernelTime } from '../core/kernel-time.js';
import type { Libc, NativeMemory } from '../core/libc.js';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RXQ_OVFL,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../core/linux-sockets.js';
import { isIpv6Number, parseAddress, readIpv6, writeIpv6 } from './addresses.js';

/** struct sk_meminfo: nine words, the last of which is the drop counter (SK_MEMINFO_DROPS). */
const MEMINFO_BYTES = 36;
const MEMINFO_DROPS = 32;
const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
/** Room for either. */
export const SOCKADDR_BYTES = 32;
/** Room for the control messages of a datagram: its receive time (32 bytes) and the drop counter (24). */
export const CONTROL_BYTES = 64;

/** Bytes of struct cmsghdr. */
const HEADER_BYTES = 16;

/** The longest option, and its length behind it. */
const SCRATCH_BYTES = MEMINFO_BYTES + 4;

const RECEIVE_BUFFER_BYTES = 512 * 1024;
/** What a port that many calls share asks for: the kernel grants `net.core.rmem_max` at most, or all to root. */
const SHARED_BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * Writes struct sockaddr_in, or sockaddr_in6 for the number of an IPv6 address, and returns its length: family in host order,
 * port and address in network order.
 */
export function writeSockaddr(words: Int32Array, at: number, ip: number, port: number): number {
  const portWord = ((port & 0xff) << 24) | ((port >> 8) << 16);
  if (isIpv6Number(ip)) {
    words[at] = AF_INET6 | portWord;
    words[at + 1] = 0; // flow
    writeIpv6(words, at + 2, ip);
    words[at + 6] = 0; // scope
    return SOCKADDR_IN6_BYTES;
  }
  words[at] = AF_INET | portWord;
  words[at + 1] = (ip << 24) | ((ip & 0xff00) << 8) | ((ip >>> 8) & 0xff00) | (ip >>> 24);
  return SOCKADDR_IN_BYTES;
}

/** The address in a sockaddr that the kernel wrote, as a number. */
export function addressIn(words: Int32Array, bytes: Uint8Array, at: number): number {
  // The family is in host order, which is little-endian here.
  if (bytes[at] === AF_INET6) return readIpv6(words, (at >> 2) + 2);
  return (bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7];
}

/** The port in a sockaddr. */
export function portIn(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2] << 8) | bytes[at + 3];
}

/** Opens non-blocking UDP sockets that report the kernel's receive time and its drops with every datagram. */
export class SocketOpener {
  private readonly memory: NativeMemory;
  private readonly view: DataView;

  constructor(private readonly libc: Libc) {
    this.memory = libc.allocate(SCRATCH_BYTES);
    this.view = new DataView(this.memory.buffer);
  }

  /** The descriptor and port of a bound socket, or the system's error code. Port 0 lets the system choose. */
  open(address: string, port: number): { fd: number; port: number } | string {
    const { libc } = this;
    const ip = parseAddress(address);
    const isIpv6 = address.includes(':');
    if (ip === null || (isIpv6 && ip === 0)) return 'EADDRNOTAVAIL';
    const fd = libc.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return libc.errorName(libc.errno());
    this.setOptions(fd);
    const { base } = this.memory;
    if (isIpv6) {
      this.view.setInt32(0, 1, true);
      libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, base, 4);
    }
    const length = writeSockaddr(new Int32Array(this.memory.buffer), 0, ip, port);
    if (libc.bind(fd, base, length) < 0) {
      const error = libc.errorName(libc.errno());
      libc.close(fd);
      return error;
    }
    if (port !== 0) return { fd, port };
    this.view.setInt32(SOCKADDR_BYTES, SOCKADDR_BYTES, true);
    libc.getsockname(fd, base, base + SOCKADDR_BYTES);
    return { fd, port: this.view.getUint16(2, false) };
  }

  /** How many datagrams the kernel has dropped for want of room in a socket's buffer; 0 where it does not tell. */
  dropsOf(fd: number): number {
    const { base } = this.memory;
    this.view.setUint32(MEMINFO_DROPS, 0, true);
    this.view.setInt32(MEMINFO_BYTES, MEMINFO_BYTES, true);
    this.libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, base, base + MEMINFO_BYTES);
    return this.view.getUint32(MEMINFO_DROPS, true);
  }

  /** Gives a socket the largest buffers that it may have. */
  enlarge(fd: number): void {
    this.setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, SHARED_BUFFER_BYTES);
    this.setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SHARED_BUFFER_BYTES);
  }

  /** Beyond the system's limit only with CAP_NET_ADMIN; the plain option takes what it may. */
  private setBuffer(fd: number, forced: number, plain: number, bytes: number): void {
    const { base } = this.memory;
    this.view.setInt32(0, bytes, true);
    if (this.libc.setsockopt(fd, SOL_SOCKET, forced, base, 4) < 0) this.libc.setsockopt(fd, SOL_SOCKET, plain, base, 4);
  }

  private setOptions(fd: number): void {
    const { base } = this.memory;
    this.setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    this.view.setInt32(0, 1, true);
    this.libc.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, base, 4);
    this.libc.setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, base, 4);
  }
}

/** Reads the control messages of a datagram (struct cmsghdr: length (8), level (4), type (4), data). */
export class ControlReader {
  /** Receive time on the run's clock; 0 where the kernel told none. */
  arrivalMs = 0;
  /** The socket's drop counter; −1 where the kernel told none, which it does as long as it is 0. */
  drops = -1;

  constructor(private readonly time: KernelTime) {}

  /** @param at bytes from the start of `words`, a multiple of 8 */
  read(words: Int32Array, at: number, length: number): void {
    this.arrivalMs = 0;
    this.drops = -1;
    const end = at + length;
    for (let message = at; message + HEADER_BYTES <= end; ) {
      const bytes = words[message >> 2];
      if (bytes < HEADER_BYTES) return;
      if (words[(message + 8) >> 2] === SOL_SOCKET) {
        const type = words[(message + 12) >> 2];
        if (type === SO_TIMESTAMPNS) {
          this.arrivalMs = this.time.toRunMs(words[(message + 16) >> 2], words[(message + 24) >> 2]);
        } else if (type === SO_RXQ_OVFL) {
          this.drops = words[(message + 16) >> 2] >>> 0;
        }
      }
      message += (bytes + 7) & ~7;
    }
  }
}
