import type { AttemptOutcome } from '../load/capacity/step.js';
import type { CallRecord } from '../metrics/call-record.js';
import { isRefusal } from '../metrics/exhaustion.js';

/**
 * What a search for capacity has to know of a call.
 * @param index its number within its step
 * @param startMs when the step began, on the run's clock
 * @param refusals statuses that mean "the trunk is full"
 */
export function outcomeOf(
  record: CallRecord,
  index: number,
  startMs: number,
  refusals: ReadonlySet<number>,
): AttemptOutcome {
  const { timings, startedMs } = record;
  const result = resultOf(record, refusals);
  const isAnswered = result === 'answered';
  const first = timings.provisionalMs ?? timings.finalMs;
  const endedMs = isAnswered ? (timings.byeMs ?? record.endedMs) : result === 'cancelled' ? record.endedMs : null;
  const digits = record.dtmf ? [record.dtmf.uplink, record.dtmf.downlink].filter(({ counts }) => counts !== null) : [];
  return {
    index,
    startedMs: startedMs - startMs,
    result,
    response: result === 'refused' || result === 'failed' ? responseOf(record) : null,
    srdMs: isAnswered && first !== null ? first - timings.inviteMs! : null,
    setupMs: isAnswered ? timings.finalMs! - timings.inviteMs! : null,
    endedMs: endedMs === null ? null : endedMs - startMs,
    isDropped: record.outcome === 'dropped',
    isUnheard: isUnheard(record),
    mos: worstMos(record),
    digitsSent: digits.reduce((sum, { sent }) => sum + (sent?.length ?? 0), 0),
    digitsLost: digits.reduce((sum, { counts }) => sum + counts!.lost, 0),
  };
}

function resultOf(record: CallRecord, refusals: ReadonlySet<number>): AttemptOutcome['result'] {
  const { status, q850, cause, timings } = record;
  if (record.answeredMs !== null) return 'answered';
  // Given up because its time was over; where it never rang, nobody would have answered.
  if (record.outcome === 'cancelled') return timings.provisionalMs === null ? 'silent' : 'cancelled';
  if (!isRefusal(status, q850, cause, refusals)) return 'failed';
  return cause === 'timeout' ? 'silent' : 'refused';
}

function responseOf({ status, cause }: CallRecord): string {
  return cause === 'timeout' || cause === 'transport' ? cause : String(status ?? 'internal');
}

/** `null` where neither direction was judged. */
function isUnheard({ oneWay, noMedia, uplink, downlink }: CallRecord): boolean | null {
  if (oneWay !== null || noMedia) return true;
  const isJudged = [uplink, downlink].some((way) => (way?.heard?.verdict.state ?? 'unknown') !== 'unknown');
  return isJudged ? false : null;
}

function worstMos({ uplink, downlink }: CallRecord): number | null {
  const ratings = [uplink, downlink].flatMap((way) => way?.heard?.mos?.lq ?? []);
  return ratings.length === 0 ? null : Math.min(...ratings);
}
