import { defineConfig } from 'vitest/config';

/** Of these packages one process runs many files, which saves the imports. They leave the engine as they found it. */
const shared =
  'packages/{architectures,core,data,flops,graph-model,hypernet,layers,losses,onnx,ops,optim,registration,trace}/src/**/*.test.ts';

/** Of the same packages, files that want an engine which nobody has used, or register kernels of their own. */
const alone = [
  'packages/core/src/no-backend.test.ts',
  'packages/ops/src/gradients/register.test.ts',
  'packages/ops/src/kernels/convolution.test.ts',
  'packages/registration/src/warp/fast-wasm.test.ts',
  'packages/trace/src/kernels/shapes.test.ts',
];

// Packages resolve to their sources (`@sshn/source`), so tests never run against a stale build.
export default defineConfig({
  resolve: { conditions: ['@sshn/source'] },
  ssr: { resolve: { conditions: ['@sshn/source'] } },
  test: {
    setupFiles: ['tests/testing/src/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Tensor counts and the engine are global: every other file gets a process of its own.
    pool: 'forks',
    // tests/wide runs some of them in an engine with other flags; projects do not take those of the command line.
    execArgv: process.env.SSHN_TEST_FLAGS?.split(' ') ?? [],
    projects: [
      {
        extends: true,
        test: { name: 'shared', include: [shared], exclude: alone, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: [
            'packages/{backend-*,cli,model,predict,serve,training,zoo}/src/**/*.test.ts',
            'tests/**/*.test.ts',
            'examples/**/*.test.ts',
            'benchmarks/**/*.test.ts',
            ...alone,
          ],
        },
      },
    ],
  },
});
