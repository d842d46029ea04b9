import type { Clock } from '../core/clock.js';
import type { SrfApp, SrfDialog, SrfRequest, SrfResponder } from '../drachtio/srf-types.js';
import type { Lease } from '../media/link/messages.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Mismatch } from '../sdp/negotiation.js';
import type { Replaces } from '../sip/replaces.js';
import { greetAsMachine } from './answering-machine.js';
import { sendBye } from './bye.js';
import { CallFlow } from './call-flow.js';
import { newRecord } from './call-record.js';
import { CallScope } from './call-scope.js';
import { Conversation, type ConversationSetup } from './conversation.js';
import { exchangeDigits } from './digits.js';
import type { MachineSpec } from './machine-spec.js';
import type { Population } from './population.js';
import { followRenegotiation } from './renegotiation.js';
import { transferTaker } from './take-transfer.js';
import type { TransfersSpec } from './transfers-spec.js';

const STOP_PATIENCE_MS = 3000;

export interface InboundContext extends ConversationSetup {
  srf: SrfApp;
  clock: Clock;
  population: Population;
  onError(error: unknown): void;
}

/** How one call is taken. */
export interface InboundPlan {
  id: number;
  /** What was dealt to the call: `answered`, `machine`, or why it is not answered. */
  dealt: string;
  ringAfterMs: number;
  answerAfterMs: number;
  /** Rings with 183 and a description, and plays at once (RFC 3960 3.2). */
  earlyMedia: boolean;
  /** Answers with a codec that was not offered. */
  wrongCodec: boolean;
  /** What is sent: a source's name, or `none` for no RTP at all. */
  audio: string | undefined;
  hearDigits: boolean;
  /** What it is turned away with; `null` for a call that is answered. */
  refusal: InboundRefusal | null;
  /** Says a greeting and a beep as an answering machine. */
  machine: Pick<MachineSpec, 'after' | 'pause'> | null;
  /** Ends the call so long after the answer. */
  dropAfterMs: number | null;
  /** For the record. */
  fault: string | null;
  /** What becomes of the far end's REFERs; declined without it. */
  transfers?: TransfersSpec;
  /** The call that this one takes the place of (RFC 3891), if any. */
  replaced?: InboundCall;
}

/** How a call is turned away that was taken. */
export interface InboundRefusal {
  status: number;
  /** Q.850. */
  cause: number;
  /** Whether it rings before. */
  rings: boolean;
  /** From the ringing, or from the INVITE and `ringAfterMs` where it does not ring; `null`: rings until it is cancelled. */
  afterMs: number | null;
}

/** Who calls whom, and from where. */
export function partiesOf(request: SrfRequest): Pick<CallRecord, 'from' | 'to' | 'trunk'> {
  return {
    from: request.callingNumber ?? '',
    to: request.calledNumber ?? '',
    trunk: `${request.source_address}:${request.source_port}`,
  };
}

/** The record of a call that has just come. */
export function inboundRecord(id: number, request: SrfRequest, now: number): CallRecord {
  const record = newRecord({
    id,
    direction: 'inbound',
    ...partiesOf(request),
    dueMs: now,
    startedMs: now,
  });
  record.timings.inviteMs = now;
  const callId = request.get('call-id');
  if (callId) record.sipCallIds.push(callId);
  return record;
}

type Phase = 'ringing' | 'established' | 'ending' | 'done';

/** One call that is taken: ring, answer, audio, until either side hangs up. */
export class InboundCall {
  readonly record: CallRecord;
  private readonly conversation: Conversation;
  private phase: Phase = 'ringing';
  private dialog: SrfDialog | null = null;
  /** The answer that went out with 183; the 200 repeats it. */
  private early: string | null = null;
  private readonly scope = new CallScope((error) => this.abandon(error));
  /** `null` without a list of steps. */
  private readonly flow: CallFlow | null;

  constructor(
    private readonly context: InboundContext,
    private readonly plan: InboundPlan,
    private readonly request: SrfRequest,
    private readonly response: SrfResponder,
    lease: Lease,
    /** The call has given its channel back: the BYE was sent or received, or it was never answered. */
    private readonly onReleased: () => void,
    private readonly onDone: (record: CallRecord) => void,
  ) {
    this.record = inboundRecord(plan.id, request, context.clock.now());
    this.record.fault = plan.fault;
    this.record.dealt = plan.dealt;
    this.conversation = new Conversation(context, plan.id, lease, `callee-${plan.id}`, {
      audio: plan.audio,
      hearDigits: plan.hearDigits,
      // Whoever waits for the beep says nothing.
      expectAudio: plan.machine && context.overhears ? false : undefined,
    });
    context.population.enterProgress();
    // Neither a machine nor who turns a call away follows it.
    const steps = plan.refusal === null && plan.machine === null ? context.conversation.flow : undefined;
    this.flow = CallFlow.of(steps, {
      side: 'callee',
      clock: context.clock,
      conversation: this.conversation,
      credentials: null,
      srf: context.srf,
      from: `sip:${this.record.to}@localhost`,
      isUp: () => this.phase === 'established',
      ring: (earlyMedia) => this.ring(earlyMedia),
      answer: () => this.answer(),
      hangUp: (status) => (this.phase === 'ringing' ? this.reject(status ?? 480, 'local') : this.hangUp('completed')),
      onThrow: (error) => this.abandon(error),
    });
  }

