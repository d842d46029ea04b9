/** What is used of dgram-stream, which brings no types: datagrams as a stream of objects. */
declare module 'dgram-stream' {
  import type { RemoteInfo, Socket } from 'node:dgram';
  import type { Duplex } from 'node:stream';

  interface Datagram {
    from: RemoteInfo;
    payload: Buffer;
  }

  interface DgramStream extends Duplex {
    /** Its errors are not those of the stream. */
    readonly sock: Socket;
    on(event: 'data', listener: (datagram: Datagram) => void): this;
    on(event: string, listener: (...args: unknown[]) => void): this;
  }

  export default function dgramStream(socket: Socket): DgramStream;
}
