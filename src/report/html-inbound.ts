import type { Summary } from '../metrics/summary.js';
import { escapeHtml, percentileRow, table } from './html-sections.js';
import { inboundFigures, inboundTimes } from './inbound.js';

/** What those who call did; nothing of a run that calls. */
export function inboundSection({ inbound }: Summary): string {
  if (!inbound) return '';
  const head = ['', { right: 'p50' }, { right: 'p95' }, { right: 'p99' }, { right: 'max' }];
  const times = table(
    head,
    inboundTimes(inbound).map(([name, p]) => percentileRow(name, p)),
  );
  const lines = inboundFigures(inbound).map(
    (line) => `<p class="note">${line.map(([name, value]) => escapeHtml(`${name} ${value}`)).join(' · ')}</p>`,
  );
  return `<h2>Calls that came in</h2><div class="grid"><div class="card"><h3>Counts</h3>${lines.join('')}</div><div class="card"><h3>Times, ms</h3>${times}</div></div>`;
}
