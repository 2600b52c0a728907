import type { AdamSettings, AdamState } from '@sshn/ops';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type PointwiseProgram, runPointwise } from './program.js';

const leaky: PointwiseProgram = {
  inputs: ['dy', 'y'],
  floats: ['slope'],
  // step(y, 0) is 1 where y <= 0.
  body: 'return dyValue * (1.0 + (slope - 1.0) * step(yValue, VALUE(0.0)));',
};

/** dy where y > 0, slope · dy elsewhere. */
export function leakyReluGrad(
  backend: MathBackendWebGL,
  { dy, y, slope }: { readonly dy: TensorInfo; readonly y: TensorInfo; readonly slope: number },
): TensorInfo {
  return runPointwise(backend, leaky, { inputs: [dy, y], floats: [slope] });
}

const mean: PointwiseProgram = {
  inputs: ['m', 'grad'],
  floats: ['kept', 'taken'],
  body: 'return kept * mValue + taken * gradValue;',
};

const meanSquare: PointwiseProgram = {
  inputs: ['v', 'grad'],
  floats: ['kept', 'taken'],
  body: 'return kept * vValue + taken * gradValue * gradValue;',
};

const moved: PointwiseProgram = {
  inputs: ['param', 'm', 'v'],
  floats: ['kept', 'rate', 'offset'],
  body: 'return kept * paramValue - rate * mValue / (sqrt(vValue) + offset);',
};

/** `[param', m', v']` after one step of Adam with decoupled weight decay, as new tensors, of the layout of the old ones. */
export function adam(
  backend: MathBackendWebGL,
  { param, m, v, grad }: AdamState<TensorInfo>,
  {
    learningRate,
    beta1,
    beta2,
    epsilon,
    correction1,
    correction2,
    weightDecay,
    gradientScale = 1,
  }: AdamSettings,
): [TensorInfo, TensorInfo, TensorInfo] {
  const root = Math.sqrt(correction2);
  const nextM = runPointwise(backend, mean, {
    inputs: [m, grad],
    floats: [beta1, (1 - beta1) * gradientScale],
  });
  const nextV = runPointwise(backend, meanSquare, {
    inputs: [v, grad],
    floats: [beta2, (1 - beta2) * gradientScale ** 2],
  });
  const next = runPointwise(backend, moved, {
    inputs: [param, nextM, nextV],
    floats: [1 - learningRate * weightDecay, (learningRate * root) / correction1, epsilon * root],
  });
  return [next, nextM, nextV];
}
