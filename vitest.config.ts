import { defineConfig } from 'vitest/config';

const shared = { globalSetup: './test/global-setup.ts', pool: 'forks' as const };

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'unit', include: ['test/**/*.test.ts', 'test/**/*.test.tsx'], exclude: ['test/loopback/**', 'test/interop/**'] } },
      { test: { ...shared, name: 'loopback', include: ['test/loopback/**/*.test.ts'], testTimeout: 60_000, fileParallelism: false } },
      { test: { ...shared, name: 'interop', include: ['test/interop/**/*.test.ts'], testTimeout: 180_000, fileParallelism: false } },
    ],
  },
});
