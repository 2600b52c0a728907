import { type Tensor, type TensorInfo, tensor } from '@tensorflow/tfjs-core';

import { adam } from '../adam.js';
import { conv, convGradInput, convGradKernel } from '../conv.js';
import { convJoin, convJoinGrad } from '../conv-join.js';
import { concat, split } from '../copies.js';
import { heads, headsGradient } from '../heads.js';
import type { NativeKernels } from '../index.js';
import { crossEntropy, softDice } from '../losses.js';
import { convGradBias, convGradRectifier, leakyReluGrad, leakyReluSum } from '../pointwise.js';
import { resize, resizeGrad } from '../resize.js';
import { warp, warpGradField, warpGradImage } from '../warp.js';
import { noise } from './native.js';

/** Results of every kernel that runs on threads, of inputs that are always the same. */
export function everyKernel(native: NativeKernels): TensorInfo[] {
  const made: Tensor[] = [];
  const make = (shape: number[], seed: number): Tensor => {
    made.push(
      tensor(
        noise(
          shape.reduce((a, b) => a * b),
          seed,
        ),
        shape,
      ),
    );
    return made.at(-1)!;
  };
  const x = make([2, 61, 47, 9], 1);
  const kernel = make([3, 3, 9, 20], 2);
  const wide = make([5, 5, 9, 20], 3);
  const dy = make([2, 61, 47, 20], 4);
  const low = make([2, 17, 23, 12], 12);
  const joint = make([3, 3, 21, 20], 13);
  const offsets = make([20], 14);
  const flat = make([200_001], 5);
  const squares = tensor(flat.dataSync().map((value) => value * value));
  made.push(squares);
  const weight = make([6001, 19], 6);
  const hidden = make([1, 19], 7);
  const outputs = make([6001], 8);
  const one = make([1, 1], 13);
  const settings = {
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-7,
    correction1: 0.1,
    correction2: 0.01,
    weightDecay: 0,
  };
  const image = make([2, 37, 43, 3], 9);
  const field = make([2, 37, 43, 2], 10);
  const volume = make([1, 19, 14, 17, 1], 11);
  const deep = make([1, 19, 14, 17, 3], 12);
  const sampling = { interpolation: 'linear', padding: 'reflect' } as const;
  const dice = { squaredDenominator: true, smooth: 1, includeBackground: true, perSample: false };
  const results = [
    conv(native, x, kernel, { slope: 0.1 }),
    conv(native, x, wide),
    convGradInput(native, dy, kernel),
    convGradKernel(native, x, dy, [3, 3]),
    convGradKernel(native, x, dy, [5, 5]),
    convJoin(native, { low, skip: x, kernel: joint, bias: offsets }, 0.1, 'apart'),
    ...convJoinGrad(native, dy, { low, skip: x, kernel: joint }, 'apart'),
    convGradBias(native, dy),
    leakyReluGrad(native, { dy, y: dy }, { slope: 0.1 }),
    ...convGradRectifier(native, { dy, y: dy }, { slope: 0.1 }),
    leakyReluSum(native, { a: dy, b: dy }, { slope: 0.1 }),
    ...crossEntropy(native, { logits: dy, labels: dy }),
    ...softDice(native, { logits: dy, labels: dy }, dice),
    resize(native, x, [90, 31]),
    resizeGrad(native, dy, [30, 95]),
    concat(native, [x, dy], 3),
    ...split(native, dy, [5, 15], 3),
    ...heads(native, { gates: one, hidden, weight0: weight, base0: outputs }, [0.5]),
    ...headsGradient(native, { gates: one, hidden, weight0: weight, dy0: outputs }),
    warp(native, { image, field }, sampling),
    warp(native, { image: volume, field: deep }, sampling),
    warpGradField(native, { dy: image, image, field }, sampling),
    warpGradField(native, { dy: volume, image: volume, field: deep }, sampling),
    warpGradImage(native, { dy: image, field, inputSize: [35, 40] }, sampling),
    warpGradImage(native, { dy: volume, field: deep, inputSize: [19, 14, 17] }, sampling),
    ...adam(native, { param: flat, m: flat, v: squares, grad: flat }, settings),
  ];
  for (const t of made) t.dispose();
  return results;
}
