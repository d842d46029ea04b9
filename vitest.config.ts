import { defineConfig } from 'vitest/config';

/** Three files at a time on two cores: most of a test's time is spent waiting for the far end. */
const built = { globalSetup: './test/global-setup.ts', pool: 'forks' as const, maxWorkers: 3 };
/** Tests that judge a run as a user does. One that was held up by others is rightly `invalid`, and is repeated. */
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
          // They take milliseconds; the limit ends one that hangs, also on a machine with other work.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...built,
          name: 'loopback',
          include: ['test/loopback/**/*.test.ts'],
          exclude: wholeRuns,
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...built,
          name: 'runs',
          include: wholeRuns,
          testTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...built,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 180_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
