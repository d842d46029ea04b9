import type { GateUse } from '../load/capacity/capacity-result.js';
import type { Ailment, GateBreach, StepPlan } from '../load/capacity/step.js';
import { callFigures } from '../metrics/call-figures.js';
import { CallMetrics } from '../metrics/call-metrics.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Gate } from '../metrics/gate-parser.js';
import { type Figures, figureInWords, judgeGate } from '../metrics/gates.js';
import { windowMistake } from '../metrics/window-mistake.js';

/** Counts that grow with the length of a step, whatever the trunk does; shares of them are no matter. */
const SIZES = [
  /^calls\.(attempted|answered|completed|stillUp)$/,
  /^media\.(uplink|downlink)\.(streams|measured|packetsSent|packetsReceived)$/,
  /^media\.rtcp\.(calls|sent|received|farEnd\.calls)$/,
  /^dtmf\.\w+\.(sent|received)$/,
  /^voice\.(calls|firstWords|utterances|bargeIns)$/,
  /^flow\.\w+\.(calls|callsPassed)$/,
  /^probe\.\w+\.(calls|sent|heard)$/,
  /^impairment\.\w+\.packets$/,
];

/** Why a step cannot be judged by a gate; `null` when it can. */
function reasonAgainst(gate: Gate): string | null {
  if (gate.window !== null) return 'over a sliding window of a run';
  if (windowMistake(gate) !== null) return 'a figure of a whole run';
  if (gate.over === null && SIZES.some((one) => one.test(gate.figure.path))) return 'a number that a step sets itself';
  return null;
}

/** What fails with a gate; `setup` is what most of the failed attempts were. */
function sideOf({ figure: { path } }: Gate): Ailment | 'setup' {
  if (/^sip\.(srdMs|setupMs|pddMs)\b/.test(path) || path === 'calls.cancelled') return 'slow-setup';
  if (/^sip\.(sddMs|sdtMs|sdtFailureMs|acdMs|scr)\b|^(voice|flow|load|impairment)\./.test(path)) return 'gate';
  if (path === 'calls.dropped') return 'dropped';
  if (/^(media|probe)\./.test(path)) return 'audio';
  return path.startsWith('dtmf.') ? 'dtmf' : 'setup';
}

/**
 * Holds the steps of a search to the gates of a profile: those over figures that sliding windows have, too, with the step in place of
 * the window. A gate that was not measured says nothing of a step.
 */
export class StepGates {
  private readonly judged: Gate[] = [];
  private readonly notJudged: GateUse['notJudged'] = [];
  private readonly measured = new Set<Gate>();
  private metrics = new CallMetrics();
  private plan: StepPlan | null = null;

  constructor(gates: readonly Gate[]) {
    for (const gate of gates) {
      const why = reasonAgainst(gate);
      if (why === null) this.judged.push(gate);
      else this.notJudged.push({ expression: gate.expression, why });
    }
  }

  /** What was judged so far. */
  get use(): GateUse {
    const [known, unknown] = [true, false].map((is) => this.judged.filter((gate) => this.measured.has(gate) === is));
    return {
      judged: known.map(({ expression }) => expression),
      notJudged: [
        ...this.notJudged,
        ...unknown.map(({ expression }) => ({ expression, why: 'not measured in any step' })),
      ],
    };
  }

  begin(plan: StepPlan): void {
    this.plan = plan;
    this.metrics = new CallMetrics();
  }

  /** @param index of the attempt within its step; those that only fill the level do not count */
  add(record: CallRecord, index: number): void {
    if (this.judged.length === 0 || !this.plan || index < this.plan.filling) return;
    this.metrics.add(record);
  }

  /** The gates that the step did not hold. @param most what most of its failed attempts were */
  breaches(most: Ailment): GateBreach[] {
    const { plan } = this;
    // Where calls go wrong before, only turning away is sought.
    if (this.judged.length === 0 || !plan || plan.isForRefusals) return [];
    // What is not of calls is not measured here.
    const figures = callFigures(this.metrics) as unknown as Figures;
    const breaches: GateBreach[] = [];
    for (const gate of this.judged) {
      const side = sideOf(gate);
      // Of calls that are too short for anything else, their setup.
      if (!plan.isHeard && side !== 'setup' && side !== 'slow-setup') continue;
      const { observed, pass } = judgeGate(gate, figures);
      if (observed === null) continue;
      this.measured.add(gate);
      if (pass) continue;
      const { expression, kind } = gate;
      breaches.push({ expression, observed: figureInWords(kind, observed), ailment: side === 'setup' ? most : side });
    }
    return breaches;
  }
}
