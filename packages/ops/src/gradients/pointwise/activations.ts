import {
  add,
  div,
  Elu,
  exp,
  type GradConfig,
  greater,
  LeakyRelu,
  type LeakyReluAttrs,
  less,
  logicalAnd,
  mul,
  neg,
  Prelu,
  Relu,
  Relu6,
  Selu,
  Sigmoid,
  Softmax,
  type SoftmaxAttrs,
  Softplus,
  square,
  sub,
  sum,
  Tanh,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { entry, fromInput, fromOutput } from '../entry.js';
import { sumTo } from '../reduction/broadcast.js';

/** λ and λ·α of the self-normalizing activation. *Source*: Klambauer et al. (2017). */
const seluScale = 1.0507009873554805;
const seluScaleAlpha = 1.7580993408473766;

/** Activations. Where the output tells the derivative, only the output is kept. At kinks, the gradient from the left. */
export const activations = (): readonly GradConfig[] => [
  fromOutput(Sigmoid, (dy, y) => mul(dy, mul(y, sub(1, y)))),
  fromOutput(Tanh, (dy, y) => mul(dy, sub(1, square(y)))),
  fromInput(Softplus, (dy, x) => div(dy, add(1, exp(neg(x))))),
  fromOutput(Relu, (dy, y) => where(greater(y, 0), dy, zerosLike(dy))),
  fromOutput(Relu6, (dy, y) => where(logicalAnd(greater(y, 0), less(y, 6)), dy, zerosLike(dy))),
  fromOutput(Elu, (dy, y) => where(greater(y, 0), dy, mul(dy, add(y, 1)))),
  fromOutput(Selu, (dy, y) => where(greater(y, 0), mul(dy, seluScale), mul(dy, add(y, seluScaleAlpha)))),
  entry<LeakyReluAttrs>(LeakyRelu, {
    save: ['x'],
    gradients: (dy, [x], { alpha }) => ({ x: () => where(greater(x!, 0), dy, mul(dy, alpha)) }),
  }),
  entry(Prelu, {
    save: ['x', 'alpha'],
    gradients: (dy, [x, alpha]) => ({
      x: () => where(greater(x!, 0), dy, mul(dy, alpha!)),
      alpha: () => sumTo(where(greater(x!, 0), zerosLike(dy), mul(dy, x!)), alpha!.shape),
    }),
  }),
  entry<SoftmaxAttrs>(Softmax, {
    saveOutput: true,
    gradients: (dy, [y], { dim }) => ({
      logits: () => mul(y!, sub(dy, sum(mul(dy, y!), dim, true))),
    }),
  }),
];
