import type { GateState, Snapshot } from '../metrics/snapshot.js';
import { printable } from '../report/format.js';
import { gateValue } from '../report/verdict.js';
import { labelled, type Row, row } from './sections.js';
import { type Field, span, type Tone } from './spans.js';

const STATES: Record<GateState['state'], { mark: string; tone: Tone; rank: number }> = {
  tripped: { mark: '✗', tone: 'bad', rank: 0 },
  out: { mark: '!', tone: 'warn', rank: 1 },
  ok: { mark: '✓', tone: 'good', rank: 2 },
  waiting: { mark: '○', tone: 'dim', rank: 3 },
};

/** Gates over sliding windows: how many stand how, and the worst first as far as there is room; none without such gates. */
export function gateRows({ gates }: Snapshot, width: number): Row[] {
  if (gates.length === 0) return [];
  const sorted = [...gates].sort((a, b) => STATES[a.state].rank - STATES[b.state].rank);
  const list = sorted.map((gate, i): Field => {
    const { mark, tone } = STATES[gate.state];
    const spans = [span(`${mark} `, tone), span(printable(gate.expression), 'label')];
    if (gate.observed !== null) spans.push(span(` ${gateValue(gate)}`, tone));
    return { spans, rank: 1 + i };
  });
  const counts = Object.entries(STATES).flatMap(([state, { mark, tone }]) => {
    const n = gates.filter((gate) => gate.state === state).length;
    return n === 0 ? [] : [span(`${mark} ${n} `, tone)];
  });
  if (gates.length > 1) list.unshift({ spans: [...counts, span('│', 'dim')], rank: 0 });
  return [row(labelled('Gates', list, width), STATES[sorted[0].state].rank < 2 ? 3 : 7.5)];
}
