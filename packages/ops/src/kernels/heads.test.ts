import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import {
  add,
  dispose,
  grad,
  grads,
  slice,
  type Tensor,
  type Tensor2D,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyHeads, type HeadsInputs } from './heads.js';

/** Three heads, of three outputs (as a column), of one and of 2 × 2, which read a hidden layer of two. */
const inputs = (): HeadsInputs => ({
  weights: [
    tensor([1, 2, 3, 4, 5, 6], [3, 2]),
    tensor([7, -1], [1, 2]),
    tensor([1, 0, 0, 1, 2, 0, 0, 2], [4, 2]),
  ],
  bases: [tensor([100, 200, 300], [3, 1]), tensor([5]), tensor([1, 2, 3, 4], [2, 2])],
  gates: tensor([1, 0.5, -2], [3, 1]),
  hidden: tensor([10, 1], [1, 2]),
});
const listOf = ({ weights, bases, gates, hidden }: HeadsInputs): Tensor[] => [
  gates,
  hidden,
  ...weights,
  ...bases,
];
const inputsOf = ([gates, hidden, ...others]: readonly Tensor[]): HeadsInputs => ({
  weights: others.slice(0, others.length / 2) as Tensor2D[],
  bases: others.slice(others.length / 2),
  gates: gates as Tensor2D,
  hidden: hidden as Tensor2D,
});

describe.each(backends)('heads on %s', (backend) => {
  beforeAll(async () => {
    registerGradients();
    await useBackend(backend);
  });

  it.each([
    [1, [[112, 234, 356], [39.5], [-19, 0, -37, 0]]],
    [0.5, [[62, 134, 206], [37], [-19.5, -1, -38.5, -2]]],
  ] as const)('with the base times %d, as by hand, in the shapes of the bases', async (scale, expected) => {
    const at = inputs();
    await withoutLeak(() => {
      const all = applyHeads(at, [scale, scale, scale]);
      expect(all.map(({ shape }) => shape)).toEqual([[3, 1], [1], [2, 2]]);
      expect(all.map((each) => [...each.dataSync()])).toEqual(expected);
      dispose(all);
    });
    dispose(listOf(at));
  });

  it.each([3, 1])('of %d has the gradients that central differences show', async (heads) => {
    const { weights, bases, gates, hidden } = inputs();
    const some = listOf({
      weights: weights.slice(0, heads),
      bases: bases.slice(0, heads),
      gates: slice(gates, [0, 0], [heads, 1]),
      hidden,
    });
    const scales = [0.7, 1, 0.3].slice(0, heads);
    const f = (...all: Tensor[]): Tensor =>
      tidy(() =>
        applyHeads(inputsOf(all), scales)
          .map(weighted)
          .reduce((sum, each) => add(sum, each)),
      );
    expect(gradientError(f, some, 0.5)).toBeLessThan(1e-3);
    await withoutLeak(() => dispose(grads(f)(some)));
    dispose([...weights, ...bases, gates, hidden]);
  });

  it('takes no gradient from a prediction that nothing uses', () => {
    const { weights, bases, gates, hidden } = inputs();
    const second = (x: Tensor): Tensor =>
      applyHeads({ weights, bases, gates: x as Tensor2D, hidden }, [1, 1, 1])[1]!;
    const dx = grad(second)(gates);
    expect([...dx.dataSync()]).toEqual([0, 69, 0]);
    dispose([dx, ...weights, ...bases, gates, hidden]);
  });
});

it('of no heads, gives nothing', () => {
  const nothing = tensor([], [0, 1]) as Tensor2D;
  expect(applyHeads({ weights: [], bases: [], gates: nothing, hidden: nothing }, [])).toEqual([]);
  nothing.dispose();
});
