import type { RequestHead } from './client-transaction.js';
import type { Core } from './core.js';
import { uriOf } from './header-values.js';
import type { SipMessage } from './message.js';
import { type BranchUser, ProxyBranch } from './proxy-branch.js';
import { forwardedRequest, forwardedResponse, preference, redirections } from './proxy-message.js';
import { plainResponse } from './responses.js';
import type { ServerTransaction } from './server-transaction.js';
import type { Peer } from './transport.js';
import { hostPort } from './uri.js';

export interface ProxyOptions {
  /** URIs to try, at once or one after the other. */
  targets: string[];
  /** Whether a target replaces the Request-URI; otherwise it says only where the request goes. */
  retarget: boolean;
  simultaneous: boolean;
  /** Follow the Contacts of a 3xx in place of passing it on. */
  followRedirects: boolean;
  /** Stay in the dialog by Record-Route. */
  recordRoute: boolean;
  provisionalMs: number | null;
  finalMs: number | null;
  /** Header lines, with CRLF, that replace those of the same name. */
  headerLines: string;
  replaced: ReadonlySet<string>;
}

/** Whoever had a request proxied. */
export interface ProxyListener {
  /** The request as it left towards a target. */
  onTried(text: string): void;
  /** The final response as it went to the caller. */
  onForwarded(status: number, text: string): void;
  /** A response above 100 that a target sent. */
  onProxied(response: SipMessage, peer: Peer): void;
  /** The caller has its final response. */
  onProxyDone(): void;
}

/** What is the same for all branches of a request. */
export interface ProxiedRequest {
  request: SipMessage;
  /** Routes that are left once ours are taken off. */
  routes: readonly string[];
  maxForwards: number;
  maxBreadth: number;
  digest: string;
  /** Our Record-Route values for a request that leaves over that peer's transport. */
  recordRoutes(peer: Peer): readonly string[];
  /** Our Path values, likewise. */
  paths(peer: Peer): readonly string[];
}

/** RFC 3261 16.6 step 11: more than three minutes. */
const TIMER_C_MS = 185_000;

/** The response context of one proxied request (RFC 3261 16.7). */
export class ProxyContext implements BranchUser {
  private readonly branches: ProxyBranch[] = [];
  private readonly tried = new Set<string>();
  private readonly waiting: { requestUri: string; target: string }[];
  private best: { status: number; response: SipMessage | null; order: number } | null = null;
  private challenges = '';
  private cancelled = false;
  private done = false;

  constructor(
    private readonly core: Core,
    private readonly transaction: ServerTransaction,
    private readonly proxied: ProxiedRequest,
    private readonly options: ProxyOptions,
    private readonly listener: ProxyListener | null,
  ) {
    const { targets, retarget } = options;
    const { requestUri } = proxied.request;
    this.waiting = targets.map((target) => ({ requestUri: retarget ? target : requestUri, target }));
  }

  start(): void {
    this.advance();
  }

