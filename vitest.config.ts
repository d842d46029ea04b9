import { defineConfig } from 'vitest/config';

const built = { globalSetup: './test/global-setup.ts', pool: 'forks' as const };
/** Tests that judge a run as a user does: each alone, as a run whose generator was held up is rightly `invalid`. */
const wholeRuns = ['test/loopback/{cli,run}-*.test.ts', 'test/loopback/shard-crash.test.ts'];

/** Unit tests run on the sources; the others start worker threads, which run from the built files. */
export default defineConfig({
  test: {
    reporters: ['default', './test/line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          pool: 'forks',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/loopback/**', 'test/interop/**'],
        },
      },
      {
        test: {
          ...built,
          name: 'loopback',
          include: ['test/loopback/**/*.test.ts'],
          exclude: wholeRuns,
          testTimeout: 60_000,
          // Most of such a test's time is spent waiting for the far end.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...built,
          name: 'runs',
          include: wholeRuns,
          testTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...built,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
