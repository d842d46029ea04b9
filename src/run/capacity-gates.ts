import type { GateUse } from '../load/capacity/capacity-result.js';
import type { Ailment, GateBreach, StepPlan } from '../load/capacity/step.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Gate } from '../metrics/gate-parser.js';
import { figureInWords, judgeGate } from '../metrics/gates.js';
import { WindowFigures } from '../metrics/window-figures.js';
import { windowMistake } from '../metrics/window-paths.js';

/** Counts that grow with the length of a step, whatever the trunk does; shares of them are no matter. */
const SIZES = new Set([
  ...['attempted', 'answered', 'completed', 'stillUp'].map((name) => `calls.${name}`),
  ...['uplink', 'downlink'].flatMap((way) => [`media.${way}.streams`, `media.${way}.measured`, `dtmf.${way}.received`]),
  'voice.calls',
  'voice.utterances',
]);

/** Why a step cannot be judged by a gate; `null` when it can. */
function reasonAgainst(gate: Gate): string | null {
  if (gate.window !== null) return 'over a sliding window of a run';
  if (windowMistake(gate) !== null) return 'a figure of a whole run';
  if (gate.over === null && SIZES.has(gate.figure.path)) return 'a number that a step sets itself';
  return null;
}

/** What fails with a gate; `setup` is what most of the failed attempts were. */
function sideOf({ figure: { path } }: Gate): Ailment | 'setup' {
  if (/^sip\.(srdMs|setupMs|pddMs)\b/.test(path) || path === 'calls.cancelled') return 'slow-setup';
  if (/^sip\.sddMs\b|^voice\./.test(path)) return 'gate';
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
  private figures: WindowFigures;
  private plan: StepPlan | null = null;

  constructor(gates: readonly Gate[]) {
    for (const gate of gates) {
      const why = reasonAgainst(gate);
      if (why === null) this.judged.push(gate);
      else this.notJudged.push({ expression: gate.expression, why });
    }
    this.figures = new WindowFigures(this.judged);
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
    this.figures = new WindowFigures(this.judged);
  }

  /** @param index of the attempt within its step; those that only fill the level do not count */
  add(record: CallRecord, index: number): void {
    if (this.judged.length === 0 || !this.plan || index < this.plan.filling) return;
    const { answeredMs, status, timings: t } = record;
    if (answeredMs !== null && t.inviteMs !== null && t.finalMs !== null)
      this.figures.answer(
        { status: status ?? 200, srdMs: (t.provisionalMs ?? t.finalMs) - t.inviteMs, setupMs: t.finalMs - t.inviteMs },
        0,
      );
    this.figures.add(record, 0);
  }

  /** The gates that the step did not hold. @param most what most of its failed attempts were */
  breaches(most: Ailment): GateBreach[] {
    const { plan } = this;
    // Where calls go wrong before, only turning away is sought.
    if (this.judged.length === 0 || !plan || plan.isForRefusals) return [];
    const figures = this.figures.figures(0, 1000);
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
