import type { Summary } from '../metrics/summary.js';
import { count } from './format.js';

/** What of a run could be read. */
export interface ReadRecords {
  summary: Pick<Summary, 'calls'>;
  /** Records in calls.ndjson; left out: one a call. */
  calls?: number;
  /** Lines of the run's files that were none. */
  unreadableLines?: number;
}

/** What the tables of calls lack because the files of a run were cut short or are gone, a sentence each. */
export function missingRecords({ summary, calls, unreadableLines }: ReadRecords): string[] {
  const { attempted } = summary.calls;
  const notes: string[] = [];
  if (calls !== undefined && calls < attempted)
    notes.push(
      `calls.ndjson has ${count(calls)} of ${count(attempted)} calls: the others cannot be among the calls to look at.`,
    );
  if (unreadableLines)
    notes.push(
      `${unreadableLines === 1 ? 'A line' : `${count(unreadableLines)} lines`} of the run’s files could not be read.`,
    );
  return notes;
}
