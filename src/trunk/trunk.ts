import { ChurnMap } from '../core/churn-map.js';
import { Rng } from '../core/rng.js';
import type { Failing } from '../drachtio/connect.js';
import type { SrfRequest, SrfResponder } from '../drachtio/srf-types.js';
import { CallImpairments } from '../flow/call-impairments.js';
import { InboundCall, type InboundContext, type InboundPlan, partiesOf } from '../flow/inbound-call.js';
import { calledNumber, callerNumber } from '../identity/caller-number.js';
import type { Verify } from '../identity/keys.js';
import type { Impairments } from '../impair/compose.js';
import type { Pipeline } from '../impair/spec.js';
import type { AccountArrivals, CallAtAccount } from '../metrics/account-calls.js';
import type { CallRecord } from '../metrics/call-record.js';
import { readReplaces } from '../sip/replaces.js';
import { Admission, type Limits, type Refusal } from './admission.js';
import { Answering, type OutcomeCounts } from './answering.js';
import { CallerLimits } from './caller-limits.js';
import { IDENTITY_REFUSALS, Identities, type IdentityCounts } from './identities.js';
import { Intake, type IntakeCounts } from './intake.js';
import { RegisteredCallees, type RegistrationState } from './registered-callees.js';
import { Screening, type ScreeningCounts } from './screening.js';
import { Script, type Scripted } from './script.js';
import type { TrunkSpec } from './spec.js';

export interface TrunkOptions extends Omit<InboundContext, 'uplink' | 'downlink'> {
  /** What the paths of the calls do. */
  impairment: Impairments;
  trunk: TrunkSpec;
  seed: number;
  onRecord(record: CallRecord): void;
  /** A call that was turned away: it gets no record. */
  onRefused(request: SrfRequest): void;
  /** Who can be called, where the callees are accounts; without it anybody. */
  registrationOf?: (user: string) => RegistrationState;
  /** The INVITE of a call has come to an account that is registered. */
  onAtAccount?: (call: CallAtAccount) => void;
  /** Where calls that come are the load of the run: how many of them are taken, or all of them. */
  intake?: { most: number | undefined };
  /** Holds the Identity header of a call against known keys; `null` where nobody does. */
  verify: Verify | null;
  /** By which a script has the server fail; `null` where that cannot be. */
  failing: Failing | null;
  /** What the script does. */
  onScript(text: string): void;
}

/** Live counters of the trunk. */
export interface TrunkCounts {
  inUse: number;
  peak: number;
  admitted: number;
  refusedFull: number;
  refusedTooFast: number;
  /** Calls whose number may not be shown; `null` without screening. */
  screening: ScreeningCounts | null;
  /** Calls by what their Identity header was worth; `null` where none is verified. */
  identity: IdentityCounts | null;
  /** Calls beyond the limits of their caller number; `null` without such. */
  refusedPerCaller: { full: number; tooFast: number } | null;
  /** Calls that were set up later for the channels in use; `null` where none would be. */
  slowed: number | null;
  /** Calls by whether they came for an account that is registered; `null` where anybody can be called. */
  accounts: AccountArrivals | null;
  /** What came, where that is the load of the run; `null` elsewhere. */
  intake: IntakeCounts | null;
  /** Calls refused because no port pair was at hand: the trunk's own limit, not the simulated one. */
  refusedNoPorts: number;
  /** The limit as it stands. */
  channels: number;
  /** Admitted calls by what was dealt to them; `null` where every call is answered. */
  outcomes: OutcomeCounts | null;
  /** `null` without a script. */
  script: ScriptCounts | null;
}

export interface ScriptCounts {
  state: Script['state'];
  /** Calls refused by `refuse`. */
  refused: number;
  /** SIP messages that came in silence. */
  unheard: number;
  restarts: number;
  forgotten: number;
}

/** No packet gets through, of RTP and of RTCP. */
const DEAD: Pipeline = [{ kind: 'one-way', rtcp: 'drop' }];

/** The simulated carrier: admits calls to its channels, answers them, and does what its faults say. */
export class Trunk {
  private readonly admission: Admission;
  private limits: Limits;
  private readonly answering: Answering;
  private readonly calls = new ChurnMap<number, InboundCall>();
  private count = 0;
  private refusedFull = 0;
  private refusedTooFast = 0;
  private refusedNoPorts = 0;
  private refusedByScript = 0;
  private readonly callers: CallerLimits | null;
  private readonly screening: Screening | null;
  private readonly identities: Identities | null;
  private readonly callees: RegisteredCallees | null;
  private readonly needsNumber: boolean;
  private readonly refusedPerCaller = { full: 0, tooFast: 0 };
  private slowed = 0;
  private readonly script: Script;
  private readonly intake: Intake | null;
  private readonly impairments: CallImpairments<InboundContext>;
  /** A script has had RTP stop. */
  private isMediaDead = false;

