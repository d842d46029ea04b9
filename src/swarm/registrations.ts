import type { Clock } from '../core/clock.js';
import { deriveSeed, Rng } from '../core/rng.js';
import { guard } from '../drachtio/guard.js';
import type { SrfApp, SrfRequest, SrfResult } from '../drachtio/srf-types.js';
import { challengerOf } from '../flow/call-credentials.js';
import { failureOf } from '../flow/final-response.js';
import { wireDelayMs } from '../flow/wire-time.js';
import type { Arrival } from '../load/arrivals.js';
import type { RegistrationKind, RegistrationResult } from '../metrics/registration-metrics.js';
import { uriOf } from '../sip/header-values.js';
import { IdSource } from '../sip/ids.js';
import type { TimerHandle, TimerQueue, TimerTarget } from '../sip/timer-queue.js';
import type { Account } from './account-file.js';
import { leavingCps } from './leaving-rate.js';
import { Pacer, type PlanSlice } from './pacer.js';
import { domainOf } from './registrar-domain.js';
import { type RegistrarAnswer, Registration } from './registration.js';
import type { RegistrationsSpec } from './registration-spec.js';

/** REGISTERs begun in one turn of the event loop. */
const STARTS_A_TURN = 256;
/** How long the answers to the last REGISTERs are waited for at the end. */
const LAST_ANSWERS_MS = 5000;

export interface RegistrationsOptions {
  srf: SrfApp;
  clock: Clock;
  /** Wakes accounts that are due; ours alone, closed by `close`. */
  queue: TimerQueue;
  spec: RegistrationsSpec;
  accounts: readonly Account[];
  /** Every `of`-th account, from account `index` on, is ours. */
  slice: PlanSlice;
  seed: number;
  onResult(result: RegistrationResult): void;
  /** Every account of ours has had a first result. */
  onTried(): void;
  /** After `stop`: nothing more is sent. */
  onEnd(): void;
  onError(error: unknown): void;
}

/** An account with what drives it. */
interface Member extends TimerTarget {
  registration: Registration;
  timer: TimerHandle | null;
  /** When the SIP server sent the first REGISTER of what is under way. */
  sentAt: string | undefined;
  tried: boolean;
  /** Its turn to be taken off came while a REGISTER was under way. */
  isLeaving: boolean;
}

/** The accounts of a run, or of one shard of it: each registers at its time, is refreshed in time, and taken off at the end. */
export class Registrations {
  private readonly members: Member[];
  private readonly byUser = new Map<string, Member[]>();
  private readonly rounds = new Set<Round>();
  private readonly ids = new IdSource();
  private untried: number;
  private busy = 0;
  private stopping = false;
  private ended = false;

  constructor(private readonly options: RegistrationsOptions) {
    const { accounts, slice } = options;
    this.members = [];
    for (let i = slice.index; i < accounts.length; i += slice.of) {
      const member = this.member(accounts[i], i);
      const { user } = accounts[i];
      const namesakes = this.byUser.get(user);
      if (namesakes) namesakes.push(member);
      else this.byUser.set(user, [member]);
      this.members.push(member);
    }
    this.untried = this.members.length;
  }

  /** Whether a user is one of ours, and registered. Those of one name in several domains are one. */
  registrationOf(user: string): 'registered' | 'unregistered' | 'unknown' {
    const ours = this.byUser.get(user);
    if (ours === undefined) return 'unknown';
    return ours.some(({ registration }) => registration.isRegistered) ? 'registered' : 'unregistered';
  }

  /** Registers every account, at the rate of the profile. */
  start(): void {
    if (this.members.length === 0) this.options.onTried();
    this.round(this.members, this.options.spec.cps, (member) => this.begin(member, 'register'));
  }

  /** The calls begin, or would: times of the profile count from now. */
  calls(): void {
    const { queue, spec } = this.options;
    const { storm } = spec;
    if (storm) queue.schedule(storm.at, { onTimer: () => this.storm(storm) }, 'storm');
  }

