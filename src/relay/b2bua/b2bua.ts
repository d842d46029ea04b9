import { ChurnMap } from '../../core/churn-map.js';
import type { Clock } from '../../core/clock.js';
import { AppError } from '../../core/errors.js';
import { guard } from '../../drachtio/guard.js';
import type { SrfApp, SrfRequest, SrfResponder, SrfResult } from '../../drachtio/srf-types.js';
import { answer, PASSED_METHODS } from './answers.js';
import { Bindings } from './bindings.js';
import { RelayedCall } from './call.js';
import type { CallRecord } from './call-record.js';
import type { Leg } from './leg.js';
import type { CallMedia } from './media.js';
import { type Headers, passedHeaders } from './passed-headers.js';
import type { Places } from './places.js';
import { Registration } from './registrations.js';
import { type LegPair, pairMeant, translateReferTo, translateReplaces } from './replaced.js';
import { type NoRoute, type Route, Routes } from './routes.js';

/** How long a call that was referred is kept after its end: the NOTIFYs of a transfer may come that late. */
const REFERRED_MS = 180_000;
/** And any other: for what crosses its end. */
const ENDED_MS = 2000;
const RETRY_AFTER_S = '10';

export interface B2buaOptions {
  srf: SrfApp;
  clock: Clock;
  places: Places;
  /** `--to`, and the addresses that its name stands for. */
  target: string;
  targetAddresses: readonly string[];
  /** Where calls of the target go that name no registered phone; `null` for nowhere. */
  fromTarget: string | null;
  /** The media of a call by its number, or why there can be none: `CALLS_EXHAUSTED`, `PORTS_EXHAUSTED` … */
  openMedia(call: number, parties: Parties): CallMedia | AppError;
  onRecord(record: CallRecord): void;
  /** A callback threw: that one call fails. */
  onError(error: unknown): void;
}

/** Who calls whom, by the user parts of their URIs, and where the call goes. */
export interface Parties {
  from: string;
  to: string;
  trunk: string;
}

/** Counters of the B2BUA since its start. */
export interface B2buaCounts {
  /** INVITEs that would begin a call. */
  attempts: number;
  answered: number;
  /** Calls under way, ringing ones too, and those that were answered. */
  inProgress: number;
  up: number;
  peakUp: number;
  completed: number;
  /** Refused by the other side, by its final status. */
  failed: Record<string, number>;
  cancelled: number;
  /** Asked for credentials: the next attempt brings them. */
  challenged: number;
  /** Ended by the relay while they were up. */
  dropped: number;
  /** Refused by the relay itself, by reason. */
  refused: { tooManyCalls: number; noPorts: number; noRoute: number; noDescription: number };
  /** Phones that are registered through it. */
  phones: number;
}

/**
 * A B2BUA (RFC 7092 3.1.3, a signalling and media plane one) between a target and whoever calls it or is called by it: each call
 * is two dialogs of ours, and what is said in the one is said in the other.
 */
export class B2bua {
  private readonly calls = new ChurnMap<number, RelayedCall>();
  /** Also those of calls that ended a moment ago. */
  private readonly legs = new ChurnMap<string, { leg: Leg; call: RelayedCall }>();
  private readonly lingering = new Set<NodeJS.Timeout>();
  private readonly endings = new Set<Promise<void>>();
  private readonly bindings: Bindings;
  private readonly routes: Routes;
  private readonly within: (request: SrfRequest, response: SrfResponder) => void;
  private nextId = 1;
  private isStopping = false;
  private readonly counters: Omit<B2buaCounts, 'inProgress' | 'up' | 'phones'> = {
    attempts: 0,
    answered: 0,
    peakUp: 0,
    completed: 0,
    failed: {},
    cancelled: 0,
    challenged: 0,
    dropped: 0,
    refused: { tooManyCalls: 0, noPorts: 0, noRoute: 0, noDescription: 0 },
  };
  private upNow = 0;

  constructor(private readonly options: B2buaOptions) {
    const { srf, clock, places, target, targetAddresses, fromTarget } = options;
    this.bindings = new Bindings(clock);
    this.routes = new Routes({ places, bindings: this.bindings, target, targetAddresses, fromTarget });
    const handled = (take: (request: SrfRequest, response: SrfResponder) => void) =>
      guard(take, (error, _request, response: SrfResponder) => {
        options.onError(error);
        if (!response.finalResponseSent) response.send(500);
      });
    this.within = handled((request, response) => this.takeWithin(request, response));
    srf.use(
      'invite',
      handled((request, response) => this.takeInvite(request, response)),
    );
    srf.use(
      'register',
      handled((request, response) => this.takeRegister(request, response)),
    );
    for (const method of ['options', 'message'])
      srf.use(
        method,
        handled((request, response) => this.takeAlone(request, response)),
      );
    for (const method of ['ack', 'bye', 'prack', 'update', 'info', 'refer', 'notify']) srf.use(method, this.within);
  }

