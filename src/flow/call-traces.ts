import type { CallRecord } from '../metrics/call-record.js';
import type { SipTrace, TraceBook } from '../sip/trace.js';

/** Of calls that went wrong in the same way one sees what there is to see in a few. */
const MOST_ALIKE = 100;
const MOST_OF_A_RUN = 10_000;

/** Decides which calls carry their SIP trace, and puts it into their records. */
export class CallTraces {
  /** Records that carry one, and records that would but for the bounds. */
  kept = 0;
  leftOut = 0;
  private readonly alike = new Map<string, number>();

  /** @param mode `failed`: calls that `wentWrong`, so many of each result; `all`: every call */
  constructor(
    private readonly book: TraceBook,
    private readonly mode: 'failed' | 'all',
  ) {}

  /** A call has ended: its record takes the times of its 100 and its ACK, and the trace where it is wanted. */
  settle(record: CallRecord): void {
    this.noteMoments(record);
    if ((this.mode === 'all' || wentWrong(record)) && this.admit(record)) {
      record.trace = this.take(record.sipCallIds);
      if (record.trace) this.kept++;
      else this.leftOut++;
    }
    for (const callId of record.sipCallIds) this.book.drop(callId);
  }

  /** A call that gets no record. */
  drop(callId: string): void {
    this.book.drop(callId);
  }

  private admit({ outcome, cause, status }: CallRecord): boolean {
    let room = this.kept < MOST_OF_A_RUN;
    if (this.mode === 'failed') {
      const result = `${outcome} ${cause} ${status}`;
      const before = this.alike.get(result) ?? 0;
      room &&= before < MOST_ALIKE;
      if (room) this.alike.set(result, before + 1);
    }
    if (!room) this.leftOut++;
    return room;
  }

  /** One Call-ID is the rule; an attempt that took another one has the messages of both in order. */
  private take(callIds: readonly string[]): SipTrace | null {
    const traces = callIds.map((callId) => this.book.take(callId)).filter((trace) => trace !== null);
    if (traces.length < 2) return traces[0] ?? null;
    return {
      messages: traces.flatMap(({ messages }) => messages).sort((a, b) => a.atMs - b.atMs),
      leftOut: traces.reduce((sum, { leftOut }) => sum + leftOut, 0),
    };
  }

  private noteMoments({ direction, sipCallIds, timings }: CallRecord): void {
    const { inviteMs, finalMs } = timings;
    if (direction === 'inbound' || sipCallIds.length !== 1 || inviteMs === null || finalMs === null) return;
    const moments = this.book.moments(sipCallIds[0], finalMs - inviteMs);
    if (moments === null) return;
    const onClock = (ms: number | null): number | null => (ms === null ? null : inviteMs + ms);
    timings.tryingMs = onClock(moments.tryingMs);
    timings.ackMs = onClock(moments.ackMs);
  }
}

/**
 * Whether a call is worth its trace: it failed, was cancelled or dropped; our BYE was not answered by a 2xx; we heard
 * nothing of the far end, which its SDP may explain; or, at our trunk, the trunk itself hung up.
 */
export function wentWrong(record: CallRecord): boolean {
  const { outcome, hangupBy, byeStatus, direction, media, flow } = record;
  if (flow?.result === 'failed') return true;
  if (outcome !== 'completed' && outcome !== 'stillUp') return true;
  if (hangupBy === 'local') {
    if (direction === 'inbound' && outcome === 'completed' && flow === null) return true;
    if (byeStatus === null || byeStatus >= 300) return true;
  }
  return media?.heard.verdict.state === 'fault';
}
