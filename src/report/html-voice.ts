import type { Summary } from '../metrics/summary.js';
import { msDigits } from './format.js';
import { figure, table, text } from './html-sections.js';
import { voiceNotes, voiceTimes } from './voice.js';

/** What callers felt of conversations in turns; nothing where none were held. */
export function voiceSection({ voice }: Summary): string {
  if (!voice) return '';
  const head = ['ms', { right: 'p50' }, { right: 'p95' }, { right: 'p99' }, { right: 'max' }];
  const rows = voiceTimes(voice).map(([name, p]) => [
    text(name.replace(/^ {2}at /, 'response time at ')),
    ...(p
      ? [p.p50, p.p95, p.p99, p.max].map((ms) => figure(msDigits(ms)))
      : [figure('not measured'), figure(''), figure(''), figure('')]),
  ]);
  const notes = voiceNotes(voice).map((note) => `<p class="note">${note}.</p>`);
  return `<h2>Voice turns</h2><div class="card">${table(head, rows)}${notes.join('')}</div>`;
}
