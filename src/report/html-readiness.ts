import type { Summary } from '../metrics/summary.js';
import { safe, table, text } from './html-sections.js';
import { measuredText, readinessCounts } from './readiness.js';

/** The table of criteria; nothing where the profile has none. */
export function readinessHtml(summary: Summary): string {
  const { readiness } = summary;
  if (readiness.length === 0) return '';
  const rows = readiness.map((one) => {
    const pill =
      one.pass === null
        ? '<span class="soft">–</span>'
        : `<span class="pill ${one.pass ? 'pass' : 'fail'}">${one.pass ? '✓ pass' : '✗ fail'}</span>`;
    return [
      { html: pill },
      text(one.criterion),
      text(one.threshold),
      text(measuredText(one)),
      { html: one.expression === null ? '' : safe(one.expression), mono: true },
    ];
  });
  return `<h2>Readiness</h2><div class="card">${table(['', 'Criterion', 'Threshold', 'Measured', 'Gate'], rows)}<p class="note">${readinessCounts(summary)}.</p></div>`;
}
