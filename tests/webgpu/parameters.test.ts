import { namedParams } from '@sshn/core';
import { applyHeads } from '@sshn/ops';
import { adamW, globalNorm } from '@sshn/optim';
import { addN, grads, mul, sum, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { expectSame, hasWebgpu, noise } from './compare.js';

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

  test('the norm of any number of tensors', async () => {
    await expectSame(
      [0, 1, 2, 6, 7, sizes.length],
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
