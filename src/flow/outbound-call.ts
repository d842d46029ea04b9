import type { Clock } from '../core/clock.js';
import type {
  SrfApp,
  SrfCallError,
  SrfDialog,
  SrfRequest,
  SrfResult,
  SrfUnacknowledged,
} from '../drachtio/srf-types.js';
import type { Lease } from '../media/link/messages.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Answer } from '../metrics/live-setup.js';
import type { Mismatch } from '../sdp/negotiation.js';
import { refusal } from '../sdp/refusal.js';
import type { DepartureBook } from '../sip/departure-book.js';
import { Attendance } from './attendance.js';
import { hadLostCall, sendBye } from './bye.js';
import { CallCredentials, challengerOf, explained, type KnownChallenges } from './call-credentials.js';
import { CallFlow } from './call-flow.js';
import { newRecord } from './call-record.js';
import { CallScope } from './call-scope.js';
import { recordBytesOf } from './chosen.js';
import { Conversation, type ConversationSetup } from './conversation.js';
import { exchangeDigits } from './digits.js';
import { type Failure, failureOf } from './final-response.js';
import type { OutboundPlan } from './outbound-plan.js';
import { type InviteUser, placeInvite } from './placing.js';
import type { Population } from './population.js';
import { followRenegotiation, holdForAWhile } from './renegotiation.js';
import type { CallSpec } from './spec.js';
import type { CallEnd } from './steps/run.js';
import { Tries } from './tries.js';
import { wireAgeMs, wireDelayMs } from './wire-time.js';

/** After our CANCEL the far end has 64·T1 to answer the INVITE (RFC 3261 9.1); when the run is stopped, less. */
const CANCEL_PATIENCE_MS = 32_000;
const STOP_PATIENCE_MS = 3000;

export interface OutboundContext extends ConversationSetup {
  srf: SrfApp;
  clock: Clock;
  population: Population;
  /** Has the first INVITE of each call leave when the call is due; `null` where it leaves at once. */
  departures: DepartureBook | null;
  calls: CallSpec;
  /** What calls learned of servers' challenges, where they share it. */
  challenges?: KnownChallenges;
  /** A call was answered; its record comes when it has ended. */
  onAnswer(answer: Answer): void;
  /** A callback threw: the call fails, the run goes on. */
  onError(error: unknown): void;
}

type Phase = 'inviting' | 'established' | 'ending' | 'done';

/**
 * One attempt of a caller, from INVITE to BYE: ring, answer, audio, digits, hold, hang up.
 *
 * | phase       | event                  | what follows                                   |
 * |-------------|------------------------|------------------------------------------------|
 * | inviting    | 2xx                    | established: audio, digits, hold timer         |
 * | inviting    | other final, silence   | the next target, where there is one            |
 * | inviting    | other final            | done: failed, or cancelled when we asked for it |
 * | inviting    | give-up time, stop     | CANCEL, then as above                          |
 * | established | hold time over, stop   | ending: BYE                                    |
 * | established | nothing agreed on      | ending: BYE, dropped                           |
 * | established | BYE received           | done: dropped                                  |
 * | ending      | final response to BYE  | done: completed, dropped (408, 481) or stillUp |
 */
export class OutboundCall {
  readonly record: CallRecord;
  private readonly conversation: Conversation;
  /** When its first INVITE was handed to the transport; until then when that is due, or when the call was made. */
  private startedMs: number;
  private phase: Phase = 'inviting';
  private readonly attendance: Attendance;
  private cancelling = false;
  /** A reliable provisional response brought an answer of use. */
  private isAgreed = false;
  private request: SrfRequest | null = null;
  private isOut = false;
  private inviteTime: string | undefined;
  private dialog: SrfDialog | null = null;
  private readonly credentials: CallCredentials | null;
  private readonly flow: CallFlow | null;
  private readonly tries: Tries;
  private readonly scope = new CallScope((error) => this.abandon(error));
  private readonly inviteUser: InviteUser = {
    onRequest: (request) => this.onRequest(request),
    onProvisional: (response) => this.onProvisional(response),
    onFailure: (error) => this.onFailure(error),
    onOffer: (answered) => this.onOffer(answered),
    onAnswer: (dialog) => this.onAnswer(dialog),
  };

