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

/** Brings the caller's record of each call and that of our own far end together, by Call-ID. */
export class JoinBuffer {
  private readonly callers = new Map<string, { record: CallRecord; sinceMs: number }>();
  private readonly callees = new Map<string, { record: CallRecord; sinceMs: number }>();

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
    if (!callee) {
      this.callers.set(callId, { record, sinceMs: nowMs });
      return;
    }
    this.callees.delete(callId);
    this.join(record, callee.record);
  }

  addCallee(record: CallRecord, nowMs: number): void {
    const callId = record.sipCallIds[0];
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
      this.join(waiting.record, this.takeTwin(waiting.record));
    }
    const patienceMs = this.tells === 'came' ? ACCOUNT_PATIENCE_MS : CALLEE_PATIENCE_MS;
    for (const [callId, waiting] of this.callees) {
      if (nowMs - waiting.sinceMs < patienceMs) break;
      this.callees.delete(callId);
    }
  }

  /** Emits all that still waits. */
  flush(): void {
    for (const { record } of this.callers.values()) this.join(record, this.takeTwin(record));
    this.callers.clear();
    this.callees.clear();
  }

  /**
   * The callee of a call that went through a B2BUA, which gives it a Call-ID of its own: one of the same numbers whose INVITE
   * came while the caller's was not over.
   */
  private takeTwin({ from, to, timings, endedMs }: CallRecord): CallRecord | null {
    if (this.tells !== 'came') return null;
    for (const [callId, { record }] of this.callees) {
      const { inviteMs } = record.timings;
      const isWithin = inviteMs! >= timings.inviteMs! && (endedMs === null || inviteMs! <= endedMs);
      if (record.from !== from || record.to !== to || !isWithin) continue;
      this.callees.delete(callId);
      return record;
    }
    return null;
  }

  private join(record: CallRecord, callee: CallRecord | null): void {
    this.probes.join(record, callee);
    joinMedia(record, callee?.media ?? null, this.tells === 'came' && isElsewhere(record, callee));
    rateByProbe(record);
    if (this.tells === 'came') record.reached = callee?.to ?? null;
    record.trunkTrace = callee?.trace ?? null;
    record.trunkFlow = callee?.flow ?? null;
    this.emit(record, callee?.fault ?? null);
  }
}
