import { type AppError, ExitCode } from '../core/errors.js';
import type { Summary } from '../metrics/summary.js';

/** What asked a run to end. A terminal that went away counts as SIGTERM. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** How a run ended; `summary` is `null` when it never began. */
export interface Ending {
  signal: StopSignal | null;
  failure: AppError | null;
  summary: Pick<Summary, 'verdict' | 'run'> | null;
}

/** The exit status; where several hold: interrupted, then unusable, then invalid, then a failed gate. */
export function exitCodeOf({ signal, failure, summary }: Ending): number {
  if (signal !== null) return exitCodeOfSignal(signal);
  if (failure) return failure.exitCode;
  if (!summary) return ExitCode.unusable;
  if (!summary.run.valid) return ExitCode.invalid;
  return summary.verdict === 'pass' ? ExitCode.ok : ExitCode.gateFailed;
}

export function exitCodeOfSignal(signal: StopSignal): number {
  return signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
}
