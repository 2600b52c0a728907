import { backends, useBackend } from '@sshn-internal/testing';
import {
  argMax,
  argMin,
  cast,
  ceil,
  equal,
  floor,
  floorDiv,
  grad,
  greater,
  greaterEqual,
  isFinite as isFiniteTensor,
  isInf,
  isNaN as isNaNTensor,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  mul,
  notEqual,
  oneHot,
  onesLike,
  round,
  sign,
  step,
  sum,
  type Tensor,
  tensor2d,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const constants: Record<string, (x: Tensor) => Tensor> = {
  step,
  sign,
  floor,
  ceil,
  round,
  zerosLike,
  onesLike,
  isNaN: isNaNTensor,
  isInf,
  isFinite: isFiniteTensor,
  argMax: (x) => argMax(x, 1),
  argMin: (x) => argMin(x, 1),
  greater: (x) => greater(x, 0),
  greaterEqual: (x) => greaterEqual(x, 0),
  less: (x) => less(x, 0),
  lessEqual: (x) => lessEqual(0, x),
  equal: (x) => equal(x, x),
  notEqual: (x) => notEqual(x, 1),
  logicalNot: (x) => logicalNot(greater(x, 0)),
  logicalAnd: (x) => logicalAnd(greater(x, 0), less(x, 1)),
  logicalOr: (x) => logicalOr(greater(x, 0), less(x, 1)),
  floorDiv: (x) => floorDiv(x, 2),
  oneHot: (x) => oneHot(cast(x, 'int32'), 3),
};

describe.each(backends)('gradients on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each(Object.entries(constants))('%s is 0', (_, f) => {
    const x = tensor2d([
      [0.5, -1.5, 2.25],
      [1.5, -0.5, 0.25],
    ]);
    const gradient = grad((x: Tensor) => sum(cast(f(x), 'float32')))(x);
    expect(gradient.shape).toEqual([2, 3]);
    expect(Array.from(gradient.dataSync(), Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('a mask from a comparison selects the gradient', () => {
    const x = tensor2d([[-2, 3]]);
    const gradient = grad((x: Tensor) => sum(where(greater(x, 0), mul(x, x), mul(x, 0.5))))(x);
    expect([...gradient.dataSync()]).toEqual([0.5, 6]);
  });
});
