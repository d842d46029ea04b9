/** Memory that packets live in. A driver may need its address, so all packet memory comes from the driver. */
export interface PacketMemory {
  readonly bytes: Uint8Array;
  /** Address of the first byte for native calls; 0 where the driver needs none. */
  readonly base: number;
}

/** Takes the datagrams of a port. `memory` belongs to the driver and is valid during the call only; it may be written to. */
export interface DatagramSink {
  /**
   * `length` 0 stands for a datagram that was too long to be read. `arrivalMs` is the kernel's receive time where the
   * driver has it. `sourceIp` is the IPv4 address as an unsigned 32-bit number.
   */
  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void;
}

/** A bound UDP port. What arrives while `sink` is `null` is read and thrown away. */
export interface UdpPort {
  readonly port: number;
  sink: DatagramSink | null;
  /** Hands a datagram to the system at once; false (and counted by the driver) when it was not taken. */
  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number): boolean;
  close(): void;
}

/** Opens UDP ports and reads them. Belongs to one thread. */
export interface UdpDriver {
  readonly kind: 'native' | 'dgram';
  readonly timestampSource: 'kernel' | 'user';
  /** Datagrams that the kernel dropped on our ports for want of buffer space. */
  readonly receiveDrops: number;
  readonly sendErrors: number;
  allocate(bytes: number): PacketMemory;
  /** Binds an IPv4 address and port; a string is the system's error code (`EADDRINUSE`, `EMFILE` …). */
  bind(address: string, port: number): UdpPort | string;
  /** Reads what waits in the sockets into the sinks; does nothing where the driver is called back by the event loop. */
  poll(): void;
  close(): void;
}

/** A dotted IPv4 address as an unsigned 32-bit number; `null` for anything else. */
export function parseIpv4(address: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (!match) return null;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(match[i]);
    if (part > 255) return null;
    value = value * 256 + part;
  }
  return value;
}

/** The dotted form of an unsigned 32-bit number. */
export function formatIpv4(ip: number): string {
  return `${ip >>> 24}.${(ip >>> 16) & 0xff}.${(ip >>> 8) & 0xff}.${ip & 0xff}`;
}
