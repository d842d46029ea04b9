import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { type Clock, systemClock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { STREAM_LIMITS, type StreamLimits } from './framing.js';
import { addressFault, reachableAddress } from './local-address.js';
import { addTo, emptyStreamCounts, type StreamCounts } from './stats.js';
import { type ConnectionOwner, STREAM_TIMES, StreamConnection, type StreamTimes } from './stream-connection.js';
import type { Peer, Transport, TransportErrorListener, TransportReceiver } from './transport.js';

const MAX_ACCEPTED = 16_384;
const SWEEP_MS = 500;

/** TLS as the user wants it (RFC 3261 26.3). PEM texts. */
export interface TlsOptions {
  /** Authorities that are trusted in place of the system's. */
  ca?: string;
  /** Our certificate with its chain, and its key: without them none can connect to us. */
  cert?: string;
  key?: string;
  /**
   * The name that the peer's certificate must hold, and that SNI tells it; by default the host of the URI that led to it
   * (RFC 5922 7.1), be it a name or an address.
   */
  serverName?: string;
  /** `false` takes any certificate. */
  verify?: boolean;
  /** Those who connect to us must show a certificate of a trusted authority. */
  requireClientCertificate?: boolean;
}

export interface StreamOptions {
  protocol: 'tcp' | 'tls';
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** What goes into Via and Contact instead of `address`. */
  advertise?: string;
  receiver: TransportReceiver;
  tls?: TlsOptions;
  limits?: Partial<StreamLimits>;
  times?: Partial<StreamTimes>;
  /** Accepted connections at once; further ones are closed and counted. */
  maxAccepted?: number;
  clock?: Clock;
}

/** SIP over TCP or TLS (RFC 3261 18): connections are kept and taken again for whatever goes to the same peer. */
export class StreamTransport implements Transport, ConnectionOwner {
  readonly reliable = true;
  readonly protocol: 'tcp' | 'tls';
  readonly advertised: Peer;
  readonly counts: StreamCounts = emptyStreamCounts();

  private readonly byId = new Map<number, StreamConnection>();
  private readonly byPeer = new Map<string, StreamConnection>();
  private readonly limits: StreamLimits;
  private readonly times: StreamTimes;
  private readonly clock: Clock;
  private readonly sweep: NodeJS.Timeout;
  /** Accepted sockets, those in the middle of a handshake too. */
  private readonly raw = new Set<Socket>();
  private lastId = 0;
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly options: StreamOptions,
    readonly local: Peer,
    private readonly server: Server | null,
    private readonly context: SecureContext | null,
  ) {
    this.protocol = options.protocol;
    this.advertised = { address: options.advertise ?? reachableAddress(local.address), port: local.port };
    this.limits = { ...STREAM_LIMITS, ...options.limits };
    this.times = { ...STREAM_TIMES, ...options.times };
    this.clock = options.clock ?? systemClock;
    this.sweep = setInterval(() => this.check(), SWEEP_MS);
    this.sweep.unref();
  }

  /** Binds; port 0 takes a free one. @throws AppError PORT_TAKEN, ADDRESS_UNUSABLE, TLS_UNUSABLE */
  static async open(options: StreamOptions): Promise<StreamTransport> {
    const { protocol, address, port, tls } = options;
    let context: SecureContext | null = null;
    if (protocol === 'tls') {
      try {
        context = createSecureContext({ ca: tls?.ca, cert: tls?.cert, key: tls?.key, minVersion: 'TLSv1.2' });
      } catch (cause) {
        throw new AppError('TLS_UNUSABLE', 'The certificate, its key or the authorities cannot be used', {
          where: 'tls',
          found: (cause as Error).message,
          hint: 'Each is a PEM file; the key must be that of the certificate.',
          cause,
        });
      }
      // Without a certificate of our own we can call, but nobody can connect to us.
      if (!tls?.cert) return new StreamTransport(options, { address, port: port || 5061 }, null, context);
    }
    const server =
      protocol === 'tcp'
        ? createServer()
        : createTlsServer({
            ca: tls?.ca,
            cert: tls?.cert,
            key: tls?.key,
            minVersion: 'TLSv1.2',
            requestCert: tls?.requireClientCertificate === true,
            rejectUnauthorized: tls?.requireClientCertificate === true,
            handshakeTimeout: { ...STREAM_TIMES, ...options.times }.connectMs,
          });
    server.maxConnections = options.maxAccepted ?? MAX_ACCEPTED;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(addressFault(address, port, error.code ?? error.message, error)),
      );
      server.listen({ host: address, port, exclusive: true, ipv6Only: isIPv6(address) }, () => resolve());
    });
    const bound = server.address() as { address: string; port: number };
    const transport = new StreamTransport(options, { address: bound.address, port: bound.port }, server, context);
    transport.listen(server);
    return transport;
  }

  get callsOnly(): boolean {
    return this.server === null;
  }

  now(): number {
    return this.clock.now();
  }

  send(
    message: Buffer,
    address: string,
    port: number,
    onError: TransportErrorListener | null,
    connection?: number,
    name?: string,
  ): void {
    if (this.closing) return;
    const proven = this.protocol === 'tls' && this.options.tls?.serverName === undefined ? name : undefined;
    const known =
      (connection === undefined ? undefined : this.byId.get(connection)) ?? this.byPeer.get(key(address, port, proven));
    (known ?? this.connect(address, port, proven)).send(message, onError);
  }

  /** A connection that fails says so itself. */
  probe(): void {}

  /** Holds each connection to its times. */
  check(): void {
    const nowMs = this.now();
    for (const connection of [...this.byId.values()]) connection.check(nowMs);
  }

  onFrame(connection: StreamConnection, message: Buffer): void {
    const { address, port, id } = connection;
    this.options.receiver.onMessage(message, { address, port, transport: this, connection: id }, this.now());
  }

  onClosed(connection: StreamConnection, reason: string): void {
    const { id, address, port, breach } = connection;
    if (!this.byId.delete(id)) return;
    this.counts.open--;
    addTo(this.counts.closures, reason);
    this.forget(connection);
    if (breach === 'handshake') this.counts.handshakes++;
    else if (breach !== null) this.counts[breach]++;
    // Whoever waits for a connection that never was is told by name.
    if (!this.closing && connection.ready)
      this.options.receiver.onConnectionLost?.({ address, port, transport: this, connection: id }, reason);
  }

  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      clearInterval(this.sweep);
      for (const connection of [...this.byId.values()]) connection.end('closed by us');
      this.server?.close();
      // What has said good-bye may still flush; what is in the middle of a handshake is cut off.
      setImmediate(() => {
        if (this.protocol === 'tls')
          for (const socket of this.raw) if (socket.writableLength === 0) socket.destroySoon();
        resolve();
      });
    });
    return this.closing;
  }

  private connect(address: string, port: number, proven?: string): StreamConnection {
    const { address: localAddress } = this.local;
    const wildcard = localAddress === '0.0.0.0' || localAddress === '::';
    const route = { host: address, port, localAddress: wildcard ? undefined : localAddress };
    let socket: Socket;
    if (this.protocol === 'tcp') socket = connect(route);
    else {
      const { tls } = this.options;
      const name = tls?.serverName ?? proven ?? address;
      socket = connectTls({
        ...route,
        secureContext: this.context!,
        rejectUnauthorized: tls?.verify !== false,
        // An address cannot be told by SNI (RFC 6066 3); the certificate is held to it all the same.
        servername: /[a-z]/i.test(name) && !name.includes(':') ? name : undefined,
      });
    }
    const connection = this.adopt(socket, address, port, true, proven);
    socket.once(this.protocol === 'tcp' ? 'connect' : 'secureConnect', () => connection.begin());
    this.counts.opened++;
    return connection;
  }

  private listen(server: Server): void {
    server.on('error', () => {});
    server.on('drop', () => {
      this.counts.refused++;
    });
    server.on('connection', (socket) => {
      this.raw.add(socket);
      socket.once('close', () => this.raw.delete(socket));
    });
    server.on(this.protocol === 'tcp' ? 'connection' : 'secureConnection', (socket: Socket) => this.accept(socket));
    server.on('tlsClientError', (_error: Error, socket: TLSSocket) => {
      this.counts.handshakes++;
      socket.destroy();
    });
  }

  private accept(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (this.closing || address === undefined || port === undefined) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    this.counts.accepted++;
    this.adopt(socket, address, port, false).begin();
  }

  private adopt(socket: Socket, address: string, port: number, opened: boolean, proven?: string): StreamConnection {
    const id = ++this.lastId;
    const connection = new StreamConnection(id, address, port, opened, socket, this, this.limits, this.times);
    this.byId.set(id, connection);
    connection.name = proven;
    this.byPeer.set(key(address, port, proven), connection);
    // What goes to the address alone stays on the connection that it is on.
    if (!this.byPeer.has(key(address, port))) this.byPeer.set(key(address, port), connection);
    this.counts.open++;
    return connection;
  }

  private forget(connection: StreamConnection): void {
    const { address, port, name } = connection;
    if (this.byPeer.get(key(address, port, name)) === connection) this.byPeer.delete(key(address, port, name));
    if (this.byPeer.get(key(address, port)) === connection) this.byPeer.delete(key(address, port));
    if (this.protocol !== 'tls' || this.byPeer.has(key(address, port))) return;
    for (const other of this.byId.values())
      if (other.port === port && other.address === address) this.byPeer.set(key(address, port), other);
  }
}

/** Whoever is called by an address takes any connection there; by a name, only one whose far end proved to be that. */
function key(address: string, port: number, name?: string): string {
  return name === undefined ? `${address} ${port}` : `${address} ${port} ${name}`;
}