  constructor(
    private readonly context: OutboundContext,
    private readonly plan: OutboundPlan,
    lease: Lease,
    private readonly onDone: (record: CallRecord) => void,
  ) {
    const { clock, population } = context;
    this.startedMs = Math.max(clock.now(), plan.dueMs);
    const { id, from, to, trunk, dueMs } = plan;
    this.record = newRecord({ id, direction: 'outbound', from, to, trunk, dueMs, startedMs: this.startedMs });
    this.tries = new Tries(this.record, clock, plan, plan.route);
    this.attendance = new Attendance(population);
    const { account } = plan;
    const credentials = account?.credentials ?? context.calls.credentials;
    this.credentials = credentials ? new CallCredentials(credentials, account ? undefined : context.challenges) : null;
    this.conversation = new Conversation(context, plan.id, lease, `call-${plan.id}`, {
      recordBytes: recordBytesOf(context.mediaSpec, plan.id),
    });
    this.flow = CallFlow.of(context.calls.flow, {
      side: 'caller',
      clock,
      conversation: this.conversation,
      credentials: this.credentials,
      srf: context.srf,
      from: `sip:${plan.from}@localhost`,
      auth: credentials,
      proxy: context.calls.proxy,
      isUp: () => this.phase === 'established',
      hangUp: () => (this.phase === 'inviting' ? this.cancel(CANCEL_PATIENCE_MS) : this.hangUp('completed')),
      onThrow: (error) => this.abandon(error),
    });
  }

  start(): void {
    this.scope.guarded(() => this.invite())();
  }

  private invite(): void {
    this.record.timings.inviteMs = this.startedMs;
    const unanswered: CallEnd = { by: 'time', reason: 'not answered within `giveUpAfter`' };
    const { holdMs, isHeldSinceInvite } = this.plan;
    const patienceMs = isHeldSinceInvite ? holdMs : this.context.calls.giveUpAfter;
    const untilDueMs = Math.max(0, this.startedMs - this.context.clock.now());
    this.scope.after(untilDueMs + patienceMs, () => this.cancel(CANCEL_PATIENCE_MS, unanswered));
    this.flow?.onInvite();
    this.tryPresent(untilDueMs > 0 ? this.bookDeparture() : {});
  }

  /** The header by which the server knows when the INVITE is to leave. */
  private bookDeparture(): Record<string, string> {
    const { departures } = this.context;
    return departures ? { 'Call-ID': departures.book(this.plan.dueMs) } : {};
  }

  private tryPresent(headers: Record<string, string> = {}): void {
    this.tries.watch(this.scope, (failure) => this.onSilence(failure));
    this.send({ ...headers, ...this.credentials?.headers('INVITE', this.tries.uri) }, this.proxy);
  }

  /** The next hop of the present try, where its URI does not decide it. */
  private get proxy(): string | undefined {
    return this.context.calls.proxy ?? this.tries.proxy;
  }

  /** Sends the INVITE; with further headers once it was challenged. */
  private send(headers: Record<string, string>, proxy: string | undefined): void {
    const { plan, scope, tries } = this;
    const From = `<sip:${plan.from}@${plan.account?.domain ?? 'localhost'}>`;
    const Contact = `<sip:${plan.from}@localhost>`;
    placeInvite(
      { srf: this.context.srf, scope, tries, call: plan.id },
      { ...this.offering(), headers: { From, Contact, ...plan.headers, ...headers }, proxy },
      this.inviteUser,
    );
  }

