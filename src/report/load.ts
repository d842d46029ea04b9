import type { LoadSummary } from '../metrics/summary.js';
import { count, decimal, msDigits, percent } from './format.js';

/** What was planned against what was started, and the traffic, a line each. */
export function loadNotes(load: LoadSummary): string[] {
  const { scheduleErrorMs: late } = load;
  const error = late
    ? `p50 ${msDigits(late.p50)}   p99 ${msDigits(late.p99)}   max ${msDigits(late.max)} ms`
    : 'not measured';
  const notes = [
    `due ${count(load.plannedAttempts)}   planned CPS ${decimal(load.plannedCps, 2)}   started ${decimal(load.startedCps, 2)} (${percent(load.startedRatio)})`,
    `schedule error ${error}`,
    `offered ${decimal(load.offeredErlang, 1)} E   carried ${decimal(load.carriedErlang, 1)} E   attempts an hour ${count(load.attemptsPerHour)}`,
  ];
  if (load.bhca !== null)
    notes.push(`busy hour: BHCA ${count(load.bhca)}   carried ${decimal(load.busyHourErlang, 1)} E`);
  return notes;
}
