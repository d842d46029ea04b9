import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { AppError } from '../core/errors.js';
import { headerText } from '../flow/spec.js';

/** Reads a CSV whose first line names the columns; each row is a set of variables. */
export function readNumberFile(path: string): Record<string, string>[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `The file of numbers cannot be read: ${(cause as Error).message}`, {
      where: path,
      hint: 'Give the path of a CSV file whose first line names its columns, such as `from,to`.',
      cause,
    });
  }
  const rows: Record<string, string>[] = [];
  /** The line of the file on which each row ends. */
  const lines: number[] = [];
  try {
    parse(text, {
      columns: true,
      skip_empty_lines: true,
      trim: true,
      bom: true,
      on_record: (row: Record<string, string>, context) => {
        rows.push(row);
        lines.push(context.lines);
        return null;
      },
    });
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `The file of numbers is no CSV: ${(cause as Error).message}`, {
      where: path,
      expected: 'a first line with column names, then as many values on every line',
      cause,
    });
  }
  if (rows.length === 0)
    throw new AppError('FILE_UNREADABLE', 'The file of numbers has no rows', {
      where: path,
      expected: 'a first line with column names and at least one row of values',
    });
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