  counts(): B2buaCounts {
    const { failed, refused } = this.counters;
    return {
      ...this.counters,
      failed: { ...failed },
      refused: { ...refused },
      inProgress: this.calls.size,
      up: this.upNow,
      phones: this.bindings.size,
    };
  }

  /** Neither side of a call sent anything for too long, though both might. */
  onSilent(call: number): void {
    this.calls.get(call)?.hangUp(480, 'Temporarily Unavailable', 'Media timeout');
  }

  /** Resolves once every call that ended has told what became of its packets. */
  async settled(): Promise<void> {
    await Promise.all(this.endings);
  }

  /** Takes no more calls, and ends those that are under way. */
  stop(): void {
    this.isStopping = true;
    for (const call of this.calls.values()) call.hangUp(503, 'Service Unavailable', 'The relay ends');
  }

  close(): void {
    for (const timer of this.lingering) clearTimeout(timer);
  }

  private takeInvite(request: SrfRequest, response: SrfResponder): void {
    if (request.stackDialogId !== '' || !request.isNewInvite) {
      this.takeWithin(request, response);
      return;
    }
    const { options, counters } = this;
    counters.attempts++;
    if (this.isStopping) {
      answer(response, 503, 'Service Unavailable');
      return;
    }
    if (!carriesDescription(request)) {
      counters.refused.noDescription++;
      answer(response, 415, 'Unsupported Media Type', { headers: { Accept: 'application/sdp' } });
      return;
    }
    const route = this.routeOf(request);
    if ('status' in route) {
      counters.refused.noRoute++;
      answer(response, route.status, route.reason);
      return;
    }
    const id = this.nextId++;
    const media = options.openMedia(id, { from: request.callingNumber, to: request.calledNumber, trunk: route.proxy });
    if (media instanceof AppError) {
      const isFull = media.code === 'CALLS_EXHAUSTED';
      const comesSoon = media.code === 'PORTS_NOT_READY';
      if (isFull) counters.refused.tooManyCalls++;
      else counters.refused.noPorts++;
      answer(response, 503, isFull ? 'Too Many Calls' : comesSoon ? 'Media Ports Not Ready' : 'No Media Ports', {
        headers: { 'Retry-After': comesSoon ? '1' : RETRY_AFTER_S },
      });
      return;
    }
    this.begin(id, media, route, request, response);
  }

  private begin(id: number, media: CallMedia, route: Route, request: SrfRequest, response: SrfResponder): void {
    const { options } = this;
    const record: CallRecord = {
      id,
      towardsTarget: route.towardsTarget,
      from: request.get('from') ?? '',
      to: request.get('to') ?? '',
      caller: `${request.protocol}/${request.source_address}:${request.source_port}`,
      callee: route.uri,
      sipCallIds: [request.get('call-id') ?? ''],
      startedMs: options.clock.now(),
      ringingMs: null,
      answeredMs: null,
      endedMs: null,
      outcome: null,
      endedBy: null,
      status: null,
      reason: null,
      q850: null,
      media: null,
    };
    const call: RelayedCall = new RelayedCall(
      {
        srf: options.srf,
        clock: options.clock,
        within: this.within,
        named: (name, leg) => this.legs.set(name, { leg, call }),
        translated: (value, towardsTarget) => this.translated(value, towardsTarget),
        translatedReplaces: (value) => translateReplaces(value, this.pairs()),
        translatedReferral: (value, towardsTarget) => this.translatedReferral(value, towardsTarget),
        onHeard: (address) => {
          if (route.towardsTarget) this.routes.learn(address);
        },
        onAnswered: () => this.onAnswered(),
        onEnded: (ended) => {
          const ending = this.onEnded(id, ended).finally(() => this.endings.delete(ending));
          this.endings.add(ending);
        },
        onError: options.onError,
      },
      media,
      route,
      request,
      response,
      record,
    );
    this.calls.set(id, call);
    call.start();
  }

  /** A call that takes the place of another one (RFC 3891) goes where the other side of that one is. */
  private routeOf(request: SrfRequest): Route | NoRoute {
    const replaces = request.get('replaces');
    const meant = replaces === undefined ? null : pairMeant(replaces, this.pairs());
    if (meant === null) return this.routes.of(request);
    const call = this.legs.get(meant.other.dialogId)?.call;
    const towardsTarget = call?.isTowardsTarget(meant.other) ?? true;
    return { uri: meant.other.farUri, proxy: meant.other.farProxy, towardsTarget };
  }

  private takeWithin(request: SrfRequest, response: SrfResponder): void {
    const found = this.legs.get(request.stackDialogId);
    if (found) found.call.take(found.leg, request, response);
    else if (request.method === 'ACK' || request.source === 'application') return;
    else if (request.stackDialogId === '' && request.method !== 'NOTIFY')
      answer(response, 405, 'Method Not Allowed', { headers: { Allow: PASSED_METHODS } });
    else answer(response, 481, 'Call/Transaction Does Not Exist');
  }