  /** Ends the call because the run ends: CANCEL or BYE. */
  stop(): void {
    if (this.phase === 'inviting') this.cancel(STOP_PATIENCE_MS);
    else if (this.phase === 'established') this.hangUp('stillUp');
    if (this.phase === 'ending') this.scope.after(STOP_PATIENCE_MS, () => this.finish());
  }

  private onRequest(request: SrfRequest | undefined): void {
    if (!request || this.phase !== 'inviting') return;
    this.request = request;
    if (!this.isOut) this.noteStart(request);
    const callId = request.get('call-id');
    if (callId && !this.record.sipCallIds.includes(callId)) this.record.sipCallIds.push(callId);
    if (this.cancelling) request.cancel(() => {});
  }

  /** The server has sent the first INVITE, and tells so now. Where its clock is not ours, it was after the call was made all the same. */
  private noteStart({ stackTime }: SrfRequest): void {
    this.isOut = true;
    this.inviteTime = stackTime;
    const now = this.context.clock.now();
    this.startedMs = Math.max(this.startedMs, now - (wireAgeMs(stackTime, now) ?? 0));
    this.tries.left(this.startedMs);
    this.record.startedMs = this.startedMs;
    this.record.timings.inviteMs = this.startedMs;
    this.record.inProgressAtInvite = this.context.population.inProgress;
  }

  private onProvisional(response: SrfResult): void {
    if (this.phase !== 'inviting' || response.status <= 100) return;
    const { timings } = this.record;
    const now = this.timeOf(response);
    this.tries.heard = true;
    timings.provisionalMs ??= now;
    if (response.status === 180 || response.status === 183) timings.ringingMs ??= now;
    this.attendance.enterProgress();
    // Early media; an answer of no use may still be followed by another one.
    const isEarly = response.body && !this.context.calls.lateOffer;
    if (isEarly && this.conversation.takeAnswer(response.body, false) === null) {
      this.isAgreed ||= response.has('rseq');
      this.flow?.tell({ kind: 'early-media' });
    } else if (response.status === 180 || response.status === 183) this.flow?.tell({ kind: 'ringing' });
  }

  /** Without an offer of ours the far end makes one in its 200, and our answer goes out with the ACK (RFC 3261 13.2.1). */
  private offering(): { localSdp?: string; noAck?: boolean } {
    return this.context.calls.lateOffer ? { noAck: true } : { localSdp: this.conversation.offer() };
  }

  private onOffer(answered: SrfUnacknowledged): void {
    const answer = this.conversation.answer(answered.sdp);
    answered.ack(answer ?? refusal(this.plan.id + 1)).then(
      this.scope.guarded((dialog: SrfDialog) => this.onAnswer(dialog, answer === null ? null : 'agreed')),
      this.scope.guarded((error: SrfCallError) => this.onFailure(error)),
    );
  }

