import { defineConfig } from 'vitest/config';

// Packages resolve to their sources (`@sshn/source`), so tests never run against a stale build.
export default defineConfig({
  resolve: { conditions: ['@sshn/source'] },
  ssr: { resolve: { conditions: ['@sshn/source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'tests/**/*.test.ts',
      'examples/**/*.test.ts',
      'benchmarks/**/*.test.ts',
    ],
    setupFiles: ['tests/testing/src/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Tensor counts and the engine are global: every file gets a process of its own.
    pool: 'forks',
  },
});
