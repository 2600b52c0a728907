import { namedParams } from '@sshn/core';
import { dispatcher, type Kernels } from '@sshn/ops';
import { adamW, globalNorm } from '@sshn/optim';
import { matMul, reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { expectSame, hasWebgpu, noise } from './compare.js';

const dispatch = dispatcher<Kernels>();

/** Sizes of tensors, some larger than a workgroup, and more tensors than one program binds. */
const sizes = [1, 2, 3, 31, 255, 256, 257, 1000, 30_001];

describe.skipIf(!hasWebgpu)('kernels of parameters', { timeout: 180_000 }, () => {
  test('heads of a hypernetwork, and their gradients', async () => {
    const shapes: ReadonlyArray<[number, number]> = [
      [1, 1],
      [1, 100],
      [17, 100],
      [300, 3],
      [1100, 100],
      [5000, 33],
    ];
    await expectSame(
      shapes,
      ([outputs, width]) => {
        const weight = noise('weight', [outputs, width]);
        const [hidden, dy] = [noise('hidden', [width]), noise('dy', [outputs])];
        const column = (x: Tensor): Tensor2D => reshape(x, [x.size, 1]);
        const row = (x: Tensor): Tensor2D => reshape(x, [1, x.size]);
        return [
          dispatch('SshnHead', { weight, hidden }, {}, () =>
            reshape(matMul(weight as Tensor2D, column(hidden)), [outputs]),
          ),
          dispatch('SshnHeadGradWeight', { dy, hidden }, {}, () => matMul(column(dy), row(hidden))),
          dispatch('SshnHeadGradHidden', { weight, dy }, {}, () =>
            reshape(matMul(row(dy), weight as Tensor2D), [width]),
          ),
        ];
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
