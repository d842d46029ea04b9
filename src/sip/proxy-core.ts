import { createHmac, randomBytes } from 'node:crypto';
import type { Core } from './core.js';
import { splitList, uriOf } from './header-values.js';
import type { SipMessage } from './message.js';
import { authority, ProxyContext, type ProxyListener, type ProxyOptions } from './proxy-context.js';
import { forwardedRequest, nextMaxForwards, passedBefore, routingDigest } from './proxy-message.js';
import { responseHead } from './responses.js';
import type { ServerTransaction } from './server-transaction.js';
import type { Peer } from './transport.js';
import { parseSipUri } from './uri.js';

const NOTHING_REPLACED: ReadonlySet<string> = new Set();

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

  /** Whether a request within a dialog passes through here by a Route of ours. */
  takes(request: SipMessage): boolean {
    if (request.toTag === null) return false;
    const { requestUri } = request;
    if (requestUri.includes(';pxy=')) return this.isRouteOf(requestUri, request.callId);
    const route = request.header('route');
    return route?.includes(';pxy=') === true && this.isRouteOf(uriOf(splitList(route)[0] ?? ''), request.callId);
  }

  /** Forwards a request that `takes` took. */
  forwardWithin(transaction: ServerTransaction): void {
    const request = transaction.request!;
    this.onPassing(request);
    const { requestUri, routes } = this.wayWithin(request);
    const options: ProxyOptions = {
      targets: [requestUri],
      retarget: true,
      simultaneous: false,
      followRedirects: false,
      recordRoute: false,
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
        maxForwards,
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
      digest,
      recordRoutes: (peer: Peer) => this.recordRoutes(request, transaction.source, peer),
    };
    const context = new ProxyContext(this.core, transaction, proxied, options, listener);
    transaction.context = context;
    context.start();
  }

  /** RFC 3261 16.3: what a proxy must not let pass. */
  private refusal(request: SipMessage, maxForwards: number, looped: boolean): string | null {
    if (maxForwards < 0) return '483 Too Many Hops';
    if (looped) return '482 Loop Detected';
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
    const { transports, transport: first } = this.core;
    const towards = this.routeOver(transports.contact(peer.transport ?? first), request.callId);
    const back = this.routeOver(transports.contact(source.transport ?? first), request.callId);
    return towards === back ? [towards] : [towards, back];
  }

  private routeOver(uri: string, callId: string): string {
    return `<${uri};lr;pxy=${this.digest(callId)}>`;
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