  start(): void {
    this.request.on(
      'cancel',
      this.scope.guarded(() => this.onCancel()),
    );
    if (this.flow?.onInvite()) return;
    const { ringAfterMs, answerAfterMs, refusal } = this.plan;
    const ring = this.scope.guarded(() => {
      if (this.phase === 'ringing') this.ring(this.plan.earlyMedia);
    });
    if (refusal?.rings === false) {
      this.scope.after(ringAfterMs + (refusal.afterMs ?? 0), () => this.turnAway(refusal));
      return;
    }
    if (ringAfterMs <= 0) ring();
    else this.scope.after(ringAfterMs, ring);
    if (refusal === null) this.scope.after(ringAfterMs + answerAfterMs, () => this.answer());
    else if (refusal.afterMs !== null) this.scope.after(ringAfterMs + refusal.afterMs, () => this.turnAway(refusal));
  }

  private turnAway({ status, cause }: InboundRefusal): void {
    if (this.phase !== 'ringing') return;
    this.record.q850 = cause;
    this.response.send(status, { headers: { Reason: `Q.850;cause=${cause}` } });
    this.reject(status, 'local');
  }

  /** @returns why it cannot, `null` when it rings; without an offer it rings by 180 in any case */
  private ring(earlyMedia: boolean): string | null {
    const { plan, request, response, conversation } = this;
    if (earlyMedia && request.body !== '') {
      this.early = conversation.answer(request.body, plan.wrongCodec);
      if (this.early === null) return this.refuseOffer();
    }
    this.record.timings.ringingMs ??= this.context.clock.now();
    if (!earlyMedia || this.early === null) {
      response.send(180);
      return null;
    }
    response.send(183, { body: this.early });
    conversation.talk(false);
    return null;
  }

  /** Whether a Replaces header means this call: it is answered, and the tags are as this side has them (RFC 3891 3). */
  isMeantBy({ callId, toTag, fromTag }: Replaces): boolean {
    const { dialog } = this;
    if (this.phase !== 'established' || dialog === null) return false;
    const { sip } = dialog;
    return sip.callId === callId && sip.localTag === toTag && sip.remoteTag === fromTag;
  }

  /** Another call has taken the place of this one. Whoever waits for the far end to hang up has waited for that. */
  private giveWay(): void {
    if (this.phase !== 'established') return;
    this.flow?.onEnd({ by: 'far-end', reason: 'another call took the place of this one' });
    this.hangUp('completed');
  }

  /** Ends the call because the run ends. */
  stop(): void {
    if (this.phase === 'ringing') this.reject(480, 'local');
    else if (this.phase === 'established') this.hangUp('stillUp');
    if (this.phase === 'ending') this.scope.after(STOP_PATIENCE_MS, () => this.finish());
  }

  /** The trunk was restarted and knows nothing of the call any more: nobody is told, and no RTP is sent. `false` after its end. */
  forget(): boolean {
    const { phase, record, dialog, context } = this;
    if (phase === 'done') return false;
    this.flow?.onEnd({ by: 'us' });
    this.conversation.hush();
    if (phase !== 'ending') {
      record.outcome = phase === 'established' ? 'dropped' : 'failed';
      record.cause = 'dropped';
      record.reason = 'the trunk was restarted';
      if (phase === 'established') context.population.leaveEstablished();
      this.leaveProgress();
    }
    if (dialog) {
      context.srf.removeDialog(dialog);
      dialog.removeAllListeners();
    }
    this.finish();
    return true;
  }

  /** @returns why it cannot, `null` when the 200 is on its way */
  private answer(): string | null {
    if (this.phase !== 'ringing') return null;
    const { context, plan, record, request } = this;
    // Without an offer ours goes out with the 200, and the answer to it comes with the ACK (RFC 3261 13.2.1).
    const isOurOffer = request.body === '';
    const answer = isOurOffer ? null : (this.early ?? this.conversation.answer(request.body, plan.wrongCodec));
    if (!isOurOffer && answer === null) return this.refuseOffer();
    context.srf.createUAS(
      request,
      this.response,
      { localSdp: answer ?? this.conversation.offer() },
      this.scope.guarded((error: unknown, dialog?: SrfDialog) => {
        if (!dialog || error) {
          this.onCancel();
          return;
        }
        this.dialog = dialog;
        if (this.phase !== 'ringing') return;
        this.phase = 'established';
        record.timings.finalMs = context.clock.now();
        record.answeredMs = record.timings.finalMs;
        record.status = 200;
        context.population.enterEstablished();
        plan.replaced?.giveWay();
        dialog.on(
          'destroy',
          this.scope.guarded((bye: SrfRequest) => this.onBye(bye)),
        );
        // Of a re-INVITE later, too.
        dialog.on('ack', () => {
          record.timings.ackMs ??= context.clock.now();
        });
        const { conversation, scope } = this;
        const { dtmf } = context.conversation;
        const isUp = (): boolean => this.phase === 'established';
        followRenegotiation({
          dialog,
          conversation,
          awaitsAnswer: isOurOffer,
          guarded: (callback) => scope.guarded(callback),
          onMismatch: (mismatch) => this.hangUpDisagreeing(mismatch),
          onRefer: plan.transfers && transferTaker(plan.transfers, { dialog, scope, isUp }),
        });
        exchangeDigits({ dialog, conversation, scope, credentials: null, clock: context.clock, isUp }, dtmf);
        if (plan.machine) this.greet(plan.machine);
        if (plan.dropAfterMs !== null) this.scope.after(plan.dropAfterMs, () => this.hangUp('completed'));
        this.conversation.talk(true);
        this.flow?.onAnswered(dialog);
      }),
    );
    return null;
  }

