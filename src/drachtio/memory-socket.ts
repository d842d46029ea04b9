import { Server, Socket } from 'node:net';

type WriteCallback = (error?: Error | null) => void;

/**
 * One end of a link within the thread: a `net.Socket` by type, so that drachtio-srf takes it, that never touches the
 * system. What one end writes, the other emits as `data` in the next microtask: never while the writer still runs,
 * because srf registers for an answer only after it wrote.
 */
export class MemorySocket extends Socket {
  override readonly remoteAddress = '127.0.0.1';
  override readonly remotePort = 0;
  override readonly localPort = 0;

  private other!: MemorySocket;
  private incoming: (string | Uint8Array)[] = [];
  private scheduled = false;
  private isShut = false;
  private onFatal: ((error: Error) => void) | null = null;
  private onUnread: (frame: string) => void = () => {};
  /** What is being read just now. */
  private current: string | Uint8Array | null = null;

  private constructor() {
    super();
  }

  /**
   * @param onFatal called when the application's end ends or breaks, which nothing but a fault does
   * @param onUnread called with the frame on which the application broke while it read it
   */
  static pair(
    onFatal: (error: Error) => void,
    onUnread: (frame: string) => void = () => {},
  ): { application: MemorySocket; server: MemorySocket } {
    const application = new MemorySocket();
    const server = new MemorySocket();
    application.other = server;
    server.other = application;
    application.onFatal = onFatal;
    application.onUnread = onUnread;
    return { application, server };
  }

  override write(
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (this.isShut) {
      done?.(new Error('the link is closed'));
      return false;
    }
    this.other.enqueue(chunk);
    done?.();
    return true;
  }

  /**
   * srf ends the socket when it could not read a message, or a callback of the application threw on it. That is told,
   * and the link stays: one message of the network must not end every call.
   */
  override end(..._rest: unknown[]): this {
    const { current } = this;
    if (current !== null) queueMicrotask(() => this.onUnread(Buffer.from(current).toString('latin1')));
    else this.report(new Error('drachtio-srf ended its connection, most likely because a callback threw'));
    return this;
  }

  override destroy(error?: Error): this {
    this.report(error ?? new Error('the connection of drachtio-srf was destroyed'));
    this.shut();
    return this;
  }

  /** Closes both ends on purpose. */
  shut(): void {
    if (this.isShut) return;
    this.isShut = true;
    this.onFatal = null;
    this.incoming = [];
    const { other } = this;
    queueMicrotask(() => this.emit('close', false));
    other.shut();
  }

  private report(error: Error): void {
    this.onFatal?.(error);
  }

  private enqueue(chunk: string | Uint8Array): void {
    this.incoming.push(chunk);
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => this.flush());
  }

  private flush(): void {
    while (this.incoming.length > 0 && !this.isShut) {
      const batch = this.incoming;
      this.incoming = [];
      for (const chunk of batch) {
        this.current = chunk;
        try {
          this.emit('data', chunk);
        } catch (error) {
          (this.onFatal ?? this.other.onFatal)?.(error as Error);
        }
        this.current = null;
      }
    }
    this.scheduled = false;
  }
}

/** A `net.Server` that listens nowhere: connections are handed to it. */
export class MemoryServer extends Server {
  accept(socket: MemorySocket): void {
    this.emit('connection', socket);
  }

  override close(callback?: (error?: Error) => void): this {
    callback?.();
    return this;
  }
}
