import { ChurnMap } from '../core/churn-map.js';
import { AppError } from '../core/errors.js';
import type { DepartureBook } from '../sip/departure-book.js';
import type { SipStats } from '../sip/stats.js';
import { UserAgent, type UserAgentOptions } from '../sip/user-agent.js';
import { EmbeddedServer } from './embedded-server.js';
import { MemoryLink } from './memory-link.js';
import { newSrf, type SrfApp } from './srf-types.js';

/** An srf that is ready to place and take calls, whatever serves it. */
export interface DrachtioConnection {
  srf: SrfApp;
  /** Where SIP listens; `null` for an external server, which has its own configuration. */
  sip: { address: string; port: number } | null;
  /** All that SIP listens on or sends from, the first one included; empty for an external server. */
  listens: readonly { protocol: string; address: string; port: number }[];
  /** Has the embedded server fail as others do; `null` for an external one. */
  failing: Failing | null;
  /** Has INVITEs leave at their time that were made before; `null` for an external server, which sends at once. */
  departures: DepartureBook | null;
  /** The embedded server's counters; `null` for an external one. */
  stats(): SipStats | null;
  close(): Promise<void>;
}

/** How a server fails on purpose. */
export interface Failing {
  /** Hears and sends nothing, or does so again. */
  setSilent(silent: boolean): void;
  /** Messages that came while it was silent. */
  unheard(): number;
  /** Forgets every transaction and dialog without a word. */
  restart(): void;
}

/** How long an external server may take to answer the authentication. */
const CONNECT_MS = 5000;
const SECRET = 'embedded';

/** Starts a server within this thread and connects an srf to it in memory. */
export async function connectEmbedded(
  options: UserAgentOptions & {
    onFatal: (error: Error) => void;
    /** srf broke on a message of the network, which began with that line: its call is lost, nothing else. */
    onUnread?: (startLine: string) => void;
    /** srf shall do nothing but place and take calls; messages have no `raw`, no Via and the like. */
    callsOnly?: boolean;
  },
): Promise<DrachtioConnection> {
  const agent = await UserAgent.open(options);
  const server = new EmbeddedServer(agent, { secret: SECRET });
  const srf = newSrf();
  const onUnread = (line: string, startLine: string): void => {
    server.giveUpOn(line);
    options.onUnread?.(startLine);
  };
  const link = new MemoryLink({ onFatal: options.onFatal, onUnread }, options.callsOnly === true);
  const connected = new Promise<void>((resolve, reject) => {
    srf.on('connect', (error) => (error ? reject(error) : resolve()));
  });
  server.attach(link, handledBy(srf));
  link.join(srf, SECRET);
  keepConnection(srf);
  await connected;
  holdCallsInChurnMaps(srf);
  return {
    srf,
    sip: { address: agent.local.address, port: agent.local.port },
    listens: agent.transports.map(({ protocol, local }) => ({ protocol, address: local.address, port: local.port })),
    failing: {
      setSilent: (silent) => {
        agent.silent = silent;
      },
      unheard: () => agent.unheard,
      restart: () => agent.forgetAll(),
    },
    departures: agent.departures,
    stats: () => agent.stats(),
    close: async () => {
      link.shut();
      await agent.close();
    },
  };
}

/** Connects an srf to a drachtio server that runs elsewhere. */
export async function connectExternal(options: {
  host: string;
  port: number;
  secret: string;
  onFatal: (error: Error) => void;
}): Promise<DrachtioConnection> {
  const { host, port, secret, onFatal } = options;
  const where = `${host}:${port}`;
  const srf = newSrf();
  let ready = false;
  let closed = false;
  await new Promise<void>((resolve, reject) => {
    const fail = (found: string, hint: string, cause?: unknown): void => {
      clearTimeout(timer);
      if (ready || closed) return;
      closed = true;
      disconnect(srf);
      reject(new AppError('DRACHTIO_UNREACHABLE', `no drachtio server at ${where}`, { where, found, hint, cause }));
    };
    const timer = setTimeout(
      () => fail('no answer', 'is this the admin port of a drachtio server (9022 unless configured)?'),
      CONNECT_MS,
    );
    srf.on('connect', (error) => {
      if (error) {
        fail(error.message, "give the server's admin secret");
        return;
      }
      clearTimeout(timer);
      ready = true;
      resolve();
    });
    const lost = (found: string, cause?: unknown): void => {
      if (!ready || closed) return;
      closed = true;
      const hint = 'see its log; calls that were up may stay up at the far end';
      onFatal(new AppError('DRACHTIO_UNREACHABLE', 'lost the drachtio server', { where, found, hint, cause }));
    };
    srf.on('error', (error) => {
      if (ready) lost(error.message, error);
      else fail(error.message, 'start the drachtio server, or leave the option out to use the embedded one', error);
    });
    srf.on('close', () => lost('it closed the connection'));
    srf.connect({ host, port, secret, reconnect: { maxAttempts: 1 } });
  });
  return {
    srf,
    sip: null,
    listens: [],
    failing: null,
    departures: null,
    stats: () => null,
    close: async () => {
      closed = true;
      disconnect(srf);
    },
  };
}

function disconnect(srf: SrfApp): void {
  try {
    srf.disconnect();
  } catch {
    // It was not connected (any more).
  }
}

/** Whether srf has a handler of the application's for a method; the first one of all is srf's own, for dialogs. */
function handledBy(srf: SrfApp): (method: string) => boolean {
  const { _app: app } = srf as unknown as { _app: { stack: { method: string }[] } };
  return (method) => {
    const name = method.toLowerCase();
    return app.stack.some((layer, i) => i > 0 && (layer.method === '*' || layer.method.toLowerCase() === name));
  };
}

/** The tables in which srf keeps what is under way: as `Map`s they would keep calls alive long after their end. */
function holdCallsInChurnMaps(srf: SrfApp): void {
  const inner = srf as unknown as { _dialogs: unknown; _app: { client: { mapServer: Map<unknown, SrfTables> } } };
  inner._dialogs = new ChurnMap<string, unknown>();
  for (const tables of inner._app.client.mapServer.values()) {
    tables.pendingRequests = new ChurnMap();
    tables.pendingSipRequests = new ChurnMap();
    tables.pendingNetworkInvites = new ChurnMap();
    tables.pendingAckOrPrack = new ChurnMap();
  }
}

interface SrfTables {
  pendingRequests: ChurnMap<string, unknown>;
  pendingSipRequests: ChurnMap<string, unknown>;
  pendingNetworkInvites: ChurnMap<string, unknown>;
  pendingAckOrPrack: ChurnMap<string, unknown>;
}

/** In listen mode srf ends the connection after each request that no handler took; its 404 is answer enough. */
function keepConnection(srf: SrfApp): void {
  const { _app: app } = srf as unknown as { _app: { endSession: () => void } };
  app.endSession = () => {};
}