  constructor(private readonly options: TrunkOptions) {
    this.impairments = new CallImpairments<InboundContext>(options, options.impairment);
    const { channels, cps } = options.trunk;
    this.limits = { channels, cps };
    this.admission = new Admission(this.limits);
    const { perCaller, screening, identity } = options.trunk;
    this.screening = screening ? new Screening(screening) : null;
    this.identities = options.verify ? new Identities(identity?.check === 'require') : null;
    this.callees = options.registrationOf ? new RegisteredCallees(options.registrationOf) : null;
    this.needsNumber = Boolean(perCaller || screening || options.verify);
    this.callers = perCaller
      ? new CallerLimits({ channels: perCaller.channels ?? Number.POSITIVE_INFINITY, cps: perCaller.cps })
      : null;
    this.intake = options.intake ? new Intake(options.intake.most) : null;
    this.answering = new Answering(options.trunk, new Rng(options.seed));
    options.srf.invite((request, response) => {
      try {
        this.onInvite(request, response);
      } catch (error) {
        options.onError(error);
      }
    });
    options.srf.options((_request, response) => {
      const { refusing } = this.script;
      if (refusing === null) response.send(200);
      else response.send(refusing.status, { headers: refusalHeaders(refusing) });
    });
    this.script = new Script(options.trunk.script, this.scripted(), options.onError);
  }

  get counts(): TrunkCounts {
    return {
      inUse: this.admission.channelsInUse,
      peak: this.admission.peak,
      admitted: this.count,
      refusedFull: this.refusedFull,
      refusedTooFast: this.refusedTooFast,
      screening: this.screening && { ...this.screening.counts },
      identity: this.identities?.snapshot() ?? null,
      refusedPerCaller: this.callers && { ...this.refusedPerCaller },
      slowed: this.options.trunk.slowdown ? this.slowed : null,
      accounts: this.callees && { ...this.callees.counts },
      intake: this.intake?.counts() ?? null,
      refusedNoPorts: this.refusedNoPorts,
      channels: this.admission.channels,
      outcomes: this.answering.counts && { ...this.answering.counts },
      script: this.options.trunk.script.length === 0 ? null : this.scriptCounts(),
    };
  }

  get up(): number {
    return this.calls.size;
  }

  /** Takes no further call, or takes calls again; those that are up go on. */
  setPaused(paused: boolean): void {
    this.intake?.setPaused(paused);
  }

  /** Other impairments, from now on: for the calls that are up and for those that come. `name` is for the ground truth. */
  impair(impairment: Impairments, name: string): void {
    this.impairments.change(impairment);
    if (!this.isMediaDead) this.applyImpairments(name);
  }

  private applyImpairments(name: string): void {
    this.impairments.apply(
      this.calls.values().map(({ record }) => record),
      name,
    );
  }

  /** Ends every call, and takes no further one. */
  stop(): void {
    this.script.end();
    this.intake?.setPaused(true);
    for (const call of this.calls.values()) call.stop();
  }

  private onInvite(request: SrfRequest, response: SrfResponder): void {
    this.script.begin();
    const { refusing } = this.script;
    // The first step was due at once.
    if (this.script.state === 'silence') return;
    if (this.intake?.come(this.options.clock.now()) === false) {
      this.turnAway(request, response, 503, {});
      return;
    }
    if (refusing !== null) {
      this.refusedByScript++;
      this.turnAway(request, response, refusing.status, refusing);
      return;
    }
    if (bringsForeignBody(request)) {
      response.send(415, { headers: { Accept: 'application/sdp' } });
      this.options.onRefused(request);
      return;
    }
    const absent = this.callees?.refusal(request.calledNumber) ?? null;
    if (absent !== null) {
      this.turnAway(request, response, absent, {});
      return;
    }
    if (this.callees) this.tellOfArrival(request);
    const number = this.needsNumber ? callerNumber((name) => request.get(name)) : null;
    if (this.screening && !this.screening.passes(number)) {
      this.turnAway(request, response, 403, { cause: 21 });
      return;
    }
    const { verify } = this.options;
    if (verify === null) this.admit(request, response, number);
    else this.admitVerified(verify, request, response, number);
  }

  private tellOfArrival(request: SrfRequest): void {
    const { from, to } = partiesOf(request);
    const callId = request.get('call-id') ?? '';
    this.options.onAtAccount?.({ callId, from, to, inviteMs: this.options.clock.now() });
  }

  /** Takes or refuses a call by what its Identity header is worth; it may be cancelled while that is found out. */
  private admitVerified(verify: Verify, request: SrfRequest, response: SrfResponder, caller: string | null): void {
    let isCancelled = false;
    request.on('cancel', () => {
      isCancelled = true;
    });
    const called = calledNumber((name) => request.get(name));
    verify({ identity: request.get('identity'), caller, called })
      .then((verdict) => {
        if (isCancelled) return;
        const refusal = this.identities!.judge(verdict);
        if (refusal === null) this.admit(request, response, caller);
        else {
          response.send(refusal, IDENTITY_REFUSALS[refusal]);
          this.options.onRefused(request);
        }
      })
      .catch(this.options.onError);
  }

