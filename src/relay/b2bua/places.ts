import { hostPort, parseSipUri } from '../../sip/uri.js';

/** A host and port by which one is addressed. */
export interface Place {
  host: string;
  port: number;
}

const SIP_URI = /(sips?:)((?:[^@<>\s;,"]*@)?)(\[[0-9a-fA-F:.]+\]|[^\s:;?@<>,"[\]]+)(?::(\d{1,5}))?/gi;
const DEFAULT_PORT = 5060;

/**
 * Phones know the relay where the target stands behind it, and the target knows the relay where phones do: a URI that
 * names the one is written as the other when it passes. All other URIs stay as they are.
 */
export class Places {
  /** @param own all places at which the relay is reached, the first one standing for it towards phones */
  constructor(
    private readonly own: readonly Place[],
    private readonly target: Place,
  ) {}

  /** Whether a SIP URI means this relay. */
  isOwn(uri: string): boolean {
    const read = parseSipUri(uri);
    return read !== null && this.own.some((place) => isAt(place, read.host, read.port));
  }

  /** A header value on its way to the target. */
  towardsTarget(value: string): string {
    return rewritten(value, this.own, this.target);
  }

  /** A header value on its way to a phone. */
  towardsPhone(value: string): string {
    return rewritten(value, [this.target], this.own[0]);
  }
}

function rewritten(value: string, from: readonly Place[], to: Place): string {
  return value.replace(SIP_URI, (uri: string, scheme: string, user: string, host: string, port?: string) => {
    const bare = host.startsWith('[') ? host.slice(1, -1) : host;
    const isMeant = from.some((place) => isAt(place, bare, port === undefined ? null : Number(port)));
    return isMeant ? `${scheme}${user}${hostPort(to.host, to.port)}` : uri;
  });
}

function isAt(place: Place, host: string, port: number | null): boolean {
  return place.host.toLowerCase() === host.toLowerCase() && place.port === (port ?? DEFAULT_PORT);
}