  /** A request of no call and no dialog: it goes on, and its answer back. */
  private takeAlone(request: SrfRequest, response: SrfResponder): void {
    if (request.stackDialogId !== '') {
      this.takeWithin(request, response);
      return;
    }
    const route = this.routes.of(request);
    if (!('status' in route)) this.passAlone(request, response, route, passedHeaders(request.raw));
    // The target asks whether the relay is there.
    else if (request.method === 'OPTIONS') answer(response, 200, 'OK', { headers: { Allow: PASSED_METHODS } });
    else answer(response, route.status, route.reason);
  }

  private takeRegister(request: SrfRequest, response: SrfResponder): void {
    const { bindings } = this;
    const registration = new Registration(request, bindings);
    const headers = passedHeaders(request.raw);
    const callId = request.get('call-id');
    // The same registration each time, as the registrar sees it (RFC 3261 10.2.4).
    if (callId) Object.assign(headers, { 'Call-ID': callId, CSeq: request.get('cseq') });
    if (registration.contact !== undefined) headers.Contact = registration.contact;
    const { uri, proxy } = this.routes.registrar(request.uri);
    const route = { uri, proxy, towardsTarget: true };
    this.passAlone(request, response, route, headers, (result): Headers => {
      const contact = registration.settle(result);
      this.routes.learn(result.source_address);
      return contact === undefined ? {} : { Contact: contact };
    });
  }

  private passAlone(
    request: SrfRequest,
    response: SrfResponder,
    { uri, proxy, towardsTarget }: Route,
    headers: Headers,
    more: (result: SrfResult) => Headers = () => ({}),
  ): void {
    const { srf, onError } = this.options;
    const guarded = <A extends unknown[]>(callback: (...args: A) => void) =>
      guard(callback, (error: unknown, ..._args: A) => {
        onError(error);
        if (!response.finalResponseSent) response.send(500);
      });
    const { method, body } = request;
    headers.From = this.translated(request.get('from') ?? '', towardsTarget);
    headers.To = this.translated(request.get('to') ?? '', towardsTarget);
    srf.request(
      uri,
      { method, headers, body, proxy },
      guarded((error: unknown, sent?: SrfRequest) => {
        if (error || !sent) {
          answer(response, 500, 'Server Internal Error');
          return;
        }
        sent.on(
          'response',
          guarded((result: SrfResult) => {
            if (result.status < 200) return;
            const back = { ...passedHeaders(result.raw), ...more(result) };
            answer(response, result.status, result.reason, { headers: back, body: result.body });
          }),
        );
      }),
    );
  }

  private translated(value: string, towardsTarget: boolean): string {
    const { places } = this.options;
    return towardsTarget ? places.towardsTarget(value) : places.towardsPhone(value);
  }

  private translatedReferral(value: string, towardsTarget: boolean): string {
    const isOwn = (uri: string): boolean => this.options.places.isOwn(uri);
    return translateReferTo(value, this.pairs(), isOwn, (uri, meant) =>
      towardsTarget && meant !== null && isOwn(uri) ? meant.other.farUri : this.translated(uri, towardsTarget),
    );
  }

  private *pairs(): Iterable<LegPair> {
    for (const { a, b } of this.calls.values()) {
      yield { leg: a, other: b };
      yield { leg: b, other: a };
    }
  }

  private onAnswered(): void {
    const { counters } = this;
    counters.answered++;
    this.upNow++;
    counters.peakUp = Math.max(counters.peakUp, this.upNow);
  }

  private async onEnded(id: number, call: RelayedCall): Promise<void> {
    const { record } = call;
    this.calls.delete(id);
    if (record.answeredMs !== null) this.upNow--;
    this.count(record);
    const linger = setTimeout(
      () => {
        this.lingering.delete(linger);
        for (const name of [...call.a.names, ...call.b.names])
          if (this.legs.get(name)?.call === call) this.legs.delete(name);
      },
      call.hasReferred ? REFERRED_MS : ENDED_MS,
    );
    this.lingering.add(linger);
    record.media = await call.media.close();
    this.options.onRecord(record);
  }

  private count({ outcome, status }: CallRecord): void {
    const { counters } = this;
    if (outcome === 'failed') counters.failed[String(status)] = (counters.failed[String(status)] ?? 0) + 1;
    else if (outcome !== null) counters[outcome]++;
  }
}

/** Whether an INVITE has no body, or one that is a session description: of others nobody knows where their media would go. */
function carriesDescription(request: SrfRequest): boolean {
  return request.body === '' || /^application\/sdp\b/i.test(request.get('content-type') ?? '');
}
