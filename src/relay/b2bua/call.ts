import type { Clock } from '../../core/clock.js';
import type { SrfRequest, SrfResponder, SrfResult } from '../../drachtio/srf-types.js';
import { CallScope } from '../../flow/call-scope.js';
import { isLocal } from '../../flow/final-response.js';
import { q850Cause } from '../../flow/reason-header.js';
import { tagOf, uriOf } from '../../sip/header-values.js';
import { answer } from './answers.js';
import type { CallRecord, Ending } from './call-record.js';
import { InvitePassage, type PassageHost } from './invite-passage.js';
import { type Acknowledge, Leg, type LegHost } from './leg.js';
import type { CallMedia } from './media.js';
import { type Headers, passedHeaders, takeOut, withoutTag } from './passed-headers.js';
import { type Route, sourceUri } from './routes.js';

/** RFC 3261 16.6 step 11 (Timer C): how long the other side may ring after its last provisional response. */
const RING_MS = 185_000;
/** How long whoever hangs up waits for what the other side says to its BYE: it may ask for credentials, or be gone. */
const BYE_MS = 1000;

export interface CallHost extends LegHost {
  clock: Clock;
  /** Replaces (RFC 3891) as whoever gets it knows the dialog that is meant. */
  translatedReplaces(value: string): string;
  /** A Refer-To value as the far end of the other leg is to have it. */
  translatedReferral(value: string, towardsTarget: boolean): string;
  translated(value: string, towardsTarget: boolean): string;
  /** The called side answered from there. */
  onHeard(address: string): void;
  onAnswered(): void;
  onEnded(call: RelayedCall): void;
  onError(error: unknown): void;
}

type Phase = 'inviting' | 'up' | 'ending' | 'over';

/**
 * A call through the relay: what comes on one leg goes out on the other, and the answer comes back.
 *
 * | phase    | event                              | what follows                                      |
 * |----------|------------------------------------|---------------------------------------------------|
 * | inviting | 2xx of B                           | up                                                |
 * | inviting | other final response, CANCEL of A  | over                                              |
 * | inviting | nothing of B for 185 s, stop       | CANCEL to B, 408 or 503 to A, over                |
 * | up       | BYE of either side                 | ending: passed on                                 |
 * | ending   | its final response, or 1 s         | over; up again after a challenge (401, 407)       |
 * | up       | BYE of the server, stop, no media  | BYE to whoever has had none, over                 |
 */
export class RelayedCall implements PassageHost {
  readonly a: Leg;
  readonly b: Leg;
  /** A REFER was passed on: its NOTIFYs may come after the call. */
  hasReferred = false;
  private phase: Phase = 'inviting';
  private hasAnswered = false;
  private passages: InvitePassage[] = [];
  private readonly scope = new CallScope((error) => this.abandon(error));
  private readonly first: InvitePassage;
  /** The leg whose far end is being told what holds. */
  private restoring: Leg | null = null;

  constructor(
    private readonly host: CallHost,
    readonly media: CallMedia,
    private readonly route: Route,
    private readonly request: SrfRequest,
    private readonly response: SrfResponder,
    readonly record: CallRecord,
  ) {
    this.a = new Leg('a', host);
    this.b = new Leg('b', host);
    this.a.callId = request.get('call-id') ?? '';
    this.a.remoteTag = tagOf(request.get('from') ?? '') ?? '';
    this.a.farUri = uriOf(request.get('contact') ?? request.get('from') ?? '');
    this.a.farProxy = sourceUri(request.source_address, request.source_port, request.protocol);
    this.b.farUri = route.uri;
    this.b.farProxy = route.proxy;
    this.first = new InvitePassage(this, this.a, this.b, request, response, true);
  }

  get isUp(): boolean {
    return this.phase === 'up' || this.phase === 'ending';
  }

  start(): void {
    const { host, route, request, scope } = this;
    scope.guarded(() => {
      this.awaitAnswer();
      this.passages.push(this.first);
      this.first.start((headers, body, onResponse, onSent) => {
        headers.From = host.translated(withoutTag(request.get('from') ?? ''), route.towardsTarget);
        headers.To = host.translated(request.get('to') ?? '', route.towardsTarget);
        const replaces = takeOut(headers, 'replaces');
        if (replaces !== undefined) headers.Replaces = host.translatedReplaces(replaces);
        this.translateReferredBy(headers, this.b);
        const { uri, proxy } = route;
        const onInvite = scope.guarded((error: unknown, sent?: SrfRequest) => {
          if (error || !sent) {
            onSent(null, error instanceof Error ? error.message : 'The INVITE Could Not Be Sent');
            return;
          }
          this.record.sipCallIds.push(sent.get('call-id') ?? '');
          this.b.listen(sent, onResponse);
          onSent(sent);
        });
        host.srf.request(uri, { method: 'INVITE', headers, body, proxy }, onInvite);
      });
    })();
  }

