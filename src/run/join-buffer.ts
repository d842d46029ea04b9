import type { CallRecord } from '../metrics/call-record.js';
import { joinMedia } from '../metrics/join.js';
import { ProbeJoin, rateByProbe } from '../metrics/join-probes.js';

/** How long the caller's record waits for that of our own trunk. */
const PATIENCE_MS = 3000;

/** Brings the caller's and the trunk's record of each answered call together, by Call-ID. */
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
      this.join(waiting.record, null);
    }
    for (const [callId, waiting] of this.callees) {
      if (nowMs - waiting.sinceMs < PATIENCE_MS * 2) break;
      this.callees.delete(callId);
    }
  }

  /** Emits all that still waits. */
  flush(): void {
    for (const { record } of this.callers.values()) this.join(record, null);
    this.callers.clear();
    this.callees.clear();
  }

  private join(record: CallRecord, callee: CallRecord | null): void {
    this.probes.join(record, callee);
    joinMedia(record, callee?.media ?? null);
    rateByProbe(record);
    if (this.tells === 'came') record.reached = callee?.to ?? null;
    record.trunkTrace = callee?.trace ?? null;
    record.trunkFlow = callee?.flow ?? null;
    this.emit(record, callee?.fault ?? null);
  }
}