  /** @param offered what came of the far end's offer, where ours was not the first */
  private onAnswer(dialog: SrfDialog, offered?: 'agreed' | null): void {
    const { record, context } = this;
    record.timings.finalMs = this.timeOf(dialog.res);
    this.tries.answered(dialog.res);
    this.credentials?.learn(dialog.res);
    record.status = dialog.res.status;
    record.reason = dialog.res.reason ?? null;
    record.inProgressAtFinal = this.attendance.others;
    this.dialog = dialog;
    if (!record.sipCallIds.includes(dialog.sip.callId)) record.sipCallIds.push(dialog.sip.callId);
    this.attendance.enterProgress();
    this.scope.clearTimers();
    if (this.cancelling) {
      // The answer crossed our CANCEL: the call is ended at once and stays a cancelled one. The embedded server does
      // that by itself and says 487; a drachtio-server hands the answer over, and may send the BYE before we do.
      this.phase = 'ending';
      record.status = 487;
      record.reason = `${dialog.res.status} after CANCEL`;
      record.outcome = 'cancelled';
      record.cause = 'cancelled';
      this.attendance.leave();
      this.sayBye();
      return;
    }
    this.phase = 'established';
    const { inviteMs, provisionalMs, finalMs } = record.timings;
    record.answeredMs = finalMs;
    this.attendance.enterEstablished();
    context.onAnswer({
      status: dialog.res.status,
      srdMs: (provisionalMs ?? finalMs) - inviteMs!,
      setupMs: finalMs - inviteMs!,
      trunk: record.trunk,
    });
    dialog.on(
      'destroy',
      this.scope.guarded((bye: { stackTime?: string }) => this.onRemoteBye(bye)),
    );
    const { conversation, credentials, scope } = this;
    followRenegotiation({
      dialog,
      conversation,
      awaitsAnswer: false,
      guarded: (callback) => scope.guarded(callback),
      onMismatch: () => {},
    });
    const mismatch = this.reachAgreement(dialog, offered);
    if (mismatch !== null) {
      this.hangUpDisagreeing(mismatch);
      return;
    }
    const { dtmf, putOnHold: pause } = context.calls;
    const isUp = (): boolean => this.phase === 'established';
    exchangeDigits({ dialog, conversation, scope, credentials, clock: context.clock, isUp }, dtmf);
    if (pause) holdForAWhile(pause, { dialog, conversation, credentials, scope, isUp });
    const heldFromMs = this.plan.isHeldSinceInvite ? this.startedMs : finalMs;
    // Never longer than `hold`, should the server's clock have been set meanwhile.
    const passedMs = Math.max(0, context.clock.now() - heldFromMs);
    const leftMs = Math.max(0, this.plan.holdMs - passedMs);
    scope.after(leftMs, () => this.hangUp('completed', { by: 'time', reason: '`hold` was over' }));
    this.flow?.onAnswered(dialog);
  }

  private onFailure(error: SrfCallError): void {
    if (this.phase !== 'inviting') return;
    if (error.res && !this.cancelling && this.answerChallenge(error.res)) return;
    this.endTry(explained(failureOf(error), this.credentials), error.res);
  }

  /** The target says nothing: its try is given up, whatever still comes of it. */
  private onSilence(failure: Failure): void {
    if (this.phase !== 'inviting' || this.cancelling) return;
    this.request?.cancel(() => {});
    this.endTry(failure);
  }

  /** A target did not take the call: the next one is tried, or the attempt has failed. */
  private endTry(failure: Failure, response?: SrfResult): void {
    const { record, tries } = this;
    const finalMs = response ? this.timeOf(response) : this.nowMs;
    if (tries.failed(failure, response, finalMs, !this.cancelling)) {
      this.request = null;
      this.isAgreed = false;
      this.tryPresent();
      return;
    }
    this.flow?.onEnd({ by: 'far-end', reason: `${failure.status} ${failure.reason}` });
    record.timings.finalMs = finalMs;
    record.inProgressAtFinal = this.attendance.others;
    Object.assign(record, failure);
    record.outcome = this.cancelling ? 'cancelled' : 'failed';
    if (this.cancelling) record.cause = 'cancelled';
    this.attendance.leave();
    this.finish();
  }

  /** Sends the INVITE again with credentials: the same call, the next sequence number (RFC 3261 22.2). */
  private answerChallenge(response: SrfResult): boolean {
    const { request, credentials } = this;
    if (!request || !credentials?.learn(response)) return false;
    const headers = {
      From: request.get('From')!,
      'Call-ID': request.get('Call-ID')!,
      CSeq: `${request.getParsedHeader('cseq').seq + 1} INVITE`,
      ...credentials.headers('INVITE', this.tries.uri),
    };
    this.send(headers, challengerOf(response, this.proxy ?? this.tries.uri) ?? this.proxy);
    return true;
  }