  /** A request within one of the two dialogs, an ACK and the BYEs of the server itself among them. */
  take(leg: Leg, request: SrfRequest, response: SrfResponder): void {
    this.scope.guarded(() => {
      switch (request.method) {
        case 'ACK':
          leg.onAck?.(request);
          break;
        case 'BYE':
          this.takeBye(leg, request, response);
          break;
        case 'INVITE':
          this.passInvite(leg, request, response);
          break;
        case 'PRACK':
          this.passPrack(leg, request, response);
          break;
        default:
          this.pass(leg, request, response);
      }
    })();
  }

  /** Ends the call of the relay's own accord. `status`: what a caller is told who has no answer yet. */
  hangUp(status: number, reason: string, text: string): void {
    if (this.phase === 'over') return;
    const headers = { Reason: `SIP;cause=200;text="${text}"` };
    if (this.phase === 'inviting') {
      if (!this.response.finalResponseSent) answer(this.response, status, reason, { headers });
      this.end({ outcome: 'failed', by: 'relay', status, reason, q850: null });
      return;
    }
    this.sayBye(this.a, headers);
    this.sayBye(this.b, headers);
    this.end({ outcome: 'dropped', by: 'relay', reason: text });
  }

  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return this.scope.guarded(callback);
  }

  translated(value: string, to: Leg): string {
    return this.host.translated(value, this.isTowardsTarget(to));
  }

  onHeard(response: SrfResult): void {
    if (this.phase !== 'inviting') return;
    if (!isLocal(response)) this.host.onHeard(response.source_address);
    if (response.status >= 200) return;
    this.record.ringingMs ??= this.host.clock.now();
    this.awaitAnswer();
  }

  onAnswered(response: SrfResult): void {
    if (this.hasAnswered) return;
    this.hasAnswered = true;
    this.scope.clearTimers();
    // The callee may have hung up before the caller could be told.
    if (this.phase !== 'inviting') return;
    this.phase = 'up';
    this.record.answeredMs = this.host.clock.now();
    this.record.status = response.status;
    this.record.reason = response.reason;
    this.host.onAnswered();
  }

  onUnwanted(): void {
    if (this.hasAnswered) return;
    this.first.abort();
    this.sayBye(this.b, {});
    this.end({ outcome: 'cancelled', by: 'a', status: 487, reason: 'Request Terminated' });
  }

  onAcceptedTooLate(from: Leg, to: Leg): void {
    const { media } = this;
    const body = media.restored(from.side);
    if (body === null || this.phase !== 'up') return;
    this.restoring = to;
    const over = (): void => {
      this.restoring = null;
      media.forget();
    };
    to.request(
      { method: 'INVITE', headers: { 'Content-Type': 'application/sdp' }, body },
      this.guarded((result: SrfResult, acknowledge: Acknowledge) => {
        if (result.status < 200) return;
        if (result.status < 300) {
          acknowledge();
          media.pass(to.side, result.body);
          media.settle();
        }
        over();
      }),
      (sent) => {
        if (sent === null) over();
      },
    );
  }

  onRefused(status: number, reason: string, q850: number | null): void {
    // A re-INVITE that is refused changes nothing (RFC 3261 14.1).
    if (this.phase !== 'inviting') return;
    this.end({
      outcome: status === 487 ? 'cancelled' : status === 401 || status === 407 ? 'challenged' : 'failed',
      by: status === 487 ? 'a' : 'b',
      status,
      reason,
      q850,
    });
  }

  private awaitAnswer(): void {
    this.scope.clearTimers();
    this.scope.after(RING_MS, () => {
      if (this.phase === 'inviting') this.hangUp(408, 'Request Timeout', 'Timer C');
    });
  }

  /** Whether the target is at the far end of a leg, or a phone. */
  isTowardsTarget(to: Leg): boolean {
    return this.route.towardsTarget === (to === this.b);
  }

  private other(leg: Leg): Leg {
    return leg === this.a ? this.b : this.a;
  }

  private passInvite(leg: Leg, request: SrfRequest, response: SrfResponder): void {
    const to = this.other(leg);
    if (this.restoring !== null) {
      answer(response, 491, 'Request Pending');
      return;
    }
    const passage = new InvitePassage(this, leg, to, request, response, false);
    this.passages = [this.first, passage];
    passage.start((headers, body, onResponse, onSent) =>
      to.request({ method: 'INVITE', headers, body }, onResponse, onSent),
    );
  }

  private passPrack(leg: Leg, request: SrfRequest, response: SrfResponder): void {
    const passage = this.passages.findLast(({ from }) => from === leg);
    if (passage) passage.passPrack(request, response);
    else response.send(481);
  }

  /** Any request that changes neither the call nor its end: to the other side, and its answer back. */
  private pass(leg: Leg, request: SrfRequest, response: SrfResponder): void {
    const { method } = request;
    const to = this.other(leg);
    const { media } = this;
    const headers = passedHeaders(request.raw);
    const carriesOffer = method === 'UPDATE' && request.body !== '';
    const body = carriesOffer ? media.pass(leg.side, request.body) : request.body;
    if (method === 'REFER') this.translateReferral(headers, to);
    if (method === 'NOTIFY') translateEvent(headers, leg);
    this.translateReferredBy(headers, to);
    to.request(
      { method, headers, body },
      this.guarded((result: SrfResult) => {
        if (result.status < 200) return;
        const isAccepted = result.status < 300;
        let back = result.body;
        if (carriesOffer && isAccepted) {
          back = media.pass(to.side, result.body);
          media.settle();
        } else if (carriesOffer) media.forget();
        answer(response, result.status, result.reason, { headers: passedHeaders(result.raw), body: back });
      }),
      this.guarded((sent: SrfRequest | null) => {
        if (sent === null) {
          if (carriesOffer) media.forget();
          response.send(481);
        } else if (method === 'REFER') {
          this.hasReferred = true;
          to.referrals.set(String(sent.getParsedHeader('cseq').seq), String(request.getParsedHeader('cseq').seq));
        }
      }),
    );
  }

  private takeBye(leg: Leg, bye: SrfRequest, response: SrfResponder): void {
    const to = this.other(leg);
    if (bye.source === 'application') {
      // The server gave the call up: no ACK, no refresh, or another call took its place.
      if (!this.isUp) return;
      this.sayBye(to, passedHeaders(bye.raw));
      this.end({ outcome: 'dropped', by: 'relay', reason: bye.get('reason') ?? 'BYE of the server' });
      return;
    }
    if (this.phase !== 'up') {
      response.send(200);
      if (this.phase === 'inviting') this.hangUp(487, 'Request Terminated', 'Hung up');
      return;
    }
    this.phase = 'ending';
    const q850 = q850Cause(bye.get('reason'));
    const ended: Ending = { outcome: 'completed', by: leg.side, q850 };
    this.abortPassages();
    const endAnyway = (): void => {
      if (!response.finalResponseSent) response.send(200);
      this.end(ended);
    };
    this.scope.after(BYE_MS, endAnyway);
    to.request(
      { method: 'BYE', headers: passedHeaders(bye.raw) },
      this.guarded((result: SrfResult) => {
        if (result.status < 200 || response.finalResponseSent) return;
        answer(response, result.status, result.reason, { headers: passedHeaders(result.raw) });
        if (result.status !== 401 && result.status !== 407) this.end(ended);
        else {
          this.scope.clearTimers();
          this.phase = 'up';
        }
      }),
      this.guarded((sent: SrfRequest | null) => {
        if (sent === null) endAnyway();
      }),
    );
  }

  private sayBye(leg: Leg, headers: Headers): void {
    const ignore = (): void => {};
    leg.request({ method: 'BYE', headers }, ignore, ignore);
  }

  private abortPassages(): void {
    for (const passage of this.passages) passage.abort();
    this.passages = [];
  }

  private translateReferral(headers: Headers, to: Leg): void {
    const value = takeOut(headers, 'refer-to');
    if (value !== undefined) headers['Refer-To'] = this.host.translatedReferral(value, this.isTowardsTarget(to));
  }

  private translateReferredBy(headers: Headers, to: Leg): void {
    const value = takeOut(headers, 'referred-by');
    if (value !== undefined) headers['Referred-By'] = this.translated(value, to);
  }

  private end(ending: Ending): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.scope.clearTimers();
    this.abortPassages();
    const { record, host } = this;
    record.endedMs = host.clock.now();
    record.outcome = ending.outcome;
    record.endedBy = ending.by;
    if (ending.status !== undefined) record.status = ending.status;
    if (ending.reason !== undefined) record.reason = ending.reason;
    record.q850 = ending.q850 ?? null;
    host.onEnded(this);
  }

  private abandon(error: unknown): void {
    this.host.onError(error);
    if (this.phase === 'over') return;
    this.hangUp(500, 'Server Internal Error', 'Internal error');
  }
}

/** `refer;id=7`: the id is the sequence number of the REFER, which is another one on the other leg (RFC 3515 2.4.6). */
function translateEvent(headers: Headers, from: Leg): void {
  const event = takeOut(headers, 'event');
  if (event === undefined) return;
  headers.Event = event.replace(/(;\s*id\s*=\s*)(\d+)/i, (whole, start: string, id: string) => {
    const theirs = from.referrals.get(id);
    return theirs === undefined ? whole : start + theirs;
  });
}
