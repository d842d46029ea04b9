import type { CallAtAccount } from '../metrics/account-calls.js';
import type { CallRecord } from '../metrics/call-record.js';
import { joinMedia } from '../metrics/join.js';
import { ProbeJoin, rateByProbe } from '../metrics/join-probes.js';

/** How long the caller's record waits for that of our own trunk. */
const PATIENCE_MS = 3000;
/** How long what our own far end told waits for the caller's record. */
const CALLEE_PATIENCE_MS = 6000;
/** An account may refuse a call at once, and its proxy look for somebody else until the caller's Timer B (32 s) is over. */
const ACCOUNT_PATIENCE_MS = 40_000;

/** Whether the caller sends its RTP elsewhere than to the callee's port. */
function isElsewhere({ media }: CallRecord, callee: CallRecord | null): boolean {
  return media?.remotePort !== callee?.media?.localPort;
}

/** Whether a call at an account has the numbers of a caller's, and came while that was not over. */
function isTwin(
  { from, to, timings, endedMs }: CallRecord,
  callee: Pick<CallAtAccount, 'from' | 'to' | 'inviteMs'>,
): boolean {
  const isWithin = callee.inviteMs >= timings.inviteMs! && (endedMs === null || callee.inviteMs <= endedMs);
  return callee.from === from && callee.to === to && isWithin;
}

/** Brings the caller's record of each call and that of our own far end together, by Call-ID. */
export class JoinBuffer {
  private readonly callers = new Map<string, { record: CallRecord; sinceMs: number }>();
  private readonly callees = new Map<string, { record: CallRecord; sinceMs: number }>();
  /** Calls at accounts that have not ended there: a BYE that never comes leaves one up until the run ends. */
  private readonly arrivals = new Map<string, CallAtAccount>();
  private readonly probes = new ProbeJoin();

  /**
   * @param ownTrunk whether the far end reports what it heard
   * @param tells of which calls the far end has something to tell: those that were answered, that rang, or that came to it at all
   */
  constructor(
    private readonly ownTrunk: boolean,
    private readonly emit: (record: CallRecord, fault: string | null) => void,
    private readonly tells: 'answered' | 'rang' | 'came' = 'answered',
  ) {}

  addCaller(record: CallRecord, nowMs: number): void {
    const callId = record.sipCallIds.at(-1);
    // Of a call that was not answered the trunk can tell its trace and its list of steps, if it took the call at all.
    const isTold = record.trace !== null || this.tells === 'rang';
    const hasRung = record.timings.provisionalMs !== null;
    const awaited = record.answeredMs !== null || (isTold && hasRung) || this.tells === 'came';
    if (!this.ownTrunk || !awaited || callId === undefined) {
      this.join(record, null);
      return;
    }
    const callee = this.callees.get(callId);
    // An account that did not answer says nothing of one that did: its proxy went on to another one.
    if (!callee || (record.answeredMs !== null && callee.record.answeredMs === null)) {
      this.callers.set(callId, { record, sinceMs: nowMs });
      return;
    }
    this.callees.delete(callId);
    this.join(record, callee.record);
  }

  /** An INVITE came to an account; its record comes when the call has ended there. */
  addArrival(call: CallAtAccount): void {
    this.arrivals.set(call.callId, call);
  }

  addCallee(record: CallRecord, nowMs: number): void {
    const callId = record.sipCallIds[0];
    // A proxy may have gone on from this account to another one, with the same Call-ID.
    if (this.arrivals.get(callId)?.to === record.to) this.arrivals.delete(callId);
    const caller = this.callers.get(callId);
    if (!caller) {
      this.callees.set(callId, { record, sinceMs: nowMs });
      return;
    }
    this.callers.delete(callId);
    this.join(caller.record, record);
  }

  /** Gives up on what has waited too long. */
  sweep(nowMs: number): void {
    for (const [callId, waiting] of this.callers) {
      if (nowMs - waiting.sinceMs < PATIENCE_MS) break;
      this.callers.delete(callId);
      this.join(waiting.record, this.takeCallee(callId, waiting.record));
    }
    const patienceMs = this.tells === 'came' ? ACCOUNT_PATIENCE_MS : CALLEE_PATIENCE_MS;
    for (const [callId, waiting] of this.callees) {
      if (nowMs - waiting.sinceMs < patienceMs) break;
      this.callees.delete(callId);
    }
  }

  /** Emits all that still waits. */
  flush(): void {
    for (const [callId, { record }] of this.callers) this.join(record, this.takeCallee(callId, record));
    this.callers.clear();
    this.callees.clear();
  }

  /** What an account has told of a call, when no more is to be waited for. */
  private takeCallee(callId: string, record: CallRecord): CallRecord | null {
    const callee = this.callees.get(callId);
    if (!callee) return this.takeTwin(record);
    this.callees.delete(callId);
    return callee.record;
  }

  /** The callee of a call that went through a B2BUA, which gives it a Call-ID of its own. */
  private takeTwin(record: CallRecord): CallRecord | null {
    if (this.tells !== 'came') return null;
    for (const [callId, { record: callee }] of this.callees) {
      if (!isTwin(record, { from: callee.from, to: callee.to, inviteMs: callee.timings.inviteMs! })) continue;
      this.callees.delete(callId);
      return callee;
    }
    return null;
  }

  /** The account that a call came to of which it tells nothing yet. */
  private whereItIs(record: CallRecord): string | null {
    const own = this.arrivals.get(record.sipCallIds.at(-1) ?? '');
    if (own) return own.to;
    for (const call of this.arrivals.values()) if (isTwin(record, call)) return call.to;
    return null;
  }

  private join(record: CallRecord, callee: CallRecord | null): void {
    this.probes.join(record, callee);
    joinMedia(record, callee?.media ?? null, this.tells === 'came' && isElsewhere(record, callee));
    rateByProbe(record);
    if (this.tells === 'came') record.reached = callee?.to ?? this.whereItIs(record);
    record.trunkTrace = callee?.trace ?? null;
    record.trunkFlow = callee?.flow ?? null;
    this.emit(record, callee?.fault ?? null);
  }
}