  private greet(machine: NonNullable<InboundPlan['machine']>): void {
    const { record, context, conversation, scope } = this;
    const said: NonNullable<CallRecord['machine']> = { greetingMs: null, beepEndMs: null };
    record.machine = said;
    greetAsMachine(machine, scope, (sound) => conversation.say(sound), {
      onGreeting: () => {
        said.greetingMs = context.clock.now();
      },
      onBeep: (endMs) => {
        said.beepEndMs = endMs;
      },
    });
  }

  private hangUpDisagreeing({ cause, reason }: Mismatch): void {
    this.flow?.onEnd({ by: 'far-end', reason });
    this.hangUp('dropped');
    this.record.cause = cause;
    this.record.reason = reason;
  }

  /** There is nothing in the offer that we speak. */
  private refuseOffer(): string {
    const reason = this.conversation.mismatch?.reason ?? 'no usable offer';
    this.flow?.onEnd({ by: 'far-end', reason });
    this.record.reason = reason;
    this.reject(488, 'local');
    return reason;
  }

  private reject(status: number, hangupBy: 'local' | 'remote'): void {
    const { record } = this;
    record.status = status;
    record.outcome = hangupBy === 'local' ? 'failed' : 'cancelled';
    record.cause = hangupBy === 'local' ? 'status' : 'cancelled';
    record.timings.finalMs = this.context.clock.now();
    if (hangupBy === 'local' && !this.response.finalResponseSent) this.response.send(status);
    this.leaveProgress();
    this.finish();
  }

  /** The server answers a CANCEL and its INVITE by itself (487). */
  private onCancel(): void {
    if (this.phase !== 'ringing') return;
    this.flow?.onEnd({ by: 'far-end', reason: 'the far end cancelled' });
    this.reject(487, 'remote');
  }

  /** The far end hung up, or the server did because nobody acknowledged our 200 (RFC 3261 13.3.1.4). */
  private onBye(bye: SrfRequest): void {
    if (this.phase !== 'established') return;
    const { record, context } = this;
    const isUnacknowledged = bye.get('reason')?.includes('ACK timeout') === true;
    const reason = isUnacknowledged ? 'the far end never acknowledged the 200' : 'the far end hung up';
    this.flow?.onEnd({ by: 'far-end', reason });
    record.timings.byeMs = context.clock.now();
    record.outcome = isUnacknowledged ? 'dropped' : 'completed';
    record.hangupBy = isUnacknowledged ? 'local' : 'remote';
    if (isUnacknowledged) {
      record.cause = 'timeout';
      record.reason = reason;
    }
    context.population.leaveEstablished();
    this.leaveProgress();
    this.finish();
  }

  private hangUp(outcome: 'completed' | 'stillUp' | 'dropped'): void {
    if (this.phase !== 'established') return;
    this.phase = 'ending';
    const { record, context } = this;
    const dialog = this.dialog!;
    record.outcome = outcome;
    record.hangupBy = 'local';
    context.population.leaveEstablished();
    this.leaveProgress();
    this.scope.clearTimers();
    this.flow?.onEnd({ by: 'us' });
    const { srf, clock } = context;
    const { conversation, scope } = this;
    sendBye({ srf, clock, dialog, conversation, scope, record, credentials: null }, () => this.finish());
  }

  private finish(): void {
    if (this.phase === 'done') return;
    this.phase = 'done';
    this.scope.clearTimers();
    this.record.endedMs = this.context.clock.now();
    this.flow?.report(this.record);
    void this.conversation.report(this.record).then(() => this.onDone(this.record));
  }

  private leaveProgress(): void {
    this.context.population.leaveProgress();
    this.onReleased();
  }

  private abandon(error: unknown): void {
    this.context.onError(error);
    if (this.phase === 'done') return;
    if (this.phase === 'established') this.context.population.leaveEstablished();
    if (this.phase !== 'ending') this.leaveProgress();
    this.record.cause = 'internal';
    this.record.reason = error instanceof Error ? error.message : String(error);
    this.finish();
  }
}
