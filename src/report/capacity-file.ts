import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.js';
import type { FoundCapacity } from '../metrics/readiness.js';
import { RUN_FILES } from './run-directory.js';

/**
 * What a search for capacity found, from the directory that `trunkstorm capacity --out` wrote.
 * @throws AppError FILE_UNREADABLE
 */
export async function readCapacity(directory: string): Promise<FoundCapacity> {
  const where = join(directory, RUN_FILES.capacity);
  const refuse = (found: string, hint: string): AppError =>
    new AppError('FILE_UNREADABLE', 'The result of the search for capacity cannot be used.', {
      where,
      expected: `a directory with ${RUN_FILES.capacity}, as \`trunkstorm capacity --expect N --out DIR\` writes it`,
      found,
      hint,
    });
  let value: unknown;
  try {
    value = JSON.parse(await readFile(where, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw refuse(
      code === 'ENOENT' ? 'no such file' : (code ?? (error as Error).message),
      'Give the directory, not the file.',
    );
  }
  const expected = numberAt(expectedPeak(value), 'level');
  if (expected === null || expected <= 0)
    throw refuse('no expected peak', 'Search with --expect: headroom is what is carried beyond that.');
  const result = tableAt(value, 'result') ?? value;
  const concurrency = tableAt(result, 'concurrency');
  const calls = numberAt(concurrency, 'value');
  if (calls === null)
    throw refuse('no number of calls at once that held', 'Search again: this one was ended too early.');
  return { expected, calls, isAtLeast: (concurrency as { isAtLeast?: unknown }).isAtLeast !== false };
}

/** The row of the expected peak of calls at once itself, of the table of headroom. */
function expectedPeak(value: unknown): unknown {
  const rows: unknown = isTable(value) ? value.headroom : null;
  return Array.isArray(rows)
    ? rows.find((row) => isTable(row) && row.dimension === 'concurrency' && row.headroom === 0)
    : null;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tableAt(value: unknown, key: string): unknown {
  return isTable(value) && isTable(value[key]) ? value[key] : null;
}

function numberAt(value: unknown, key: string): number | null {
  const number = isTable(value) ? value[key] : null;
  return typeof number === 'number' ? number : null;
}
