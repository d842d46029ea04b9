import { expect, test } from 'vitest';
import { packagesOf } from '../support/packages.js';

// Schemas alone take a quarter of a second, and a SIP stack, histograms and a screen as long again.
test.each([
  ['help and version', 'cli/program.ts', ['commander']],
  ['report', 'cli/report.ts', []],
  ['profile', 'cli/profile.ts', ['csv-parse/sync', 'wavefile', 'yaml', 'zod']],
  ['doctor', 'cli/doctor.ts', ['csv-parse/sync', 'wavefile', 'yaml', 'zod']],
])('%s loads no more packages than it works with', (_, entry, packages) => {
  expect(packagesOf(entry)).toEqual(packages);
});