  /** The caller gave up: so do the branches, and the caller gets what they answer. */
  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.waiting.length = 0;
    for (const branch of [...this.branches]) branch.cancel();
    this.advance();
  }

  compose(branch: ProxyBranch, peer: Peer, branchId: string): { head: RequestHead; text: string } {
    const { request, routes, maxForwards } = this.proxied;
    const via = this.core.transports.via(peer.transport ?? this.core.transport, branchId);
    const head: RequestHead = {
      method: request.method,
      requestUri: branch.requestUri,
      via,
      branch: branchId,
      from: request.header('from') ?? '',
      to: request.header('to') ?? '',
      callId: request.callId,
      cseq: request.cseqNumber,
      routes,
    };
    const { headerLines, replaced, recordRoute } = this.options;
    const registers = request.method === 'REGISTER';
    const recordRoutes = recordRoute && !registers ? this.proxied.recordRoutes(peer) : [];
    const paths = recordRoute && registers ? this.proxied.paths(peer) : [];
    const { requestUri, breadth: maxBreadth } = branch;
    const changes = { requestUri, via, routes, recordRoutes, paths, maxForwards, maxBreadth };
    const forwarding = { ...changes, headerLines, replaced };
    const text = forwardedRequest(request, forwarding);
    this.listener?.onTried(text);
    return { head, text };
  }

  onBranchResponse(branch: ProxyBranch, response: SipMessage, peer: Peer): void {
    const { status } = response;
    if (status === 100) return;
    if (!this.done) this.listener?.onProxied(response, peer);
    if (status < 200) {
      if (this.transaction.finalStatus === 0)
        this.transaction.respond(status, bytes(forwardedResponse(response, null)));
      return;
    }
    if (status < 300) {
      this.accept(status, forwardedResponse(response, null));
      return;
    }
    if (status < 400 && this.options.followRedirects && !this.cancelled) {
      const fresh = redirections(response).filter((uri) => !this.tried.has(`${uri} ${uri}`));
      this.waiting.unshift(...fresh.map((uri) => ({ requestUri: uri, target: uri })));
      if (fresh.length > 0) {
        this.advance();
        return;
      }
    }
    if (status === 401 || status === 407) this.collectChallenges(response);
    this.consider(branch, status, response);
    if (status >= 600) this.giveUpOthers();
    this.advance();
  }

  onBranchFailure(branch: ProxyBranch, status: 408 | 503): void {
    this.consider(branch, status, null);
    this.advance();
  }

  /** Starts what is to be tried now; sends the best response once nothing is left. */
  private advance(): void {
    if (this.done) return;
    while (this.waiting.length > 0 && (this.options.simultaneous ? this.breadthLeft() > 0 : this.allFinished()))
      this.tryTarget(this.waiting.shift()!);
    if (this.waiting.length === 0 && this.allFinished()) this.conclude();
  }

  /** What the branches under way leave of the breadth that the request came with (RFC 5393 5.3.3.1). */
  private breadthLeft(): number {
    let left = this.proxied.maxBreadth;
    for (const branch of this.branches) if (!branch.finished) left -= branch.breadth;
    return left;
  }

  private allFinished(): boolean {
    return this.branches.every((branch) => branch.finished);
  }

  private tryTarget({ requestUri, target }: { requestUri: string; target: string }): void {
    const name = `${requestUri} ${target}`;
    if (this.tried.has(name)) return;
    this.tried.add(name);
    const { routes, digest } = this.proxied;
    const hop = routes.length > 0 ? uriOf(routes[0]) : target;
    const { provisionalMs, finalMs } = this.options;
    const patience = { provisionalMs, finalMs: finalMs ?? TIMER_C_MS };
    const branch = new ProxyBranch(this.core, this, requestUri, hop, patience, digest);
    branch.breadth = Math.max(1, Math.floor(this.breadthLeft() / (this.waiting.length + 1)));
    this.branches.push(branch);
    branch.start();
  }

  /** A 2xx goes on at once, and of an INVITE each one does (RFC 3261 16.7 step 5). */
  private accept(status: number, text: string): void {
    const { transaction } = this;
    if (transaction.finalStatus === 0 || (transaction.isInvite && transaction.finalStatus < 300))
      this.answer(status, text);
    else if (transaction.isInvite) this.core.layer.transmit(bytes(text), transaction.peer, transaction.callId, null);
    this.giveUpOthers();
    this.finish();
  }

  private giveUpOthers(): void {
    this.waiting.length = 0;
    for (const branch of [...this.branches]) branch.cancel();
  }

  /**
   * Of answers that RFC 3261 16.7 step 6 holds equal the one of the earlier target counts, however they arrived. Of
   * challenges the first to arrive stays: those of the others are added to it.
   */
  private consider(branch: ProxyBranch, status: number, response: SipMessage | null): void {
    const { best } = this;
    const order = this.branches.indexOf(branch);
    const gain = best === null ? 1 : preference(best.status) - preference(status);
    const challenged = best?.status === 401 || best?.status === 407;
    if (best === null || gain > 0 || (gain === 0 && !challenged && order < best.order))
      this.best = { status, response, order };
  }

  /** The challenges of all branches go to the caller (RFC 3261 16.7 step 7). */
  private collectChallenges(response: SipMessage): void {
    if (this.best?.response && (this.best.status === 401 || this.best.status === 407))
      for (const key of ['www-authenticate', 'proxy-authenticate'])
        for (const value of response.headers(key))
          this.challenges += `${key === 'www-authenticate' ? 'WWW-Authenticate' : 'Proxy-Authenticate'}: ${value}\r\n`;
  }

  private conclude(): void {
    const { transaction, best } = this;
    if (transaction.finalStatus === 0) {
      const text = this.finalText(best);
      this.answer(Number(text.slice(8, 11)), text);
    }
    this.finish();
  }

  /** A 503 says nothing of us, so it goes on as 500 (RFC 3261 16.7 step 6). */
  private finalText(best: { status: number; response: SipMessage | null } | null): string {
    const { request } = this.proxied;
    if (this.cancelled && best?.response == null) return this.own(request, 487, 'Request Terminated');
    if (best === null) return this.own(request, 480, 'Temporarily Unavailable');
    const { status, response } = best;
    if (response === null)
      return status === 408
        ? this.own(request, 408, 'Request Timeout')
        : this.own(request, 500, 'Server Internal Error');
    const startLine = status === 503 ? 'SIP/2.0 500 Server Internal Error' : null;
    return forwardedResponse(response, startLine, this.challenges);
  }

  private own(request: SipMessage, status: number, reason: string): string {
    return plainResponse(request, status, reason, this.transaction.localTag);
  }

  private answer(status: number, text: string): void {
    if (this.transaction.finalStatus === 0) this.listener?.onForwarded(status, text);
    this.transaction.respond(status, bytes(text));
  }

  private finish(): void {
    if (this.done) return;
    this.done = true;
    this.listener?.onProxyDone();
  }
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** `host:port` of a SIP URI's parts, the port as it is or the default. */
export function authority(host: string, port: number | null): string {
  return hostPort(host, port ?? 5060);
}
