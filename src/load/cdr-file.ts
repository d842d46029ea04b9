import { readCsv } from '../core/csv-file.js';
import { AppError } from '../core/errors.js';
import { userPart } from '../sip/header-text.js';
import type { RecordedCalls, RecordedNumbers } from './replay.js';

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?$/;
const EPOCH = /^\d{9,10}(?:\.\d+)?$/;
const EPOCH_MS = /^\d{12,13}(?:\.\d+)?$/;
const SECONDS = /^\d+(?:\.\d+)?$/;
const CLOCK = /^(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)$/;

/** ISO 8601, UTC where it names no zone, or seconds or ms since 1970 → ms; `null` for anything else. */
export function parseStart(text: string): number | null {
  if (EPOCH.test(text)) return Number(text) * 1000;
  if (EPOCH_MS.test(text)) return Number(text);
  const iso = ISO.exec(text);
  const ms = iso ? Date.parse(`${iso[1]}T${iso[2]}${iso[3] ?? 'Z'}`) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Seconds, or `h:mm:ss` → ms; `null` for anything else. */
export function parseLength(text: string): number | null {
  if (SECONDS.test(text)) return Number(text) * 1000;
  const clock = CLOCK.exec(text);
  return clock ? ((Number(clock[1]) * 60 + Number(clock[2])) * 60 + Number(clock[3])) * 1000 : null;
}

/** A number as it can stand in a SIP URI; `null` for anything else. */
function parseNumber(text: string): string | null {
  return userPart.safeParse(text).success ? text : null;
}

/** Names of the columns. Numbers are read where theirs are named. */
export interface RecordColumns {
  start: string;
  duration: string;
  from?: string;
  to?: string;
}

/**
 * Reads call detail records and finds the stretch of `lengthMs` in which most calls began; of equal ones the first.
 * @throws AppError FILE_UNREADABLE, with the line of the file
 */
export function readBusiest(path: string, columns: RecordColumns, lengthMs: number): RecordedCalls {
  const { rows, lines } = readCsv(path, 'call detail records', `${columns.start},${columns.duration}`);
  const calls = rows.map((row, i) => {
    const value = <T>(column: string, expected: string, parse: (text: string) => T | null): T => {
      const text: string | undefined = row[column];
      if (text === undefined)
        throw new AppError('FILE_UNREADABLE', `The call detail records have no column \`${column}\``, {
          where: `${path}:1`,
          expected: `a column \`${column}\``,
          found: Object.keys(row).join(', '),
          hint: 'Name the columns in the stage: `columns: { start: calldate, duration: billsec }`.',
        });
      const read = parse(text);
      if (read !== null) return read;
      throw new AppError('FILE_UNREADABLE', 'A call detail record cannot be read', {
        where: `${path}:${lines[i]}, column ${column}`,
        expected,
        found: JSON.stringify(text),
        hint: 'Mend or take out that line, or name other columns in the stage: `columns: { start, duration }`.',
      });
    };
    const numbers: RecordedNumbers = {};
    for (const side of ['from', 'to'] as const) {
      const column = columns[side];
      const number = column && value(column, 'a number, without blanks, <, >, " and @', parseNumber);
      // An empty one is that of `calls`.
      if (number) numbers[side] = number;
    }
    return {
      startMs: value(columns.start, 'a time such as 2026-01-14T10:15:02Z or 1768385702', parseStart),
      holdMs: value(columns.duration, 'seconds, or h:mm:ss', parseLength),
      numbers,
    };
  });
  calls.sort((a, b) => a.startMs - b.startMs);
  let from = 0;
  let best = 0;
  let count = 0;
  for (let to = 0; to < calls.length; to++) {
    while (calls[to].startMs - calls[from].startMs >= lengthMs) from++;
    if (to - from + 1 <= count) continue;
    count = to - from + 1;
    best = from;
  }
  const busiest = calls.slice(best, best + count);
  return {
    atMs: busiest.map(({ startMs }) => startMs - busiest[0].startMs),
    holdMs: busiest.map(({ holdMs }) => holdMs),
    numbers: (columns.from ?? columns.to) === undefined ? [] : busiest.map(({ numbers }) => numbers),
  };
}
