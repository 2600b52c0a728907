import {
  initialize,
  kaimingNormal,
  namedParams,
  type ParamSpec,
  type ParamsOf,
  Rng,
  ShapeError,
  zeros,
} from '@sshn/core';
import { backends, distinct, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  add,
  dispose,
  matMul,
  mean,
  mul,
  type Scalar,
  scalar,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGradients } from './value-and-gradients.js';

const leaf = (...shape: number[]): ParamSpec => ({
  kind: 'param',
  role: 'kernel',
  axes: shape.map((_, i) => `axis${i}`),
  shape,
  fanIn: 3,
  init: shape.length === 1 ? zeros : kaimingNormal(3),
});

const specs = { layers: [{ kernel: leaf(3, 2), bias: leaf(2) }], unused: leaf(4) };
type Params = ParamsOf<typeof specs>;

const loss =
  (x: Tensor, y: Tensor) =>
  ({ layers: [layer] }: Params): Scalar =>
    mean(square(sub(add(matMul(x as Tensor2D, layer!.kernel as Tensor2D), layer!.bias), y)));

describe.each(backends)('valueAndGradients on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('gives the value and its slope', () => {
    const point = { a: tensor1d([1, 2]) as Tensor, b: scalar(3) as Tensor };
    const { value, gradients } = valueAndGradients(point, ({ a, b }) => sum<Scalar>(mul(square(a), b)));
    expect([...gradients.a.dataSync()]).toEqual([6, 12]);
    expect(value.dataSync()[0]).toBe(15);
    expect([...namedParams(gradients)].map(([path, gradient]) => [path, [...gradient.dataSync()]])).toEqual([
      ['a', [6, 12]],
      ['b', [5]],
    ]);
  });

  test('keeps the canonical order, and gives 0 where the value does not depend', () => {
    const params = initialize(specs, Rng.fromSeed(1));
    const { gradients } = valueAndGradients(params, loss(distinct([5, 3]), distinct([5, 2])));
    expect([...namedParams(gradients).keys()]).toEqual(['layers.0.bias', 'layers.0.kernel', 'unused']);
    expect(namedParams(gradients).get('layers.0.kernel')!.shape).toEqual([3, 2]);
    expect([...namedParams(gradients).get('unused')!.dataSync()]).toEqual([0, 0, 0, 0]);
  });

  test('leads downhill', () => {
    const [x, y] = [distinct([5, 3]), distinct([5, 2])];
    const at = (params: Params) => valueAndGradients(params, loss(x, y));
    const params = initialize(specs, Rng.fromSeed(1));
    const { value, gradients } = at(params);
    const step = (path: string, tensor: Tensor) => sub(tensor, mul(namedParams(gradients).get(path)!, 0.05));
    const [layer] = params.layers;
    const moved: Params = {
      layers: [{ kernel: step('layers.0.kernel', layer!.kernel), bias: step('layers.0.bias', layer!.bias) }],
      unused: params.unused,
    };
    expect(at(moved).value.dataSync()[0]!).toBeLessThan(value.dataSync()[0]!);
  });

  test('leaves only the value and the gradients, which the caller owns', async () => {
    const params = initialize(specs, Rng.fromSeed(1));
    const f = loss(distinct([5, 3]), distinct([5, 2]));
    await withoutLeak(() => {
      const { value, gradients } = valueAndGradients(params, f);
      dispose([value, ...namedParams(gradients).values()]);
    });
    expect(params.unused.isDisposed).toBe(false);
  });
});

describe('refusals', () => {
  beforeAll(() => useBackend('cpu'));

  test('a function that returns no scalar', () => {
    const params = { a: tensor1d([1, 2]) };
    const run = () => valueAndGradients(params, ({ a }) => square(a) as unknown as Scalar);
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(
      'valueAndGradients: got shape [2], expected a scalar, []. Reduce it with sum or mean.',
    );
  });
});
