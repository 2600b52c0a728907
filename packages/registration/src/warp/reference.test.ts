import { Rng } from '@sshn/core';
import { registerGradients, warpOperation } from '@sshn/ops';
import { backends, useBackend } from '@sshn-internal/testing';
import {
  grads,
  mul,
  registerKernel,
  sum,
  type Tensor,
  tidy,
  unregisterKernel,
  zeros,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { noise, relativeError, smoothPlaces, type WarpCase, warpCases } from '../testing/cases.js';
import { type Grid, naiveGradField, naiveGradImage, naiveWarp } from '../testing/naive-warp.js';
import { warp } from './warp.js';

const gridOf = (x: Tensor): Grid => ({ shape: x.shape, data: Array.from(x.dataSync()) });

function operands({ batch, size, channels, reach, seed }: WarpCase) {
  const rng = Rng.fromSeed(seed);
  const image = noise(rng.split('image'), [batch, ...size, channels]);
  const field = smoothPlaces(rng.split('field'), [batch, ...size, size.length], reach);
  return { image, field, dy: noise(rng.split('dy'), image.shape) };
}

const always = (count: number, holds: (c: WarpCase) => void): void =>
  fc.assert(
    fc.property(warpCases, (c) => void tidy(() => holds(c))),
    { numRuns: count },
  );

describe.each(backends)('warp against its definition in double precision, on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('values', () => {
    always(150, (c) => {
      const { image, field } = operands(c);
      const expected = naiveWarp(gridOf(image), gridOf(field), c);
      expect(relativeError(warp(image, field, c).dataSync(), expected)).toBeLessThan(
        c.reach > 3 ? 1e-5 : 2e-6,
      );
    });
  });

  test('gradients: the transpose, and central differences', () => {
    always(150, (c) => {
      const { image, field, dy } = operands(c);
      const f = (a: Tensor, b: Tensor): Tensor => sum(mul(warp(a, b, c), dy));
      const [toImage, toField] = grads(f as never)([image, field]);
      const [g, u, upstream] = [gridOf(image), gridOf(field), gridOf(dy)];
      expect(relativeError(toImage!.dataSync(), naiveGradImage(upstream, u, g.shape, c))).toBeLessThan(2e-5);
      expect(relativeError(toField!.dataSync(), naiveGradField(upstream, g, u, c))).toBeLessThan(2e-5);
    });
  });

  test('an image of another size than the field', () => {
    const rng = Rng.fromSeed(7);
    const sampling = { interpolation: 'linear', padding: 'reflect' } as const;
    const [image, field] = [
      noise(rng.split('image'), [2, 3, 6, 2]),
      smoothPlaces(rng.split('field'), [2, 5, 4, 2], 3),
    ];
    const dy = noise(rng.split('dy'), [2, 5, 4, 2]);
    const f = (a: Tensor, b: Tensor): Tensor => sum(mul(warpOperation(a, b, sampling), dy));
    const [toImage, toField] = grads(f as never)([image, field]);
    const [g, u, upstream] = [gridOf(image), gridOf(field), gridOf(dy)];
    expect(
      relativeError(warpOperation(image, field, sampling).dataSync(), naiveWarp(g, u, sampling)),
    ).toBeLessThan(2e-6);
    expect(relativeError(toImage!.dataSync(), naiveGradImage(upstream, u, g.shape, sampling))).toBeLessThan(
      1e-5,
    );
    expect(relativeError(toField!.dataSync(), naiveGradField(upstream, g, u, sampling))).toBeLessThan(1e-5);
  });

  test('the gradient to the image is computed only where somebody asks for it', () => {
    const [image, field] = [zeros([1, 3, 4, 1]), zeros([1, 3, 4, 2])];
    let asked = 0;
    registerKernel({
      kernelName: 'SshnWarpGradImage',
      backendName: backend,
      kernelFunc: () => {
        asked++;
        return zeros(image.shape);
      },
    });
    try {
      grads(((u: Tensor) => sum(warp(image, u))) as never)([field]);
      expect(asked).toBe(0);
      grads(((x: Tensor) => sum(warp(x, field))) as never)([image]);
      expect(asked).toBe(1);
    } finally {
      unregisterKernel('SshnWarpGradImage', backend);
    }
  });
});
