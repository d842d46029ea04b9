/** How often a step of a list was done in a call, and how long that took. */
export interface FlowStepRecord {
  name: string;
  started: number;
  passed: number;
  failed: number;
  /** Of each time that it passed. */
  ms: number[];
}

/** How a call went through the list of steps of one side; see docs/flows.md. */
export interface FlowRecord {
  /** `unfinished`: the call was ended, by this side or with the run, before the list was. */
  result: 'passed' | 'failed' | 'unfinished';
  stepsDone: number;
  stepsFailed: number;
  /** The first step that failed, and why; `null` when none did. */
  failedStep: string | null;
  reason: string | null;
  /** In the order of the list. */
  steps: FlowStepRecord[];
}

/** Where a call failed in the list of steps of a side, and why; `null` where it did not. */
export function failedStep(record: {
  flow?: FlowRecord | null;
  trunkFlow?: FlowRecord | null;
}): { name: string; problem: string } | null {
  const { flow, trunkFlow } = record;
  const side = flow?.result === 'failed' ? 'caller' : trunkFlow?.result === 'failed' ? 'callee' : null;
  if (side === null) return null;
  const { failedStep: step, reason } = (side === 'caller' ? flow : trunkFlow)!;
  const name = `step of the ${side}: ${step ?? 'between two'}`;
  return { name, problem: `${name} (${reason})` };
}
