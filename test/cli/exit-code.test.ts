import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import { AppError, type ErrorCode, ExitCode } from '../../src/core/errors.js';
import { demoSummary } from '../fixtures/run.js';

const failure = new AppError('TARGET_SILENT', 'x');

function summary(verdict: 'pass' | 'fail' | 'invalid' | 'interrupted', valid: boolean) {
  const { run } = demoSummary();
  return { verdict, run: { ...run, valid } };
}

describe('the exit status', () => {
  it.each([
    ['all gates passed', 0, null, null, summary('pass', true)],
    ['a gate failed', 1, null, null, summary('fail', true)],
    ['invalid goes before a failed gate', 4, null, null, summary('invalid', false)],
    ['unusable goes before invalid', 3, null, failure, summary('fail', false)],
    ['unusable without a run', 3, null, failure, null],
    ['interrupted goes before unusable', 130, 'SIGINT', failure, summary('fail', false)],
    ['terminated goes before unusable', 143, 'SIGTERM', failure, null],
    ['interrupted goes before all gates passed', 130, 'SIGINT', null, summary('interrupted', true)],
    ['a file of the user is bad input', 2, null, new AppError('FILE_UNREADABLE', 'x'), null],
  ] as const)('%s: %i', (_what, code, signal, error, ended) => {
    expect(exitCodeOf({ signal, failure: error, summary: ended })).toBe(code);
  });
});

describe('docs/exit-codes.md', () => {
  const page = readFileSync(new URL('../../docs/exit-codes.md', import.meta.url), 'utf8');

  it('lists every exit status', () => {
    for (const status of Object.values(ExitCode)) expect(page).toMatch(new RegExp(`^\\| ${status} \\|`, 'm'));
  });

  it('lists every error code with the status that it gives', () => {
    const source = readFileSync(new URL('../../src/core/errors.ts', import.meta.url), 'utf8');
    const union = /export type ErrorCode =([^;]+);/.exec(source)![1];
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map((m) => m[1] as ErrorCode);
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes)
      expect(page).toMatch(new RegExp(`^\\| \`${code}\` \\| ${new AppError(code, 'x').exitCode} \\|`, 'm'));
    expect(page.match(/^\| `[A-Z_]+` \|/gm)?.length).toBe(codes.length);
  });
});
