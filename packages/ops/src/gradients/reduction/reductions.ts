import {
  broadcastTo,
  Cumsum,
  type CumsumAttrs,
  cast,
  cumprod,
  cumsum,
  div,
  equal,
  type GradConfig,
  Max,
  type MaxAttrs,
  Mean,
  type MeanAttrs,
  Min,
  type MinAttrs,
  mul,
  Prod,
  type ProdAttrs,
  reshape,
  Sum,
  type SumAttrs,
  sum,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { keptShape, reducedAxes } from './broadcast.js';

type Axes = number | number[] | null | undefined;

/** Spreads the gradient of a reduction over what was reduced. */
function spread(dy: Tensor, shape: number[], axes: Axes): Tensor {
  return broadcastTo(reshape(dy, keptShape(shape, axes)), shape);
}

/** dy shared equally by the entries that attain the extreme `y`. */
function extremeGradient(dy: Tensor, x: Tensor, y: Tensor, axes: Axes): Tensor {
  const kept = keptShape(x.shape, axes);
  const attained = cast(equal(x, reshape(y, kept)), 'float32');
  const ties = sum(attained, reducedAxes(x.rank, axes), true);
  return mul(attained, div(reshape(dy, kept), ties));
}

/** dy times the product of all other entries, without a division that a zero would spoil. */
function productGradient(dy: Tensor, x: Tensor, axes: Axes): Tensor {
  const reduced = reducedAxes(x.rank, axes);
  const order = [...x.shape.keys()].filter((axis) => !reduced.includes(axis)).concat(reduced);
  const last = transpose(x, order);
  const count = reduced.reduce((product, axis) => product * x.shape[axis]!, 1);
  const rows = reshape(last, [-1, count]);
  const others = mul(cumprod(rows, 1, true, false), cumprod(rows, 1, true, true));
  const back = order.map((_, axis) => order.indexOf(axis));
  return mul(reshape(dy, keptShape(x.shape, axes)), transpose(reshape(others, last.shape), back));
}

/** Sums, means and products over axes. */
export const reductions = (): readonly GradConfig[] => [
  entry<SumAttrs>(Sum, {
    save: ['x'],
    gradients: (dy, [x], { axis }) => ({ x: () => spread(dy, x!.shape, axis) }),
  }),
  entry<MeanAttrs>(Mean, {
    save: ['x'],
    gradients: (dy, [x], { axis }) => ({
      x: () => spread(div(dy, x!.size / dy.size), x!.shape, axis),
    }),
  }),
  entry<ProdAttrs>(Prod, {
    save: ['x'],
    gradients: (dy, [x], { axis }) => ({ x: () => productGradient(dy, x!, axis) }),
  }),
];

/** What stock tfjs has too, but wrong: ties counted several times; sums along an axis that is not the last. */
export const reductionFixes = (): readonly GradConfig[] => [
  entry<MaxAttrs>(Max, {
    save: ['x'],
    saveOutput: true,
    gradients: (dy, [x, y], { reductionIndices }) => ({
      x: () => extremeGradient(dy, x!, y!, reductionIndices),
    }),
  }),
  entry<MinAttrs>(Min, {
    save: ['x'],
    saveOutput: true,
    gradients: (dy, [x, y], { axis }) => ({ x: () => extremeGradient(dy, x!, y!, axis) }),
  }),
  entry<CumsumAttrs>(Cumsum, {
    gradients: (dy, _, { axis, exclusive, reverse }) => ({ x: () => cumsum(dy, axis, exclusive, !reverse) }),
  }),
];
