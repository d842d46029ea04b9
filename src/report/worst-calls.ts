import type { CallRecord, DirectionRecord } from '../metrics/call-record.js';
import { faultInWords, faultsOf, isTurnedAway } from '../metrics/call-verdict.js';
import { failedStep } from '../metrics/flow-record.js';
import { clock } from './format.js';
import { type Ladder, ladderOf } from './ladder.js';

/** A call worth looking at, as the report lists it. */
export interface WorstCall {
  id: number;
  /** Since the start of the run. */
  startedMs: number;
  from: string;
  to: string;
  callId: string;
  /** What went wrong, in a few words. */
  problem: string;
  /** Calls in progress when its final response came. */
  inProgress: number | null;
  uplinkMos: number | null;
  downlinkMos: number | null;
  /** MOS of the worst 10 s, and of each 10 s that is rated. */
  uplinkWorstMos: number | null;
  downlinkWorstMos: number | null;
  uplinkMosOverTime: (number | null)[];
  downlinkMosOverTime: (number | null)[];
  uplinkLoss: number | null;
  downlinkLoss: number | null;
  /** Its SIP messages, where the record carries them. */
  ladder: Ladder | null;
}

export interface WorstCalls {
  /** Lowest R of 10 s first: R has one scale for all bandwidths (G.107, G.107.1, G.107.2), MOS has not (P.800.1). */
  audio: WorstCall[];
  /** A direction or both silent or impaired, causes in turn so that a frequent one hides no other. */
  silent: WorstCall[];
  /** Failed and dropped attempts, causes in turn. */
  failed: WorstCall[];
}

/** Picks the calls that the report lists, one record at a time, in memory that does not grow with the run. */
export class WorstCallsCollector {
  private readonly audio: { r: number; call: WorstCall }[] = [];
  private readonly silent = new Map<string, WorstCall[]>();
  private readonly failed = new Map<string, WorstCall[]>();

  constructor(private readonly limit = 20) {}

  add(record: CallRecord): void {
    const step = failedStep(record);
    if (!isTurnedAway(record) && (record.outcome === 'failed' || record.outcome === 'dropped'))
      this.keep(this.failed, failure(record), record);
    else if (step !== null) this.keep(this.failed, step.name, record, step.problem);
    const faults = faultsOf(record);
    if (faults.length > 0) {
      const causes = faults.map(({ direction, cause }) => `${direction} ${cause}`).join(' ');
      this.keep(this.silent, causes, record, faults.map((fault) => faultInWords(fault, record)).join(', '));
    }
    const r = lowest(worstROf(record.uplink), worstROf(record.downlink));
    if (r !== null) this.addAudio(r, record);
  }

  result(): WorstCalls {
    return {
      audio: this.audio.map(({ call }) => call),
      silent: inTurn(this.silent, this.limit),
      failed: inTurn(this.failed, this.limit),
    };
  }

  private addAudio(r: number, record: CallRecord): void {
    const { audio, limit } = this;
    if (audio.length === limit && r >= audio[limit - 1].r) return;
    let at = audio.length;
    while (at > 0 && audio[at - 1].r > r) at--;
    audio.splice(at, 0, { r, call: describe(record, audioProblem(record)) });
    if (audio.length > limit) audio.pop();
  }

  /** @param kind what groups it with others of its kind */
  private keep(groups: Map<string, WorstCall[]>, kind: string, record: CallRecord, problem = kind): void {
    const group = groups.get(kind);
    if (group) {
      if (group.length < this.limit) group.push(describe(record, problem));
    } else if (groups.size < this.limit) {
      groups.set(kind, [describe(record, problem)]);
    }
  }
}

function mosOf(direction: DirectionRecord | null): number | null {
  return direction?.heard?.mos?.lq ?? null;
}

/** That of the worst 10 s, where one is rated. */
function worstMosOf(direction: DirectionRecord | null): number | null {
  return direction?.heard?.worstInterval?.mosLq ?? mosOf(direction);
}

/** As `worstMosOf`, the rating R. */
function worstROf(direction: DirectionRecord | null): number | null {
  return direction?.heard?.worstInterval?.r ?? direction?.heard?.mos?.r ?? null;
}

function mosOverTime(direction: DirectionRecord | null): (number | null)[] {
  return direction?.heard?.intervals.map(({ mosLq }) => mosLq) ?? [];
}

function lowest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function failure(record: CallRecord): string {
  const q850 = record.q850 === null ? '' : `, Q.850 ${record.q850}`;
  const status = record.status === null ? '' : `${record.status}${record.reason ? ` ${record.reason}` : ''}`;
  if (record.outcome === 'dropped')
    return `dropped${status === '' || record.status === 200 ? '' : ` (${status})`}${q850}`;
  switch (record.cause) {
    case 'timeout':
      return 'no final response (timeout)';
    case 'transport':
      return 'transport error';
    case 'internal':
      return 'internal error of the generator';
    default:
      return `${status === '' ? 'failed' : status}${q850}`;
  }
}

function audioProblem(record: CallRecord): string {
  const up = worstROf(record.uplink);
  const down = worstROf(record.downlink);
  const worse = down === null || (up !== null && up <= down) ? 'uplink' : 'downlink';
  const heard = record[worse]?.heard;
  const parts = [worse];
  if (heard && heard.packetsLost > 0) parts.push(`${heard.packetsLost} of ${heard.packetsExpected} lost`);
  if (heard && heard.lateDiscarded > 0) parts.push(`${heard.lateDiscarded} late`);
  if (heard?.worstInterval && heard.intervals.length > 1)
    parts.push(`worst from ${clock(heard.worstInterval.startMs)}`);
  if (heard?.mos && heard.mos.burstR > 1.05) parts.push(`BurstR ${heard.mos.burstR.toFixed(1)}`);
  return parts.join(', ');
}

function describe(record: CallRecord, problem: string): WorstCall {
  return {
    id: record.id,
    startedMs: record.startedMs,
    from: record.from,
    to: record.to,
    callId: record.sipCallIds[record.sipCallIds.length - 1] ?? '',
    problem,
    inProgress: record.inProgressAtFinal,
    uplinkMos: mosOf(record.uplink),
    downlinkMos: mosOf(record.downlink),
    uplinkWorstMos: worstMosOf(record.uplink),
    downlinkWorstMos: worstMosOf(record.downlink),
    uplinkMosOverTime: mosOverTime(record.uplink),
    downlinkMosOverTime: mosOverTime(record.downlink),
    uplinkLoss: record.uplink?.heard?.lossRatio ?? null,
    downlinkLoss: record.downlink?.heard?.lossRatio ?? null,
    ladder: ladderOf(record),
  };
}

/** The first of each group, then the second of each, up to `limit`; then in the groups' order. */
function inTurn(groups: Map<string, WorstCall[]>, limit: number): WorstCall[] {
  const lists = [...groups.values()];
  const taken = lists.map(() => 0);
  let left = limit;
  for (let round = 0; left > 0 && lists.some((l) => l.length > round); round++) {
    for (let i = 0; i < lists.length && left > 0; i++) {
      if (lists[i].length > round) {
        taken[i]++;
        left--;
      }
    }
  }
  return lists.flatMap((list, i) => list.slice(0, taken[i]));
}
