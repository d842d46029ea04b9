import type { Summary } from '../metrics/summary.js';
import { failoverNotes, OUTAGE_HEAD, outageRows } from './failover.js';
import { escapeHtml, figure, table, text } from './html-sections.js';

/** What failover between the targets of a group did; nothing where there is no group. */
export function failoverSection({ failover }: Summary): string {
  if (!failover) return '';
  const [first, ...others] = OUTAGE_HEAD;
  const rows = outageRows(failover).map(([name, ...cells]) => [text(name), ...cells.map(figure)]);
  const outages = rows.length > 0 ? table([first, ...others.map((right) => ({ right }))], rows) : '';
  const notes = failoverNotes(failover).map(escapeHtml).join(' · ');
  return `<div class="card stacked"><h3>Failover</h3>${outages}<p class="note">${notes}</p></div>`;
}
