import { readCsv } from '../core/csv-file.js';
import { AppError } from '../core/errors.js';
import { headerText } from '../sip/header-text.js';

/** Reads a CSV whose first line names the columns; each row is a set of variables. */
export function readNumberFile(path: string): Record<string, string>[] {
  const { rows, lines } = readCsv(path, 'numbers', 'from,to');
  for (const [i, row] of rows.entries())
    for (const [column, value] of Object.entries(row))
      if (!headerText.safeParse(value).success)
        throw new AppError('FILE_UNREADABLE', 'A value would break a SIP header: it contains a control character', {
          where: `${path}:${lines[i]}, column ${column}`,
          expected: 'no CR, LF, NUL or any other control character',
          found: JSON.stringify(value),
          hint: 'Take it out; a quote that is never closed may have drawn several lines into one value.',
        });
  return rows;
}
