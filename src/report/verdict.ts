import type { GateResult, Summary } from '../metrics/summary.js';
import { count, milliseconds, NONE, percent, printable } from './format.js';

/** The verdict of a run in words, with its reason. */
export function verdictReason(summary: Summary): string {
  const { run, gates, readiness, verdict } = summary;
  switch (verdict) {
    case 'pass':
      return gates.length === 0 ? 'no gates were set' : `all ${count(gates.length)} gates passed`;
    case 'fail': {
      if (run.failure) return `the run could not go on: ${printable(run.failure.message.split('\n')[0])}`;
      const failed = gates.filter((g) => !g.pass);
      const ending = gates.find((g) => g.aborted);
      if (ending)
        return `ended by its gate ${printable(gateName(ending))}: ${gateValue(ending)}, ${gateReason(ending)}`;
      const unready = readiness.filter((one) => one.pass === false);
      if (failed.length === 0) return `not ready: ${printable(unready.map((one) => one.criterion).join(', '))}`;
      const unmeasured = failed.filter((g) => g.observed === null).length;
      const text = `${count(failed.length)} of ${count(gates.length)} gates failed`;
      return unmeasured > 0 ? `${text}, ${count(unmeasured)} of them not measured` : text;
    }
    case 'invalid': {
      const reasons = run.invalidReasons.map((r) => `${printable(r.observed)} (limit ${printable(r.limit)})`);
      const why = reasons.length > 0 ? reasons.join('; ') : 'no reason was recorded';
      return `the generator was the bottleneck, nothing is claimed about the target: ${why}`;
    }
    case 'interrupted':
      return 'stopped before its end: the figures cover what ran';
    default:
      return verdict satisfies never;
  }
}

/** A gate as the profile has it, with the length of its windows. */
export function gateName({ expression, windowMs }: GateResult): string {
  return windowMs === undefined ? expression : `${expression} in ${windowMs / 1000} s`;
}

/** `observed` with the value of a gate in the unit that its expression speaks of, or `not measured`. */
export function gateObserved(gate: GateResult): string {
  return gate.observed === null ? 'not measured' : `observed ${gateValue(gate)}`;
}

/** The observed value of a gate, in the unit that its expression speaks of. */
export function gateValue({ observed, expression }: Pick<GateResult, 'observed' | 'expression'>): string {
  if (observed === null) return NONE;
  if (typeof observed !== 'number') return printable(String(observed));
  const figure = expression.split(/[<>=!]/)[0].trim();
  if (expression.includes('%') || figure.includes('/') || /ratio|\b(ner|asr|ser|seer|isa|ira|scr)\b/i.test(figure))
    return percent(observed);
  if (/Ms\b/.test(figure)) return milliseconds(observed);
  return Number.isInteger(observed) ? count(observed) : String(Number(observed.toPrecision(4)));
}

/** Why a gate did not pass, where more is known than the observed value. */
export function gateReason(gate: GateResult): string {
  if (gate.pass || !gate.reason || gate.reason === 'not measured') return '';
  return printable(gate.reason);
}

/** What the trunk did when it was pressed, in one line. */
export function trunkFinding(trunk: Summary['trunk'], clockText: (ms: number | null) => string): string {
  if (trunk.exhausted === null) return 'not measured';
  if (trunk.cause === 'cps') return 'CPS limited, channels not exhausted';
  if (!trunk.exhausted) return 'not exhausted';
  const at = trunk.exhaustedAtInProgress === null ? NONE : count(trunk.exhaustedAtInProgress);
  return `exhausted at ${at} calls, ${clockText(trunk.exhaustedAtMs)}`;
}
