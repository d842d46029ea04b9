import type { FlowSummary, Summary } from '../metrics/summary.js';
import { count, msDigits, percent } from './format.js';

/** Each side that had a list of steps, by name. */
export function flowSides({ flow }: Partial<Pick<Summary, 'flow'>>): [side: string, figures: FlowSummary][] {
  const sides: [string, FlowSummary | null][] = [
    ['callers', flow?.caller ?? null],
    ['callees', flow?.callee ?? null],
  ];
  return sides.filter((side): side is [string, FlowSummary] => side[1] !== null);
}

/** How the calls of a side went through its list. */
export function flowNote({ calls, callsPassed, callsFailed, callsUnfinished, failedRatio }: FlowSummary): string {
  const unfinished = callsUnfinished === 0 ? '' : `, ${count(callsUnfinished)} unfinished`;
  return `${count(calls)} calls: ${count(callsPassed)} passed, ${count(callsFailed)} failed (${percent(failedRatio)})${unfinished}`;
}

/** Figures of a step: started, passed, failed, p50 and p95 in ms. */
export function flowCells({ started, passed, failed, ms }: FlowSummary['steps'][number]): string[] {
  return [count(started), count(passed), count(failed), ms ? msDigits(ms.p50) : '', ms ? msDigits(ms.p95) : ''];
}

export const FLOW_COLUMNS = ['started', 'passed', 'failed', 'p50 ms', 'p95 ms'];
