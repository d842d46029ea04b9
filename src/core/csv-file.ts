import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { AppError } from './errors.js';

/** The rows of a CSV file by column, and the line of the file on which each ends. */
export interface CsvFile {
  rows: Record<string, string>[];
  lines: number[];
}

/**
 * Reads a CSV file whose first line names the columns.
 * @param what what the file holds, such as `numbers`
 * @param example its first line, as an example
 * @throws AppError FILE_UNREADABLE when there is no such file, when it is no CSV, or when it has no rows
 */
export function readCsv(path: string, what: string, example: string): CsvFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `The file of ${what} cannot be read: ${(cause as Error).message}`, {
      where: path,
      hint: `Give the path of a CSV file whose first line names its columns, such as \`${example}\`.`,
      cause,
    });
  }
  const rows: Record<string, string>[] = [];
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
    throw new AppError('FILE_UNREADABLE', `The file of ${what} is no CSV: ${(cause as Error).message}`, {
      where: path,
      expected: 'a first line with column names, then as many values on every line',
      cause,
    });
  }
  if (rows.length === 0)
    throw new AppError('FILE_UNREADABLE', `The file of ${what} has no rows`, {
      where: path,
      expected: 'a first line with column names and at least one row of values',
    });
  return { rows, lines };
}
