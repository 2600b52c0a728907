import { initialize, namedSpecs, type ParamsOf, Rng, rescaling } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { convolution } from '../convolution/convolution.js';
import { film } from '../film.js';
import { residual } from './residual.js';

const at = rescaling(0.5);
const pixelwise = (inChannels: number, outChannels: number) =>
  convolution({ inChannels, outChannels, kernelSize: 1 });

test('names', () => {
  const names = (layer: ReturnType<typeof residual>) => namedSpecs(layer.specs).map(([path]) => path);
  expect(names(residual({ body: film({ channels: 1 }) }))).toEqual(['body.beta', 'body.gamma']);
  const projected = residual({ body: pixelwise(1, 2), projection: pixelwise(1, 2) });
  expect(names(projected)).toEqual(['body.bias', 'body.kernel', 'projection.bias', 'projection.kernel']);
  expectTypeOf<ParamsOf<typeof projected.specs>['projection']['bias']>().toEqualTypeOf<Tensor>();
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('adds the body to the input', () => {
    const params = { body: { gamma: tensor([9]), beta: tensor([100]) } };
    const y = residual({ body: film({ channels: 1 }) }).apply(params, tensor([1, 2], [1, 1, 2, 1]), at);
    expect([...y.dataSync()]).toEqual([111, 122]);
  });

  test('adds the body to the projection where there is one', () => {
    const layer = residual({ body: pixelwise(1, 2), projection: pixelwise(1, 2) });
    const params = {
      body: { kernel: tensor([1, 2], [1, 1, 1, 2]), bias: zeros([2]) },
      projection: { kernel: tensor([10, 20], [1, 1, 1, 2]), bias: tensor([0, 100]) },
    };
    expect([...layer.apply(params, tensor([3], [1, 1, 1, 1]), at).dataSync()]).toEqual([33, 166]);
  });

  test('gradients through both sides', () => {
    const layer = residual({ body: film({ channels: 2 }) });
    const f = (...[x, gamma, beta]: Tensor[]) =>
      weighted(layer.apply({ body: { gamma: gamma!, beta: beta! } }, x!, at));
    const inputs = [distinct([1, 2, 3, 2]), tensor([1, -3]), tensor([0, 2])];
    expect(gradientError(f, inputs, 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind', async () => {
    const layer = residual({ body: pixelwise(2, 2) });
    const params = initialize(layer.specs, Rng.fromSeed(1));
    const x = distinct([2, 3, 1, 2]);
    await withoutLeak(() => layer.apply(params, x, at).dispose());
    dispose([x, params.body.kernel, params.body.bias]);
  });

  test('refuses sides of different shapes', () => {
    const layer = residual({ body: pixelwise(1, 2) });
    const params = initialize(layer.specs, Rng.fromSeed(1));
    expect(() => layer.apply(params, zeros([1, 3, 3, 1]), at)).toThrow(
      'residual: output of the body: got shape [1, 3, 3, 2], expected [1, 3, 3, 1], the shape of the input. ' +
        'Give a projection, such as a 1×1 convolution, when the body changes the number of channels.',
    );
  });
});
