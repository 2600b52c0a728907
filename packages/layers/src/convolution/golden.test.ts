import { applyConvolution, registerGradients } from '@sshn/ops';
import { backends, goldenCases, useBackend } from '@sshn-internal/testing';
import { grads, mul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { asTensor, expectClose, type Values } from '../testing/golden.js';

type Case = Readonly<Record<'x' | 'w' | 'b' | 'y' | 'dy' | 'dx' | 'dw' | 'db', Values>>;

const cases = goldenCases<Case>('conv.json');

describe.skipIf(cases === undefined).each(backends)('golden convolutions on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each((cases ?? []).map((c) => [`[${c.x.shape}] * [${c.w.shape}]`, c] as const))('%s', (_, c) => {
    const inputs = [c.x, c.w, c.b].map(asTensor);
    const apply = ([x, w, b]: Tensor[]) => applyConvolution(x!, w!, b!);
    expectClose(apply(inputs), c.y);
    const gradients = grads((...args: Tensor[]) => sum(mul(apply(args), asTensor(c.dy))))(inputs);
    for (const [i, want] of [c.dx, c.dw, c.db].entries()) expectClose(gradients[i]!, want);
  });
});
