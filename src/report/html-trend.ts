import type { Summary } from '../metrics/summary.js';
import { figure, table, text } from './html-sections.js';
import { slopeRows, stretchRows } from './trend.js';

/** The first calls against the others, and what grows with time; nothing where neither is known. */
export function trendSection({ trend }: Summary): string {
  const stretches = stretchRows(trend).map(([name, cold, warm]) => [text(name), figure(cold), figure(warm)]);
  const slopes = slopeRows(trend).map(([name, slope]) => [text(name), figure(slope)]);
  if (stretches.length === 0 && slopes.length === 0) return '';
  const cards = [
    stretches.length > 0 ? table(['Cold start', { right: 'First 10 s' }, { right: 'After' }], stretches) : '',
    slopes.length > 0 ? table(['Slope', { right: 'Per hour (95 % confidence interval)' }], slopes) : '',
  ].filter((card) => card !== '');
  return `<h2>Cold start and leaks</h2><div class="grid">${cards.map((card) => `<div class="card">${card}</div>`).join('')}</div>`;
}
