import { randomInt } from 'node:crypto';
import { type Clock, systemClock } from '../core/clock.js';
import { Rng } from '../core/rng.js';
import type { ClientTransaction } from './client-transaction.js';
import { Core, type UserAgentHandler } from './core.js';
import type { DepartureBook } from './departure-book.js';
import { addressing, type Dialog } from './dialog.js';
import type { Credentials } from './digest.js';
import type { Dns } from './dns.js';
import { IdSource } from './ids.js';
import type { SentListener } from './invite-answers.js';
import type { NewRequest } from './new-request.js';
import { openTransports, type TransportOptions } from './open-transports.js';
import { type OversizePolicy, oversizeOf } from './oversize.js';
import type { ProxyCore } from './proxy-core.js';
import { Resolver } from './resolver.js';
import type { ServerTransaction } from './server-transaction.js';
import type { SipStats } from './stats.js';
import { SystemDns } from './system-dns.js';
import { DEFAULT_TIMERS, type SipTimers } from './timer-values.js';
import type { TraceBook } from './trace.js';
import { TransactionLayer } from './transaction-layer.js';
import type { Peer, Transport } from './transport.js';
import type { TransportSet } from './transport-set.js';
import { UacCore } from './uac-core.js';
import { UasCore } from './uas-core.js';

export interface UserAgentOptions extends TransportOptions {
  timers?: Partial<SipTimers>;
  clock?: Clock;
  /** Where names are looked up; the system's DNS and hosts file without it. */
  dns?: Dns;
  /** What becomes of a request that is too long for UDP (RFC 3261 18.1.1): `tcp` unless said. */
  oversize?: OversizePolicy;
  /** The path's MTU in bytes, where it is known; what is too long follows from it. */
  mtuBytes?: number;
  /** For challenges to what the application does not send itself: session refreshes, BYEs of the stack. */
  credentials?: Credentials;
  /** Shortest session interval that is taken, in seconds: 90 unless said (RFC 4028 5). */
  minSessionS?: number;
  /** Of the choice among servers of the same priority (RFC 2782). */
  seed?: number;
  /** Where the messages of each call are noted. */
  trace?: TraceBook;
}

/** A SIP user agent, client and server, on one socket: transactions, dialogs, and the core above them. */
export class UserAgent {
  private readonly uac: UacCore;
  private readonly uas: UasCore;

  private constructor(private readonly core: Core) {
    this.uac = new UacCore(core);
    this.uas = new UasCore(core, this.uac);
    core.layer.user = this.uas;
  }

  static async open(options: UserAgentOptions): Promise<UserAgent> {
    const { timers, clock = systemClock, dns, seed, oversize, mtuBytes, trace, minSessionS } = options;
    const layer = new TransactionLayer({ ...DEFAULT_TIMERS, ...timers }, clock, new IdSource());
    let transports: TransportSet;
    try {
      transports = await openTransports(options, layer, clock);
    } catch (error) {
      layer.close();
      throw error;
    }
    layer.transport = transports.first;
    layer.trace = trace ?? null;
    const rng = new Rng(seed ?? randomInt(2 ** 32));
    const core = new Core(layer, transports, new Resolver(dns ?? new SystemDns(), transports.reach, rng, clock));
    core.oversize = oversizeOf(oversize, mtuBytes);
    core.credentials = options.credentials ?? null;
    if (minSessionS !== undefined) core.minSessionS = minSessionS;
    return new UserAgent(core);
  }

  set handler(handler: UserAgentHandler) {
    this.core.handler = handler;
  }

  get ids(): IdSource {
    return this.core.ids;
  }

  /** When INVITEs are to leave that are made ahead of their time. */
  get departures(): DepartureBook {
    return this.core.layer.departures;
  }

  get local(): Peer {
    return this.core.transport.local;
  }

  get advertised(): Peer {
    return this.core.transport.advertised;
  }

  get protocol(): string {
    return this.core.transport.protocol;
  }

  /** All that it listens on and sends from. */
  get transports(): readonly Transport[] {
    return this.core.transports.all;
  }

  /** The URI for the Contact of a request to `uri`: it names the transport that the request will take (RFC 3261 8.1.1.8). */
  contactTowards(uri: string): string {
    return this.core.contactTowards(uri);
  }

  contactWithin(dialog: Dialog): string {
    return this.core.contactTowards(addressing(dialog).hop);
  }

  /** The URI for the Contact of a response. */
  contactFor({ peer, request }: ServerTransaction): string {
    const secure = request !== null && /^sips:/i.test(request.requestUri);
    return this.core.transports.contact(peer.transport ?? this.core.transport, secure);
  }

  /** `host:port` under which others reach us. */
  get hostPort(): string {
    return this.core.sentBy;
  }

  /** The counters as they stand. */
  stats(): SipStats {
    const { stats } = this.core.layer;
    const streams = this.core.transports.streamCounts();
    const { timerExpiries, sentAgain, receivedAgain } = stats;
    return {
      ...stats,
      timerExpiries: { ...timerExpiries },
      sentAgain: { ...sentAgain },
      receivedAgain: { ...receivedAgain },
      streams,
      dialogs: this.core.dialogs.size,
    };
  }

  /** A dialog by its name: Call-ID and the initiator's tag. */
  dialogNamed(name: string): Dialog | undefined {
    return this.core.dialogs.named(name);
  }

  findDialog(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.core.dialogs.find(callId, localTag, remoteTag);
  }

  send(request: NewRequest, sent: SentListener): void {
    this.uac.send(request, sent);
  }

  sendWithin(
    dialog: Dialog,
    method: string,
    headerLines: string,
    body: string,
    cseq: number | null,
    sent: SentListener,
  ): void {
    this.uac.sendWithin(dialog, method, headerLines, body, cseq, sent);
  }

  acknowledge(dialog: Dialog, headerLines: string, body: string, sent: SentListener): void {
    this.uac.acknowledge(dialog, headerLines, body, sent);
  }

  inviteById(id: string): ClientTransaction | undefined {
    return this.uac.inviteById(id);
  }

  /** Gives up an INVITE, by its id, whose sender is gone. */
  abandon(id: string): void {
    this.uac.abandon(id);
  }

  /** Hangs up what answered the INVITEs of an owner who cannot acknowledge it any more. */
  abandonOf(owner: unknown): void {
    this.uac.abandonOf(owner);
  }

  cancel(invite: ClientTransaction, headerLines: string): { text: string; peer: Peer } {
    return this.uac.cancel(invite, headerLines);
  }

  /** Forwards requests that wait for their answer, in place of answering them. */
  get proxy(): ProxyCore {
    return this.uas.proxy;
  }

  respond(
    transaction: ServerTransaction,
    status: number,
    reason: string,
    headerLines: string,
    body: string,
    toTag: string | null,
  ): { text: string; dialog: Dialog | null } {
    return this.uas.respond(transaction, status, reason, headerLines, body, toTag);
  }

  /** Whether it neither hears nor sends anything, as if the line were dead. */
  set silent(silent: boolean) {
    this.core.layer.silent = silent;
  }

  /** Messages that came while it was silent. */
  get unheard(): number {
    return this.core.layer.unheard;
  }

  /** Forgets every transaction and dialog without a word, as a restart does. The application hears of CANCELs and failed requests. */
  forgetAll(): void {
    this.uas.forgetAll();
  }

  async close(): Promise<void> {
    this.core.closed = true;
    this.core.layer.close();
    await this.core.transports.close();
  }
}
