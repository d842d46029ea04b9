import type { Summary } from '../metrics/summary.js';
import { FLOW_COLUMNS, flowCells, flowNote, flowSides } from './flow.js';
import { figure, table, text } from './html-sections.js';

/** How calls went through their lists of steps; nothing where there are none. */
export function flowSection(summary: Summary): string {
  const cards = flowSides(summary).map(([side, figures]) => {
    const head = [`Step of the ${side}`, ...FLOW_COLUMNS.map((right) => ({ right }))];
    const rows = figures.steps.map((step) => [text(step.name), ...flowCells(step).map(figure)]);
    return `<div class="card stacked">${table(head, rows)}<p class="note">${flowNote(figures)}.</p></div>`;
  });
  return cards.length === 0 ? '' : `<h2>Flow</h2>${cards.join('')}`;
}
