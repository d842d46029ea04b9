import type { Summary } from '../metrics/summary.js';
import { count } from './format.js';
import { escapeHtml, figure, percentileRow, table, text } from './html-sections.js';
import { registrationDelays, registrationFailures, registrationFigures } from './registrations.js';

/** What became of the accounts; nothing where none registered. */
export function registrationSection(summary: Summary): string {
  if (summary.registrations === null) return '';
  const head = ['', { right: 'p50' }, { right: 'p95' }, { right: 'p99' }, { right: 'max' }];
  const delays = table(
    head,
    registrationDelays(summary).map(([name, p]) => percentileRow(name, p)),
  );
  const failures = registrationFailures(summary).map(([name, n]) => [text(name), figure(count(n))]);
  const failed =
    failures.length > 0
      ? table(['Failed REGISTERs', { right: 'Requests' }], failures)
      : '<span class="good">No REGISTER failed.</span>';
  const notes = registrationFigures(summary).map(
    (line) => `<p class="note">${line.map(([name, value]) => escapeHtml(`${name} ${value}`)).join(' · ')}</p>`,
  );
  return `<h2>Registrations</h2><div class="grid"><div class="card"><h3>Delays, ms</h3>${delays}</div><div class="card"><h3>Results</h3>${failed}${notes.join('')}</div></div>`;
}