  /** No further REGISTER but those that take accounts off, where the profile has that; then `onEnd`. */
  stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    const { queue, spec } = this.options;
    for (const round of this.rounds) round.stop();
    this.rounds.clear();
    for (const member of this.members) member.timer = queue.cancel(member.timer);
    const cps = leavingCps(spec);
    if (cps === null) {
      this.end();
      return;
    }
    this.round(
      this.members.filter(({ registration }) => registration.isRegistered || registration.isBusy),
      cps,
      (member) => {
        if (member.registration.isBusy) member.isLeaving = true;
        else if (member.registration.isRegistered) this.begin(member, 'unregister');
      },
      () => {
        queue.schedule(LAST_ANSWERS_MS, { onTimer: () => this.end() }, 'patience');
        this.endWhenQuiet();
      },
    );
  }

  close(): void {
    this.ended = true;
    this.options.queue.close();
  }

  private member(account: Account, index: number): Member {
    const { spec, seed } = this.options;
    const rng = new Rng(deriveSeed(seed, 'registration', index));
    const registration = new Registration(account, {
      uri: spec.registrar,
      domain: domainOf(spec),
      expiresMs: spec.expires,
      refresh: spec.refresh,
      unique: () => this.ids.callId(),
      draw: () => rng.uniform(),
    });
    const member: Member = {
      registration,
      timer: null,
      sentAt: undefined,
      tried: false,
      isLeaving: false,
      onTimer: () => {
        member.timer = null;
        this.begin(member, registration.isRegistered ? 'refresh' : 'register');
      },
    };
    return member;
  }

  private storm({ cps, cold }: NonNullable<RegistrationsSpec['storm']>): void {
    if (this.stopping) return;
    this.round(this.members, cps, (member) => {
      const { registration } = member;
      if (registration.isBusy) return;
      if (cold) registration.forget();
      this.begin(member, cold || !registration.isRegistered ? 'register' : 'refresh');
    });
  }

  /** Goes through those accounts, at a rate over all shards. */
  private round(
    members: readonly Member[],
    cps: number,
    start: (member: Member) => void,
    onOver = (): void => {},
  ): void {
    const { queue, clock, slice } = this.options;
    const pacer = new Pacer(evenly(members.length, cps, slice), Number.POSITIVE_INFINITY);
    const round = new Round(queue, clock, pacer, {
      start: (index) => start(members[index]),
      onOver: () => {
        this.rounds.delete(round);
        onOver();
      },
    });
    this.rounds.add(round);
    round.turn();
  }

  private begin(member: Member, kind: RegistrationKind): void {
    const { registration } = member;
    if (registration.isBusy) return;
    const { queue, clock, spec } = this.options;
    member.timer = queue.cancel(member.timer);
    member.sentAt = undefined;
    this.busy++;
    this.send(
      member,
      registration.begin(kind, clock.now()),
      registration.uri === spec.registrar ? undefined : spec.registrar,
    );
  }

  private send(member: Member, headers: Record<string, string>, proxy: string | undefined): void {
    const { srf, onError } = this.options;
    const { registration } = member;
    const failed = (error: unknown): void => {
      onError(error);
      this.answered(member, UNSENT, null);
    };
    const options = { method: 'REGISTER', headers, proxy };
    const take = guard((error: unknown, request?: SrfRequest): void => {
      if (!request) {
        failed(error);
        return;
      }
      member.sentAt ??= request.stackTime;
      const contact = request.get('contact');
      if (contact !== undefined) registration.contact = uriOf(contact);
      request.on(
        'response',
        guard((response: SrfResult) => {
          if (response.status >= 200) this.answered(member, answerOf(response), response);
        }, failed),
      );
    }, failed);
    guard(() => {
      srf.request(registration.uri, options, take);
    }, failed)();
  }

  private answered(member: Member, answer: RegistrarAnswer, response: SrfResult | null): void {
    if (this.ended) return;
    const { registration } = member;
    const { spec, clock, queue } = this.options;
    const step = registration.answer(answer, clock.now());
    if (step === null) return;
    if ('again' in step) {
      // The server that challenged is the one that knows the nonce.
      const proxy = registration.uri === spec.registrar ? undefined : spec.registrar;
      this.send(member, step.again, response ? (challengerOf(response, proxy ?? registration.uri) ?? proxy) : proxy);
      return;
    }
    this.busy--;
    const { result } = step;
    const delayMs = wireDelayMs(member.sentAt, response?.stackTime) ?? result.delayMs;
    this.options.onResult({ ...result, delayMs });
    if (!member.tried) {
      member.tried = true;
      if (--this.untried === 0) this.options.onTried();
    }
    const { dueMs } = registration;
    if (this.stopping) {
      if (member.isLeaving && registration.isRegistered) this.begin(member, 'unregister');
      member.isLeaving = false;
      this.endWhenQuiet();
    } else if (dueMs !== null) member.timer = queue.schedule(Math.max(0, dueMs - clock.now()), member, 'due');
  }

  private endWhenQuiet(): void {
    if (this.stopping && this.rounds.size === 0 && this.busy === 0) this.end();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.options.onEnd();
  }
}

/** What stands for the answer to a request that could not be sent. */
const UNSENT: RegistrarAnswer = { status: 503, missing: 'transport', get: () => undefined };

function answerOf(response: SrfResult): RegistrarAnswer {
  const { cause } = failureOf({ name: '', message: '', res: response, status: response.status });
  const missing = cause === 'timeout' || cause === 'transport' ? cause : null;
  return { status: missing === 'transport' ? 503 : response.status, missing, get: (name) => response.get(name) };
}

/** When each of so many is due, at a rate over all shards, in ms from the start. */
function* evenly(count: number, cps: number, { index, of }: PlanSlice): Generator<Arrival> {
  for (let n = 0; n < count; n++) yield { atMs: ((n * of + index) / cps) * 1000, holdMs: 0 };
}

/** Goes once through all accounts, at a rate. */
class Round implements TimerTarget {
  private timer: TimerHandle | null = null;

  constructor(
    private readonly queue: TimerQueue,
    private readonly clock: Clock,
    private readonly pacer: Pacer,
    private readonly goes: { start(index: number): void; onOver(): void },
  ) {}

  turn(): void {
    const { pacer, goes } = this;
    const more = pacer.advance(this.clock.now(), STARTS_A_TURN, (index) => {
      goes.start(index);
      return true;
    });
    if (pacer.done) goes.onOver();
    else this.timer = this.queue.schedule(more ? 0 : pacer.untilNextMs()!, this, 'pace');
  }

  stop(): void {
    this.timer = this.queue.cancel(this.timer);
    this.pacer.stop();
  }

  onTimer(): void {
    this.turn();
  }
}
