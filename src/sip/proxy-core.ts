import { createHmac, randomBytes } from 'node:crypto';
import type { Core } from './core.js';
import { splitList, uriOf } from './header-values.js';
import type { SipMessage } from './message.js';
import { authority, ProxyContext, type ProxyListener, type ProxyOptions } from './proxy-context.js';
import { breadthOf, forwardedRequest, nextMaxForwards, passedBefore, routingDigest } from './proxy-message.js';
import { listsOption } from './request-checks.js';
import { responseHead } from './responses.js';
import type { ServerTransaction } from './server-transaction.js';
import type { Peer } from './transport.js';
import { parseSipUri } from './uri.js';

const NOTHING_REPLACED: ReadonlySet<string> = new Set();

/** Requests that make a dialog, in which we stay where a Path led through us. */
const MAKES_DIALOG = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
/** A Path speaks for as many Contacts of a REGISTER. */
const MAX_CONTACTS = 8;

/**
 * A stateful proxy (RFC 3261 16) beside the user agent: requests that the application has it forward, and those within
 * their dialogs, which come back here by Record-Route.
 *
 * Such a route carries a keyed digest of the Call-ID: nothing has to be remembered of a dialog, and a Route that others
 * made up leads nowhere, so this is no open relay.
 */
export class ProxyCore {
  /** Told of each request within a dialog that passes, but for ACKs. */
  onPassing: (request: SipMessage) => void = () => {};
  /** The application had a request proxied. */
  inUse = false;
  private readonly key = randomBytes(16);

  constructor(private readonly core: Core) {}

  /** Forwards a request that waits for its answer. */
  proxy(transaction: ServerTransaction, options: Omit<ProxyOptions, 'retarget'>, listener: ProxyListener | null): void {
    this.inUse = true;
    const request = transaction.request!;
    const retarget = this.isOurs(request.requestUri);
    const routes = request.headers('route').flatMap(splitList);
    while (routes.length > 0 && this.isOurs(uriOf(routes[0]))) routes.shift();
    this.forward(transaction, request, routes, { ...options, retarget }, listener);
  }

  /**
   * Whether a request passes through here by a Route of ours: within a dialog by our Record-Route, outside by the Path
   * of a registration.
   */
  takes(request: SipMessage): boolean {
    if (request.toTag === null) return this.comesByPath(request);
    const { requestUri } = request;
    if (requestUri.includes(';pxy=')) return this.isRouteOf(requestUri, request.callId);
    const route = request.header('route');
    return route?.includes(';pxy=') === true && this.isRouteOf(uriOf(splitList(route)[0] ?? ''), request.callId);
  }

  /** Forwards a request that `takes` took. */
  forwardWithin(transaction: ServerTransaction): void {
    const request = transaction.request!;
    this.onPassing(request);
    const fresh = request.toTag === null;
    const { requestUri, routes } = fresh ? this.wayAlongPath(request) : this.wayWithin(request);
    const options: ProxyOptions = {
      targets: [requestUri],
      retarget: true,
      simultaneous: false,
      followRedirects: false,
      recordRoute: fresh && MAKES_DIALOG.has(request.method),
      provisionalMs: null,
      finalMs: null,
      headerLines: '',
      replaced: NOTHING_REPLACED,
    };
    this.forward(transaction, request, routes, options, null);
  }

  /** Forwards the ACK of a 2xx, which belongs to no transaction (RFC 3261 16.11). */
  forwardAck(ack: SipMessage): void {
    const maxForwards = nextMaxForwards(ack);
    if (maxForwards < 0) return;
    const { requestUri, routes } = this.wayWithin(ack);
    const hop = routes.length > 0 ? uriOf(routes[0]) : requestUri;
    this.core.locate(hop, ([peer]) => {
      if (peer === undefined) return;
      const branch = `z9hG4bK${this.digest(ack.topVia?.branch ?? ack.callId)}`;
      const via = this.core.transports.via(peer.transport ?? this.core.transport, branch);
      const text = forwardedRequest(ack, {
        requestUri,
        via,
        routes,
        recordRoutes: [],
        paths: [],
        maxForwards,
        maxBreadth: breadthOf(ack),
        headerLines: '',
        replaced: NOTHING_REPLACED,
      });
      this.core.layer.transmit(Buffer.from(text, 'latin1'), peer, ack.callId, null);
    });
  }

