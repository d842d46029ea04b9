import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import dgramStream from 'dgram-stream';
import type { NgEngine } from './engine.js';
import { listenError } from './listen-error.js';

/** Room for the commands of a burst of calls; the kernel grants what it likes of it. */
const RECEIVE_BUFFER_BYTES = 1 << 21;

/** The ng protocol over UDP: a message a datagram, answered to where it came from. */
export class UdpControl {
  /** Answers that could not be sent: too long for a datagram, or nowhere to go. */
  sendErrors = 0;
  readonly port: number;
  private closed = false;
  private readonly stream: ReturnType<typeof dgramStream>;

  private constructor(
    private readonly socket: ReturnType<typeof createSocket>,
    engine: NgEngine,
  ) {
    this.port = socket.address().port;
    this.stream = dgramStream(socket);
    // Its writable side stops for good after one failure: answers go by the socket.
    this.stream.on('data', ({ from, payload }) => {
      engine.take(payload, from.address, (answer) => this.send(answer, from.port, from.address));
    });
  }

  /** Rejects with an AppError: `PORT_TAKEN`, `ADDRESS_UNUSABLE`. */
  static async open(host: string, port: number, engine: NgEngine): Promise<UdpControl> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    try {
      const bound = once(socket, 'listening');
      socket.bind({ address: host, port, exclusive: true });
      await bound;
    } catch (error) {
      socket.close();
      throw listenError('UDP', host, port, error as NodeJS.ErrnoException);
    }
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    const control = new UdpControl(socket, engine);
    // A far end that is gone says so by ICMP, which is no fault of ours.
    socket.on('error', () => control.sendErrors++);
    return control;
  }

  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve) => this.socket.close(resolve));
  }

  private send(answer: Buffer, port: number, address: string): void {
    // What the media thread was asked for may come when the door is closed.
    if (this.closed) return;
    this.socket.send(answer, port, address, (error) => {
      if (error) this.sendErrors++;
    });
  }
}
