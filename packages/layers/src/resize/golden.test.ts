import { registerGradients, resizeLinear } from '@sshn/ops';
import { backends, goldenCases, useBackend } from '@sshn-internal/testing';
import { grads, mul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { asTensor, expectClose, type Values } from '../testing/golden.js';

interface Case {
  readonly x: Values;
  readonly size: number[];
  readonly y: Values;
  readonly dy: Values;
  readonly dx: Values;
}

const files = ['resize2d.json', 'resize3d.json'].map((file) => goldenCases<Case>(file));
const cases = files.includes(undefined) ? undefined : files.flatMap((file) => file!);

describe.skipIf(cases === undefined).each(backends)('golden resizes on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each((cases ?? []).map((c) => [`[${c.x.shape}] to [${c.size}]`, c] as const))('%s', (_, c) => {
    const input = asTensor(c.x);
    expectClose(resizeLinear(input, c.size), c.y);
    const [gradient] = grads((x: Tensor) => sum(mul(resizeLinear(x, c.size), asTensor(c.dy))))([input]);
    expectClose(gradient!, c.dx);
  });
});
