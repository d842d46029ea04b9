import { round } from '../metrics/distribution.js';
import { type Figures, judgeGate } from '../metrics/gates.js';
import { readinessOf } from '../metrics/readiness.js';
import type { Summary } from '../metrics/summary.js';
import { invalidities } from '../metrics/validity.js';
import { gatesOf } from '../profile/schema.js';
import { figuresOf } from './run-figures.js';
import type { RunState } from './run-state.js';

/** The figures of a run that is over, its gates judged. */
export function summarise(state: RunState, endMs: number, version: string): Summary {
  const { profile } = state;
  const summary: Figures = { schema: 1, run: runOf(state, endMs, version), ...figuresOf(state, endMs) };
  const windowed = state.gates.results();
  const judged = gatesOf(profile).map((gate) => ({
    gate,
    result: gate.window === null ? judgeGate(gate, summary) : windowed.shift()!,
  }));
  const gates = judged.map(({ result }) => result);
  const readiness = readinessOf(profile.readiness, judged.slice(profile.gates.length), state.capacity);
  return { ...summary, gates, readiness, verdict: verdictOf(summary, gates, readiness) };
}

function runOf(state: RunState, endMs: number, version: string): Summary['run'] {
  const { profile, strain, swarmPulse, planned, failure } = state;
  const invalid = invalidities(strain.strain(swarmPulse?.notStarted ?? 0, planned.attempts));
  const delay = strain.eventLoopDelayMs();
  return {
    id: state.id,
    name: profile.name,
    seed: profile.seed,
    target: state.target,
    startedAt: state.startedAt.toISOString(),
    durationMs: Math.round(endMs - state.startMs),
    version,
    node: process.version,
    valid: invalid.length === 0,
    invalidReasons: invalid,
    interrupted: state.interrupted,
    failure: failure && { code: failure.code, message: failure.message },
    timestampSource: state.timestampSource,
    threads: strain.threadLoads().map(({ name, cpuMeanRatio, cpuMaxRatio }) => ({
      name,
      cpuMeanRatio: round(cpuMeanRatio),
      cpuMaxRatio: round(cpuMaxRatio),
    })),
    eventLoopDelayMs: delay && { p99: round(delay.p99), max: round(delay.max) },
  };
}

function verdictOf(summary: Figures, gates: Summary['gates'], readiness: Summary['readiness']): Summary['verdict'] {
  if (summary.run.interrupted) return 'interrupted';
  if (summary.run.failure) return 'fail';
  if (!summary.run.valid) return 'invalid';
  return gates.every(({ pass }) => pass) && readiness.every(({ pass }) => pass !== false) ? 'pass' : 'fail';
}