  private forward(
    transaction: ServerTransaction,
    request: SipMessage,
    routes: readonly string[],
    options: ProxyOptions,
    listener: ProxyListener | null,
  ): void {
    const maxForwards = nextMaxForwards(request);
    const digest = routingDigest(request);
    const sentBys = this.core.transports.all.map((transport) => this.core.transports.sentBy(transport));
    const refusal = this.refusal(request, maxForwards, passedBefore(request, digest, sentBys));
    if (refusal !== null) {
      const text = this.refuse(transaction, request, refusal);
      listener?.onForwarded(Number(refusal.slice(0, 3)), text);
      listener?.onProxyDone();
      return;
    }
    const proxied = {
      request,
      routes,
      maxForwards,
      maxBreadth: breadthOf(request),
      digest,
      recordRoutes: (peer: Peer) => this.recordRoutes(request, transaction.source, peer),
      paths: (peer: Peer) => this.paths(request, transaction.source, peer),
    };
    const context = new ProxyContext(this.core, transaction, proxied, options, listener);
    transaction.context = context;
    context.start();
  }

  /** RFC 3261 16.3: what a proxy must not let pass. */
  private refusal(request: SipMessage, maxForwards: number, looped: boolean): string | null {
    if (maxForwards < 0) return '483 Too Many Hops';
    if (looped) return '482 Loop Detected';
    if (breadthOf(request) === 0) return '440 Max-Breadth Exceeded';
    return request.has('proxy-require') ? '420 Bad Extension' : null;
  }

  private refuse(transaction: ServerTransaction, request: SipMessage, statusLine: string): string {
    const head = responseHead(request, `SIP/2.0 ${statusLine}`, transaction.localTag, false);
    let lines = '';
    if (statusLine.startsWith('420'))
      for (const value of request.headers('proxy-require')) lines += `Unsupported: ${value}\r\n`;
    const text = `${head}${lines}Content-Length: 0\r\n\r\n`;
    transaction.respond(Number(statusLine.slice(0, 3)), Buffer.from(text, 'latin1'));
    return text;
  }

  /** One Record-Route, or two where a request leaves over another transport than it came (RFC 5658). */
  private recordRoutes(request: SipMessage, source: Peer, peer: Peer): string[] {
    return this.routesThrough(`pxy=${this.digest(request.callId)}`, source, peer);
  }

  /**
   * Path values for a REGISTER (RFC 3327 5.2), where its sender knows them: requests to its Contacts, and to nothing
   * else, pass through here.
   */
  private paths(request: SipMessage, source: Peer, peer: Peer): string[] {
    if (!listsOption(request, 'supported', 'path')) return [];
    const contacts = request.headers('contact').flatMap(splitList).map(uriOf);
    if (contacts.length === 0 || contacts.length > MAX_CONTACTS) return [];
    return this.routesThrough(`pth=${contacts.map((uri) => this.pathDigest(uri)).join('.')}`, source, peer);
  }

  private routesThrough(param: string, source: Peer, peer: Peer): string[] {
    const { transports, transport: first } = this.core;
    const towards = `<${transports.contact(peer.transport ?? first)};lr;${param}>`;
    const back = `<${transports.contact(source.transport ?? first)};lr;${param}>`;
    return towards === back ? [towards] : [towards, back];
  }

  private comesByPath(request: SipMessage): boolean {
    const route = request.header('route');
    return route?.includes(';pth=') === true && this.isPathTo(uriOf(splitList(route)[0] ?? ''), request.requestUri);
  }

  private wayAlongPath(request: SipMessage): { requestUri: string; routes: string[] } {
    const { requestUri } = request;
    const routes = request.headers('route').flatMap(splitList);
    while (routes.length > 0 && this.isPathTo(uriOf(routes[0]), requestUri)) routes.shift();
    return { requestUri, routes };
  }

  private isPathTo(uri: string, target: string): boolean {
    const digests = /;pth=([0-9a-f.]+)/.exec(uri)?.[1].split('.');
    return digests?.includes(this.pathDigest(target)) === true && this.isOurs(uri);
  }

  private pathDigest(uri: string): string {
    return this.digest(`path ${uri}`);
  }

  /** Where a request within a dialog goes on: our Routes off, also where a strict router made one the Request-URI (16.4). */
  private wayWithin(request: SipMessage): { requestUri: string; routes: string[] } {
    const routes = request.headers('route').flatMap(splitList);
    let { requestUri } = request;
    if (this.isRouteOf(requestUri, request.callId) && routes.length > 0) requestUri = uriOf(routes.pop()!);
    while (routes.length > 0 && this.isRouteOf(uriOf(routes[0]), request.callId)) routes.shift();
    return { requestUri, routes };
  }

  private isRouteOf(uri: string, callId: string): boolean {
    return this.isOurs(uri) && /;pxy=([0-9a-f]+)/.exec(uri)?.[1] === this.digest(callId);
  }

  private isOurs(uri: string): boolean {
    const parsed = parseSipUri(uri);
    if (parsed === null) return false;
    const place = authority(parsed.host, parsed.port);
    return this.core.transports.all.some(
      (transport) =>
        this.core.transports.sentBy(transport) === place ||
        authority(transport.local.address, transport.local.port) === place,
    );
  }

  private digest(text: string): string {
    return createHmac('sha1', this.key).update(text).digest('hex').slice(0, 20);
  }
}
