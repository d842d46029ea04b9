import type { SrfRequest } from '../../drachtio/srf-types.js';
import { defaultPort, hostPort, parseSipUri } from '../../sip/uri.js';
import { readTarget } from '../../swarm/target.js';
import type { Bindings } from './bindings.js';
import type { Places } from './places.js';

/** Where a request goes on to. */
export interface Route {
  uri: string;
  /** Where it is sent, whatever the URI says. */
  proxy: string;
  /** Or to a phone. */
  towardsTarget: boolean;
}

export interface NoRoute {
  status: number;
  reason: string;
}

export interface RouteOptions {
  places: Places;
  bindings: Bindings;
  /** `--to`. */
  target: string;
  /** Addresses that the name in `target` stands for, as far as they are known. */
  targetAddresses: readonly string[];
  /** Where requests of the target go that name no registered phone. */
  fromTarget: string | null;
}

/**
 * Decides where a request goes that belongs to no call: to the phone whose binding it names; what comes from the target
 * to where such requests were told to go; everything else to the target.
 */
export class Routes {
  private readonly addresses: Set<string>;
  private readonly targetPort: number;

  constructor(private readonly options: RouteOptions) {
    this.addresses = new Set(options.targetAddresses);
    const target = parseSipUri(options.target)!;
    this.targetPort = target.port ?? defaultPort(target.scheme === 'sips' ? 'tls' : (target.transport ?? 'udp'));
  }

  of(request: SrfRequest): Route | NoRoute {
    const { bindings, fromTarget } = this.options;
    const binding = bindings.find(parseSipUri(request.uri)?.user ?? '');
    if (binding) return { uri: binding.uri, proxy: binding.source, towardsTarget: false };
    if (!this.isFromTarget(request)) return { ...this.to(request.uri, this.options.target), towardsTarget: true };
    if (fromTarget === null) return { status: 404, reason: 'No Such Phone Is Registered Here' };
    return { ...this.to(request.uri, fromTarget), towardsTarget: false };
  }

  /** Whether a request comes from the target. Over a stream its port says nothing. */
  isFromTarget({ protocol, source_address: address, source_port: port }: SrfRequest): boolean {
    if (!this.addresses.has(address)) return false;
    if (protocol === 'udp') return port === this.targetPort;
    return this.options.fromTarget !== null && !this.options.bindings.isSource(address, port);
  }

  /** An answer of the target came from there: so do its requests. */
  learn(address: string): void {
    this.addresses.add(address);
  }

  /** Where a REGISTER goes: to the registrar of its own domain, or the target where that is the relay. */
  registrar(uri: string): { uri: string; proxy: string } {
    const { target, places } = this.options;
    const { scheme, host } = readTarget(target)!;
    return { uri: places.isOwn(uri) ? `${scheme}:${host}` : uri, proxy: target };
  }

  private to(uri: string, server: string): { uri: string; proxy: string } {
    const { places } = this.options;
    const { scheme, user, host } = readTarget(server)!;
    if (user !== null) return { uri: server, proxy: server };
    if (!places.isOwn(uri)) return { uri, proxy: server };
    const called = /^sips?:([^@]*)@/i.exec(uri)?.[1];
    return { uri: called === undefined ? `${scheme}:${host}` : `${scheme}:${called}@${host}`, proxy: server };
  }
}

/** The URI by which a message's sender is reached. */
export function sourceUri(address: string, port: number, protocol: string): string {
  return `sip:${hostPort(address, port)}${protocol === 'udp' ? '' : `;transport=${protocol}`}`;
}