  private admit(request: SrfRequest, response: SrfResponder, number: string | null): void {
    const nowMs = this.options.clock.now();
    const caller = number ?? '';
    const ofCaller = this.callers?.refusal(caller, nowMs) ?? null;
    if (ofCaller !== null) {
      this.refusedPerCaller[ofCaller === 'full' ? 'full' : 'tooFast']++;
      const { status, cause } = this.options.trunk.perCaller!;
      this.turnAway(request, response, status, { cause });
      return;
    }
    const refusal = this.admission.admit(nowMs);
    if (refusal) {
      this.refuse(refusal, response);
      this.options.onRefused(request);
      return;
    }
    const { media } = this.options;
    const lease = media.lease();
    if (!lease) {
      this.refusedNoPorts++;
      this.admission.release();
      const reason = media.exhausted ? 'No RTP ports left at' : 'RTP ports not bound in time by';
      response.send(500, `${reason} the simulated trunk`);
      this.options.onRefused(request);
      return;
    }
    this.callers?.take(caller, nowMs);
    const id = this.count++;
    const call = new InboundCall(
      this.impairments.setupOf({ id, ...partiesOf(request) }),
      {
        ...this.slowDown(this.answering.deal(id)),
        transfers: this.options.trunk.transfers,
        replaced: this.replacedBy(request),
      },
      request,
      response,
      lease,
      () => {
        this.admission.release();
        this.callers?.release(caller);
      },
      (record) => {
        this.calls.delete(id);
        this.options.onRecord(record);
      },
    );
    this.calls.set(id, call);
    call.start();
  }

  /** The call that a new one takes the place of. One that is not there, or has ended, the server has refused. */
  private replacedBy(request: SrfRequest): InboundCall | undefined {
    const replaces = readReplaces(request.get('replaces') ?? '');
    if (replaces === null) return undefined;
    return this.calls.values().find((call) => call.isMeantBy(replaces));
  }

  private scripted(): Scripted {
    const { failing, media, onScript } = this.options;
    return {
      fallSilent: ({ rtp }) => {
        failing?.setSilent(true);
        this.isMediaDead = rtp === 'stop';
        const calls = this.calls.entries().map(([id]) => id);
        if (this.isMediaDead) media.impair(calls, DEAD, DEAD, 'silent by script');
      },
      speakAgain: () => {
        failing?.setSilent(false);
        if (this.isMediaDead) this.applyImpairments('serving by script');
        this.isMediaDead = false;
      },
      restart: () => {
        const forgotten = this.calls.values().filter((call) => call.forget());
        failing?.restart();
        return forgotten.length;
      },
      limit: ({ channels, cps }) => {
        const { channels: now, cps: capNow } = this.limits;
        this.limits = { channels: channels ?? now, cps: cps === 'none' ? undefined : (cps ?? capNow) };
        this.admission.limit(this.limits);
      },
      note: (text) => onScript(text),
    };
  }

  private scriptCounts(): ScriptCounts {
    const { state, restarts, forgotten } = this.script;
    return { state, refused: this.refusedByScript, unheard: this.options.failing?.unheard() ?? 0, restarts, forgotten };
  }

  /** Rings later by the share of the channels that are in use, this call's included. */
  private slowDown(plan: InboundPlan): InboundPlan {
    const { slowdown } = this.options.trunk;
    if (!slowdown) return plan;
    const use = this.admission.channelsInUse / this.admission.channels;
    const delayMs = slowdown.upTo * Math.min(1, Math.max(0, (use - slowdown.above) / (1 - slowdown.above)));
    if (delayMs > 0) this.slowed++;
    return { ...plan, ringAfterMs: plan.ringAfterMs + delayMs };
  }

  private turnAway(request: SrfRequest, response: SrfResponder, status: number, why: RefusalReason): void {
    response.send(status, { headers: refusalHeaders(why) });
    this.options.onRefused(request);
  }

  private refuse(refusal: Refusal, response: SrfResponder): void {
    const { trunk } = this.options;
    const full = refusal === 'full';
    if (full) this.refusedFull++;
    else this.refusedTooFast++;
    const how = full ? trunk.whenFull : trunk.whenTooFast;
    switch (how) {
      case '503': {
        const cause = full
          ? 'Q.850;cause=34;text="No circuit/channel available"'
          : 'Q.850;cause=42;text="Switching equipment congestion"';
        response.send(503, { headers: { Reason: cause } });
        break;
      }
      case '486':
        response.send(486);
        break;
      case 'silence':
        break;
      default:
        how satisfies never;
    }
  }
}

interface RefusalReason {
  /** Q.850. */
  cause?: number;
  /** In s. */
  retryAfter?: number;
}

/** Headers of a refusal. */
function refusalHeaders({ cause, retryAfter }: RefusalReason): Record<string, string> {
  const headers: Record<string, string> = {};
  if (cause !== undefined) headers.Reason = `Q.850;cause=${cause}`;
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
  return headers;
}

/** It has a body, and no part of that is a session description (RFC 3261 8.2.3). */
function bringsForeignBody({ payload }: SrfRequest): boolean {
  const parts = payload.filter(({ content }) => content !== '');
  return (
    parts.length > 0 && parts.every(({ type }) => type !== undefined && !/^\s*application\/sdp\s*(?:;|$)/i.test(type))
  );
}
