import dgram from 'node:dgram';
import type { Clock } from '../core/clock.js';
import { formatAddress, parseAddress } from './addresses.js';
import { type DatagramSink, PacketMemory, pacingHistogram, type UdpDriver, type UdpPort } from './udp.js';

const RECEIVE_BUFFER_BYTES = 512 * 1024;
const SHARED_BUFFER_BYTES = 16 * 1024 * 1024;

/** Asks for buffers; what the system does not grant, it does not grant. */
function enlarge(resize: () => void): void {
  try {
    resize();
  } catch {
    // What it had remains.
  }
}

/** Addresses are numeric, so nothing has to be looked up and binding finishes within the call. */
function numericLookup(
  hostname: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, hostname, hostname.includes(':') ? 6 : 4);
}

/** UDP through node:dgram: works everywhere, arrival times are those of the event loop, drops in the kernel are not seen. */
export class DgramDriver implements UdpDriver {
  readonly kind = 'dgram';
  readonly timestampSource = 'user';
  readonly receiveDrops = 0;
  sendErrors = 0;
  readonly pacingErrorMs = pacingHistogram();
  private readonly ports = new Set<DgramPort>();

  constructor(readonly clock: Clock) {}

  bind(address: string, port: number): UdpPort | string {
    const type = address.includes(':') ? 'udp6' : 'udp4';
    const socket = dgram.createSocket({ type, ipv6Only: type === 'udp6', lookup: numericLookup as never });
    let refusal = '';
    // The fault of a refused bind arrives within the call to bind.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      refusal = error.code ?? 'UNKNOWN';
    });
    socket.bind({ address, port, exclusive: true });
    if (refusal !== '') {
      socket.close();
      return refusal;
    }
    enlarge(() => socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES));
    const bound = new DgramPort(this, socket);
    this.ports.add(bound);
    return bound;
  }

  poll(): void {}

  flush(): void {}

  forget(port: DgramPort): void {
    this.ports.delete(port);
  }

  close(): void {
    for (const port of [...this.ports]) port.close();
  }
}

class DgramPort implements UdpPort {
  readonly port: number;
  sink: DatagramSink | null = null;
  private open = true;
  private addressIp = 0;
  private addressText = '0.0.0.0';

  constructor(
    private readonly driver: DgramDriver,
    private readonly socket: dgram.Socket,
  ) {
    this.port = socket.address().port;
    socket.on('message', (message, from) => {
      const ip = parseAddress(from.address);
      if (this.sink === null || ip === null) return;
      this.sink.onDatagram(new PacketMemory(message), 0, message.length, driver.clock.now(), ip, from.port);
    });
  }

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void {
    if (!this.open) return;
    if (ip !== this.addressIp) {
      this.addressIp = ip;
      this.addressText = formatAddress(ip);
    }
    // The socket may keep the buffer after the call, and packet memory is written anew at once.
    const copy = Buffer.from(memory.bytes.subarray(offset, offset + length));
    this.socket.send(copy, 0, length, port, this.addressText, (error) => {
      if (error) this.driver.sendErrors++;
    });
    this.driver.pacingErrorMs.record(this.driver.clock.now() - dueMs);
  }

  carryMany(): void {
    enlarge(() => this.socket.setRecvBufferSize(SHARED_BUFFER_BYTES));
    enlarge(() => this.socket.setSendBufferSize(SHARED_BUFFER_BYTES));
  }

  settleDrops(): void {}

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.sink = null;
    this.driver.forget(this);
    this.socket.close();
  }
}
