import { namedParams } from '@sshn/core';
import { applyDense, applyHeads, unitDifference } from '@sshn/ops';
import { adamW, globalNorm } from '@sshn/optim';
import {
  addN,
  concat,
  grads,
  mul,
  range,
  reshape,
  split,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { expectSame, hasWebgpu, noise, withGradients } from './compare.js';

/** Sizes of tensors, some larger than a workgroup, and more tensors than one program binds. */
const sizes = [1, 2, 3, 31, 255, 256, 257, 1000, 30_001];

describe.skipIf(!hasWebgpu)('kernels of parameters', { timeout: 180_000 }, () => {
  test('heads of a hypernetwork, and their gradients', async () => {
    const outputs = [1, 17, 300, 1, 5000, 1100, 2];
    await expectSame(
      [
        { heads: 1, width: 1 },
        { heads: 1, width: 100 },
        { heads: 7, width: 33 },
        { heads: 5, width: 16 },
      ],
      ({ heads, width }) => {
        const some = outputs.slice(-heads);
        const inputs = [
          noise('gates', [heads, 1]),
          noise('hidden', [1, width]),
          ...some.map((each, i) => noise(`weight ${i}`, [each, width])),
          ...some.map((each, i) => noise(`base ${i}`, [each, 1])),
        ];
        const predictions = (all: readonly Tensor[]) =>
          applyHeads(
            {
              gates: all[0] as Tensor2D,
              hidden: all[1] as Tensor2D,
              weights: all.slice(2, 2 + heads) as Tensor2D[],
              bases: all.slice(2 + heads),
            },
            some.map((_, i) => (i % 2 === 0 ? 1 : 0.3)),
          );
        const value = (...all: Tensor[]) =>
          addN(predictions(all).map((each, i) => sum(mul(each, noise(`dy ${i}`, each.shape)))));
        return [...predictions(inputs), ...grads(value)(inputs)];
      },
      2e-5,
    );
  });

  test('small dense layers, and unit differences of one row and of two', async () => {
    await expectSame(
      [
        { rows: 1, inputs: 1, outputs: 1, slope: 1 },
        { rows: 2, inputs: 2, outputs: 10, slope: 0.01 },
        { rows: 2, inputs: 10, outputs: 300, slope: 0 },
        { rows: 3, inputs: 100, outputs: 100, slope: 0.2 },
      ],
      ({ rows, inputs, outputs, slope }) => [
        ...withGradients(
          (x, kernel, bias) =>
            applyDense({ x: x as Tensor2D, kernel: kernel as Tensor2D, bias: bias as Tensor1D }, slope),
          [noise('x', [rows, inputs]), noise('kernel', [inputs, outputs]), noise('bias', [outputs])],
        ),
        ...withGradients(
          (x) => unitDifference(x as Tensor2D, { epsilon: 1e-12, scale: 0.3 }),
          [noise('rows', [Math.min(2, rows), outputs])],
        ),
      ],
      2e-5,
    );
  });

  test('parts of a tensor, more than one program writes, and gradients of concatenations', async () => {
    await expectSame(
      [
        { shape: [7], sizes: [1, 2, 4], axis: 0 },
        { shape: [2, 3, 300], sizes: [100, 1, 50, 49, 99, 1], axis: 2 },
        { shape: [3, 9, 2], sizes: [2, 2, 5], axis: 1 },
      ],
      ({ shape, sizes, axis }) => {
        const x = noise('x', shape);
        const counts = reshape(range(0, x.size, 1, 'int32'), shape);
        const parts = split(x, sizes, axis);
        return [
          ...parts,
          ...split(counts, sizes, axis),
          ...withGradients((...all) => concat(all, axis), parts),
        ];
      },
      1e-6,
    );
  });

  test('the norm of any number of tensors', async () => {
    await expectSame(
      [0, 1, 2, 7, 8, sizes.length],
      (count) => [globalNorm(sizes.slice(0, count).map((size, i) => noise(`${i}`, [size])))],
      1e-5,
    );
  });

  test('steps of Adam with weight decay, in new memory and in that of the old', async () => {
    await expectSame(
      [false, true].flatMap((overwrite) => sizes.map((size) => ({ size, overwrite }))),
      ({ size, overwrite }) => {
        const optimizer = adamW({ weightDecay: 0.1 });
        let params = { p: noise('p', [size]) };
        let state = optimizer.init(params);
        for (let step = 0; step < 3; step++) {
          const gradients = { p: noise(`gradient ${step}`, [size]) };
          ({ params, state } = optimizer.update(gradients, state, params, {
            step,
            learningRate: 0.1,
            overwrite,
            gradientScale: [1, 0.3, 2][step]!,
          }));
        }
        const moments = namedParams(state);
        return [params.p, moments.get('first.p')!, moments.get('second.p')!];
      },
      1e-5,
    );
  });

  test('a step of Adam of many tensors at once, some of which share memory with others', async () => {
    await expectSame(
      [0, 1, 2, 3, 4, sizes.length],
      (count) => {
        const optimizer = adamW({ weightDecay: 0.1, scale: (path) => 1 + 0.1 * Number(path) });
        const tensors = (key: string) => sizes.slice(0, count).map((size, i) => noise(`${key} ${i}`, [size]));
        let params = tensors('p');
        let state = optimizer.init(params);
        const kept = params.slice(1, 2).map((param) => param.clone());
        for (let step = 0; step < 2; step++) {
          ({ params, state } = optimizer.update(tensors(`gradient ${step}`), state, params, {
            step,
            learningRate: 0.1,
            overwrite: true,
          }));
        }
        return [...namedParams(params).values(), ...namedParams(state).values(), ...kept];
      },
      1e-5,
    );
  });
});
