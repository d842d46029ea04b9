import type { Clock } from '../core/clock.js';
import type { SrfApp, SrfDialog } from '../drachtio/srf-types.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { CallCredentials } from './call-credentials.js';
import { CallScope } from './call-scope.js';
import type { Conversation } from './conversation.js';
import { sendDigits } from './digits.js';
import { renegotiate, update } from './renegotiation.js';
import { planFlow, ringsItself } from './steps/plan.js';
import { type CallEnd, FlowRun } from './steps/run.js';
import type { FlowSpec } from './steps/spec.js';
import type { CallControl, CallEvent, Change, Outcome, Side, StepDigits } from './steps/step.js';
import { Transfers } from './transfer.js';

/** A call as its list of steps sees it: what only the side that has the call can do. */
export interface FlowCall {
  side: Side;
  clock: Clock;
  conversation: Conversation;
  credentials: CallCredentials | null;
  srf: SrfApp;
  /** Of further calls, such as one to the target of a transfer: who calls, as a URI. */
  from: string;
  auth?: { username: string; password: string };
  proxy?: string;
  isUp(): boolean;
  /** Of a callee; why it cannot, `null` when it does. */
  ring?(earlyMedia: boolean): string | null;
  answer?(): string | null;
  hangUp(status: number | null): void;
  onThrow(error: unknown): void;
}

/** The list of steps of one side of a call, and what it takes of the call. */
export class CallFlow implements CallControl {
  readonly side: Side;
  private readonly run: FlowRun;
  private readonly scope: CallScope;
  private dialog: SrfDialog | null = null;
  private hasBegun = false;
  private transfers: Transfers | null = null;

  private constructor(
    private readonly flow: FlowSpec,
    private readonly call: FlowCall,
  ) {
    this.side = call.side;
    this.scope = new CallScope((error) => call.onThrow(error));
    this.run = new FlowRun(planFlow(flow), this, call.clock, (error) => call.onThrow(error));
    call.conversation.onHeard = (event) => this.tell(event);
  }

  /** `null` for a side without a list. */
  static of(flow: FlowSpec | undefined, call: FlowCall): CallFlow | null {
    return flow === undefined ? null : new CallFlow(flow, call);
  }

  /** The INVITE went out, or came in. @returns whether the list says when the call rings and is answered */
  onInvite(): boolean {
    if (!ringsItself(this.flow)) return false;
    this.begin();
    return true;
  }

  onAnswered(dialog: SrfDialog): void {
    this.dialog = dialog;
    this.tell({ kind: 'answered' });
    this.begin();
  }

  tell(event: CallEvent): void {
    this.run.tell(event);
  }

  /** Whether the far end is expected to hang up now. */
  get expectsHangup(): boolean {
    return this.run.expectsHangup;
  }

  /** The call is over. The first reason counts. */
  onEnd(end: CallEnd): void {
    this.run.callEnded(end);
    this.scope.clearTimers();
    this.transfers?.end();
  }

  /** Puts into the record how far the list came; nothing where it never began. */
  report(record: CallRecord): void {
    this.onEnd({ by: 'us' });
    if (this.hasBegun) record.flow = this.run.record;
  }

  ring(earlyMedia: boolean): string | null {
    return this.call.ring?.(earlyMedia) ?? null;
  }

  answer(): string | null {
    return this.call.answer?.() ?? null;
  }

  hangUp(status: number | null): void {
    this.call.hangUp(status);
  }

  sendDigits(digits: StepDigits, sound: string): Promise<string> {
    const { conversation, credentials, clock } = this.call;
    const isUp = (): boolean => this.call.isUp();
    return sendDigits(
      { dialog: this.dialog!, conversation, scope: this.scope, credentials, clock, isUp },
      digits,
      sound,
    );
  }

  async say(sound: string): Promise<'whole' | 'cut' | 'unsaid'> {
    const said = await this.call.conversation.say(sound);
    return said === null ? 'unsaid' : said.whole ? 'whole' : 'cut';
  }

  play(sound: string | null): void {
    this.call.conversation.play(sound);
  }

  reinvite(change: Change): Promise<Outcome> {
    const { conversation, credentials } = this.call;
    return outcomeOf(renegotiate(this.dialog!, conversation, change, credentials));
  }

  update(): Promise<Outcome> {
    return outcomeOf(update(this.dialog!, this.call.credentials));
  }

  refer(target: string, isAttended: boolean): Promise<Outcome> {
    const { srf, credentials, from, auth, proxy, conversation } = this.call;
    this.transfers ??= new Transfers(this.dialog!, {
      srf,
      credentials,
      from,
      auth,
      proxy,
      silentOffer: () => conversation.silentOffer(),
      guarded: (callback) => this.scope.guarded(callback),
    });
    return this.transfers.refer(target, isAttended);
  }

  private begin(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.run.start();
  }
}

/** A request that srf could not send has no final response. */
async function outcomeOf(
  response: Promise<{ status: number; reason: string; mismatch?: string | null }>,
): Promise<Outcome> {
  try {
    const { status, reason, mismatch } = await response;
    return { status, reason, mismatch: mismatch ?? null };
  } catch (error) {
    return { status: null, reason: error instanceof Error ? error.message : String(error), mismatch: null };
  }
}
