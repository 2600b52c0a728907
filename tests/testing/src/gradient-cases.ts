import { dispose, grads, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, useBackend } from './backends.js';
import { gradientError } from './finite-differences.js';
import { withoutLeak } from './leaks.js';
import { weighted } from './samples.js';

type Backend = (typeof backends)[number];

/** A differentiable function and the point to differentiate at. */
export type GradientCase = readonly [
  name: string,
  f: (...x: Tensor[]) => Tensor,
  at: () => Tensor[],
  /** Where not all of them can. @default all */
  on?: readonly Backend[],
];

/** One test per backend and case: tape against central differences, and nothing left behind. */
export function describeGradients(cases: readonly GradientCase[], setUp: () => void | Promise<void>): void {
  const casesOn = (backend: Backend) => cases.filter(([, , , on = backends]) => on.includes(backend));

  describe.each(backends.filter((backend) => casesOn(backend).length > 0))('gradients on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      await setUp();
    });

    test.each(casesOn(backend).map(([name, f, at]) => [name, { f, at }] as const))(
      '%s',
      async (_, { f, at }) => {
        const inputs = at();
        const scalar = (...x: Tensor[]) => tidy(() => weighted(f(...x)));
        expect(gradientError(scalar, inputs)).toBeLessThan(5e-3);
        await withoutLeak(() => dispose(grads(scalar as never)(inputs)));
        dispose(inputs);
      },
    );
  });
}
