import type { ParamNode, ParamSpec } from '@sshn/core';
import { differentiable } from '@sshn/ops';
import { useBackend } from '@sshn-internal/testing';
import { add, mul, square, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { directionalError } from './directional.js';

beforeAll(() => useBackend('cpu'));

const spec: ParamSpec = {
  kind: 'param',
  role: 'kernel',
  axes: ['entry'],
  shape: [6],
  fanIn: 1,
  init: { kind: 'constant', value: 0 },
};
const specs = { large: spec, small: spec };

/** Σ x², with a gradient that is `factor` times as long as it should be. */
const squares = (x: Tensor, factor: number) =>
  differentiable([x], {
    forward: (x) => ({ value: sum(square(x)), saved: [x] }),
    backward: (dy, x) => [mul(dy, mul(x, 2 * factor))],
  });

function errorsWith(ofLarge: number, ofSmall: number) {
  const params = { large: tensor([1, -2, 3, 2, -1, 4]), small: tensor([2, 1, -1, 3, -2, 1]) };
  const f = (p: ParamNode) => {
    const { large, small } = p as typeof params;
    return add(squares(large, ofLarge), mul(squares(small, ofSmall), 1e-3));
  };
  return {
    together: directionalError('together', specs, params, f, 1e-1),
    apart: directionalError('apart', specs, params, f, 1e-1),
  };
}

test('right gradients, large and small', () => {
  const { together, apart } = errorsWith(1, 1);
  expect(together).toBeLessThan(1e-5);
  expect(apart).toBeLessThan(5e-3);
});

test.each([0, -1, 0.5, 2])(
  'a small gradient that is %d times what it should be shows apart, and hides together',
  (factor) => {
    const { together, apart } = errorsWith(1, factor);
    expect(together).toBeLessThan(5e-3);
    expect(apart).toBeGreaterThan(5e-2);
  },
);

test('a wrong large gradient shows in both', () => {
  const { together, apart } = errorsWith(0.5, 1);
  expect(together).toBeGreaterThan(5e-2);
  expect(apart).toBeGreaterThan(5e-2);
});