  private onRemoteBye(bye: { stackTime?: string }): void {
    if (this.phase !== 'established') return;
    const { record } = this;
    record.timings.byeMs = this.timeOf(bye);
    const isExpected = this.flow?.expectsHangup === true;
    this.flow?.onEnd({ by: 'far-end', reason: 'the far end hung up' });
    record.outcome = isExpected ? 'completed' : 'dropped';
    record.cause = isExpected ? null : 'dropped';
    record.hangupBy = 'remote';
    this.attendance.leave();
    this.finish();
  }

  private hangUp(outcome: 'completed' | 'stillUp' | 'dropped', end: CallEnd = { by: 'us' }): void {
    if (this.phase !== 'established') return;
    this.phase = 'ending';
    this.record.outcome = outcome;
    this.record.hangupBy = 'local';
    this.attendance.leave();
    this.scope.clearTimers();
    this.flow?.onEnd(end);
    this.sayBye();
  }

  private sayBye(): void {
    const { srf, clock } = this.context;
    const { dialog, conversation, scope, record, credentials } = this;
    sendBye({ srf, clock, dialog: dialog!, conversation, scope, record, credentials }, (response) => {
      if (hadLostCall(response) && record.outcome === 'completed')
        Object.assign(record, { outcome: 'dropped', cause: 'dropped' } satisfies Partial<CallRecord>);
      this.finish();
    });
  }

  private cancel(patienceMs: number, end: CallEnd = { by: 'us' }): void {
    if (this.phase !== 'inviting') return;
    this.flow?.onEnd(end);
    this.scope.clearTimers();
    if (!this.cancelling) this.request?.cancel(() => {});
    this.cancelling = true;
    this.scope.after(patienceMs, () => {
      this.record.outcome = 'cancelled';
      this.record.cause = 'cancelled';
      this.attendance.leave();
      this.finish();
    });
  }

  /** The far end answered with nothing that we offered: the answer is acknowledged, and the call ended. */
  private hangUpDisagreeing({ cause, reason }: Mismatch): void {
    this.hangUp('dropped', { by: 'far-end', reason });
    this.record.cause = cause;
    this.record.reason = reason;
  }

  /** Talks by what was agreed on; why not, when nothing was. */
  private reachAgreement(dialog: SrfDialog, offered: 'agreed' | null | undefined): Mismatch | null {
    // After an answer that was reliable the 2xx may have none (RFC 3261 13.2.1, RFC 3262 5).
    const isSaid = offered === undefined && !(this.isAgreed && dialog.remote.sdp === '');
    if (isSaid) return this.conversation.takeAnswer(dialog.remote.sdp, true);
    if (offered === null) return this.conversation.mismatch;
    this.conversation.talk(true);
    return null;
  }

  private finish(): void {
    if (this.phase === 'done') return;
    this.phase = 'done';
    this.scope.clearTimers();
    const { record } = this;
    record.endedMs = this.nowMs;
    this.flow?.report(record);
    this.tries.conclude(record, record.timings.finalMs);
    // What the server still says of an INVITE without a final response is of no call any more.
    this.tries.leave();
    void this.conversation.report(record).then(() => this.onDone(record));
  }

  /** When the server saw a message of this call, on the run's clock. */
  private timeOf(message: { stackTime?: string }): number {
    const delay = wireDelayMs(this.inviteTime, message.stackTime);
    return delay === null ? this.nowMs : this.startedMs + delay;
  }

  /** Not before its start: it may fail while its INVITE waits for its time. */
  private get nowMs(): number {
    return Math.max(this.startedMs, this.context.clock.now());
  }

  private abandon(error: unknown): void {
    this.context.onError(error);
    if (this.phase === 'done') return;
    this.attendance.leave();
    if (this.record.answeredMs === null) this.record.outcome = 'failed';
    else if (this.record.outcome === 'failed') this.record.outcome = 'dropped';
    this.record.cause = 'internal';
    this.record.reason = error instanceof Error ? error.message : String(error);
    this.finish();
  }
}
