import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, mul, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { integrateVelocity } from '../fields/integrate.js';
import { noise, relativeError, smoothPlaces, type WarpCase, warpCases } from '../testing/cases.js';
import { warp, warpLabels } from './warp.js';

/** Values and gradients of a warp, and of a warp by an integrated velocity, on the current backend. */
function results(c: WarpCase): Float32Array[] {
  return tidy(() => {
    const rng = Rng.fromSeed(c.seed);
    const image = noise(rng.split('image'), [c.batch, ...c.size, c.channels]);
    const field = smoothPlaces(rng.split('field'), [c.batch, ...c.size, c.size.length], c.reach);
    const velocity = noise(rng.split('velocity'), field.shape);
    const dy = noise(rng.split('dy'), image.shape);
    const plain = (a: Tensor, b: Tensor): Tensor => sum(mul(warp(a, b, c), dy));
    const whole = (a: Tensor, b: Tensor): Tensor =>
      sum(mul(warp(a, integrateVelocity(b), { padding: c.padding }), dy));
    return [
      warp(image, field, c),
      ...grads(plain as never)([image, field]),
      integrateVelocity(velocity),
      ...grads(whole as never)([image, velocity]),
    ].map((x) => x.dataSync() as Float32Array);
  });
}

test('compiled kernels give what the composition gives', async () => {
  registerGradients();
  const cases = fc.sample(warpCases, { numRuns: 12, seed: Number(process.env.SSHN_TEST_SEED ?? 3) });
  await useBackend('cpu');
  const composed = cases.map(results);
  const { kernels } = await useFastWasm();
  expect(kernels.native).toEqual(
    expect.arrayContaining(['SshnWarp', 'SshnWarpGradField', 'SshnWarpGradImage']),
  );
  const compiled = cases.map(results);
  compiled.forEach((of, i) => {
    of.forEach((values, k) => {
      expect(relativeError(values, composed[i]![k]!), JSON.stringify([cases[i], k])).toBeLessThan(1e-4);
    });
  });
  const labels = tensor([3, 1, 2], [1, 1, 3], 'int32');
  const field = tensor([0, 1, 0, 0.4, 0, 0.6], [1, 1, 3, 2]);
  expect([...warpLabels(labels, field, { padding: 'zeros' }).dataSync()]).toEqual([1, 1, 0]);
  const f = (x: Tensor, u: Tensor): Tensor => tidy(() => sum(warp(x, u)));
  const image = tensor([3, 1, 2], [1, 1, 3, 1]);
  await withoutLeak(() => dispose(grads(f as never)([image, field])));
});
