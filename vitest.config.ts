import { defineConfig } from 'vitest/config';

/** Files of a worker share what they import: loading it anew for each took longer than the tests. None leaves anything behind in it. */
const shared = { pool: 'forks' as const, isolate: false, setupFiles: './test/setup.ts' };
/**
 * Tests with threads, sockets and real peers. Most of their time is spent waiting for the far end, so several files go at a
 * time; a test that the others held up, or took a port from, has two more tries: a fault fails all three.
 */
const built = { ...shared, globalSetup: './test/global-setup.ts', retry: 2 };
/** Tests that judge a run as a user does. One that was held up by others is rightly `invalid`. */
const wholeRuns = ['test/loopback/{cli,run}-*.test.ts', 'test/loopback/shard-crash.test.ts'];

/** Unit tests run on the sources; the others start worker threads, which run from the built files. */
export default defineConfig({
  test: {
    reporters: ['default', './test/line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          ...shared,
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
          maxWorkers: 3,
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
          maxWorkers: 3,
          include: wholeRuns,
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...built,
          // Their helpers keep folders and processes by file.
          isolate: true,
          name: 'interop',
          maxWorkers: 2,
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 180_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
