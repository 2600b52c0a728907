import {
  add,
  cast,
  concat,
  div,
  greater,
  maximum,
  minimum,
  mul,
  neg,
  ones,
  pad,
  relu,
  reshape,
  rsqrt,
  slice,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { meanOver } from '../reduce.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf, type TensorShape } from './contract.js';

/** How images are correlated over windows. */
export interface LocalNccSettings {
  /** Edge of the window in voxels, odd. */
  readonly window: number;
  /** The squared correlation rather than the signed one. */
  readonly squared: boolean;
  /** Added to the product of the variances. */
  readonly epsilon: number;
}

/** Kernels of sums over windows, and of the correlation that is made of them. */
export interface LocalNccKernels {
  /** At each voxel of x the sum over the window around it, cropped at the border. */
  SshnBoxSum: Kernel<'x', { readonly window: number }>;
  /** 1 − mean local correlation, []; and for its gradients maps `[batch, ...spatial, 5 · channels]`. */
  SshnLocalNcc: Kernel<'moved' | 'fixed', LocalNccSettings, 2>;
  /** Its gradients to both images, each of which has a mean near 0. */
  SshnLocalNccGrad: Kernel<'moved' | 'fixed' | 'maps', { readonly window: number }, 2>;
}

const dispatch = /* @__PURE__ */ dispatcher<LocalNccKernels>();

/**
 * At every voxel the sum over the window around it, an odd number of voxels wide along every spatial axis; beyond the
 * border there is nothing to add.
 *
 * `[batch, ...spatial, channels]` to the same shape, in time linear in the voxels. The operator is its own transpose: the
 * gradient of a box sum is the box sum of the gradient. The result is not differentiable.
 */
export function boxSum(x: Tensor, window: number): Tensor {
  return dispatch('SshnBoxSum', { x }, { window }, () => tidy(() => boxSumComposed(x, window)));
}

function boxSumComposed(x: Tensor, window: number): Tensor {
  return x.shape
    .slice(2)
    .map((_, i) => i + 1)
    .reduce<Tensor>((sum, axis) => sumAlong(sum, axis, window), x);
}

/** Running sums of one axis, by doubling: sums of 1, 2, 4, … neighbors add up to any window in log₂ steps. */
function sumAlong(x: Tensor, axis: number, window: number): Tensor {
  const length = x.shape[axis]!;
  const outer = sizeOf({ shape: x.shape.slice(0, axis) });
  const inner = sizeOf({ shape: x.shape.slice(axis + 1) });
  // More reach than the axis is long adds nothing.
  const reach = Math.min((window - 1) / 2, length - 1);
  const padded = pad(reshape(x, [outer, length, inner]), [
    [0, 0],
    [reach, reach],
    [0, 0],
  ]);
  const from = (sums: Tensor, start: number) => slice(sums, [0, start, 0], [outer, length, inner]);

  let total: Tensor | undefined;
  let sums: Tensor = padded;
  let done = 0;
  for (let width = 1, rest = 2 * reach + 1; rest > 0; width *= 2, rest = Math.floor(rest / 2)) {
    if (width > 1) {
      const count = sums.shape[1]! - width / 2;
      const near = slice(sums, [0, 0, 0], [outer, count, inner]);
      sums = add(near, slice(sums, [0, width / 2, 0], [outer, count, inner]));
    }
    if (rest % 2 === 1) {
      const part = from(sums, done);
      total = total === undefined ? part : add(total, part);
      done += width;
    }
  }
  return reshape(total!, x.shape);
}

/**
 * One minus the mean local correlation of two images `[batch, ...spatial, channels]` whose means are near 0, and the maps that
 * `localNccGradients` takes. Not differentiable.
 */
export function localNcc(
  moved: Tensor,
  fixed: Tensor,
  settings: LocalNccSettings,
): [value: Tensor, maps: Tensor] {
  return dispatch('SshnLocalNcc', { moved, fixed }, settings, () => correlate({ moved, fixed }, settings));
}

/** The gradients of `localNcc` to both images. */
export function localNccGradients(
  images: { readonly moved: Tensor; readonly fixed: Tensor; readonly maps: Tensor },
  window: number,
): [toMoved: Tensor, toFixed: Tensor] {
  return dispatch('SshnLocalNccGrad', images, { window }, () => gradients(images, window));
}

interface Pair {
  readonly moved: Tensor;
  readonly fixed: Tensor;
}

/** The loss of two images, and five maps that its gradients sum over windows. */
function correlate(
  { moved: a, fixed: b }: Pair,
  { window, squared, epsilon }: LocalNccSettings,
): [Tensor, Tensor] {
  return tidy(() => {
    const sums = boxSum(concat([a, b, square(a), square(b), mul(a, b)], -1), window);
    const [sumA, sumB, sumAA, sumBB, sumAB] = split(sums, 5, -1);
    const perVoxel = div(1, boxSum(ones([1, ...a.shape.slice(1, -1), 1]), window));
    const meanA = mul(sumA!, perVoxel);
    const meanB = mul(sumB!, perVoxel);
    const varianceA = relu(sub(sumAA!, mul(sumA!, meanA)));
    const varianceB = relu(sub(sumBB!, mul(sumB!, meanB)));
    // Rounding may not break |cross| ≤ √(var_a · var_b).
    const most = sqrt(mul(varianceA, varianceB));
    const cross = maximum(minimum(sub(sumAB!, mul(sumA!, meanB)), most), neg(most));

    // ∂ncc/∂cross = weight, ∂ncc/∂var = −slope · var of the other, doubled below as ∂var/∂a has a 2.
    const inverse = squared
      ? div(1, add(mul(varianceA, varianceB), epsilon))
      : rsqrt(add(mul(varianceA, varianceB), epsilon));
    const ncc = mul(squared ? square(cross) : cross, inverse);
    const weight = squared ? mul(mul(cross, inverse), 2) : inverse;
    const slope = squared ? mul(mul(ncc, inverse), -2) : mul(mul(ncc, square(inverse)), -1);
    const toA = mul(mul(slope, varianceB), clamped(varianceA));
    const toB = mul(mul(slope, varianceA), clamped(varianceB));
    const pullA = add(mul(weight, meanB), mul(toA, meanA));
    const pullB = add(mul(weight, meanA), mul(toB, meanB));
    return [
      sub(
        1,
        meanOver(
          ncc,
          ncc.shape.map((_, axis) => axis),
        ),
      ),
      concat([weight, toA, toB, pullA, pullB], -1),
    ];
  });
}

/** Gradients of that loss to both images. */
function gradients(
  { moved, fixed, maps }: Pair & { readonly maps: Tensor },
  window: number,
): [Tensor, Tensor] {
  return tidy(() => {
    const [weight, toA, toB, pullA, pullB] = split(boxSum(maps, window), 5, -1);
    const gradient = (other: Tensor, self: Tensor, along: Tensor, pull: Tensor) =>
      mul(sub(pull, add(mul(other, weight!), mul(self, along))), 1 / moved.size);
    return [gradient(fixed, moved, toA!, pullA!), gradient(moved, fixed, toB!, pullB!)];
  });
}

/** 1 where a variance has a slope, 0 where it was clamped. */
function clamped(variance: Tensor): Tensor {
  return cast(greater(variance, 0), 'float32');
}

export const localNccRules: KernelRules<LocalNccKernels> = {
  SshnBoxSum: { shapes: ({ x }) => x, work: ({ x }) => ({ elementwise: boxSumWork(x) }) },
  SshnLocalNcc: {
    shapes: ({ moved: { shape, dtype } }) => [
      { shape: [], dtype },
      { shape: shape.with(-1, 5 * shape.at(-1)!), dtype },
    ],
    // a², b², ab; the sums of 5 maps; covariance and variances: 2 for each mean, 6, clamped: 2, and the correlation with its
    // slopes and what the means take back: 20.
    work: ({ moved }) => ({ elementwise: 33 * sizeOf(moved) + 5 * boxSumWork(moved) }),
  },
  SshnLocalNccGrad: {
    shapes: ({ moved, fixed }) => [moved, fixed],
    // The sums of 5 maps; two products, two sums and the share for each image.
    work: ({ moved }) => ({ elementwise: 10 * sizeOf(moved) + 5 * boxSumWork(moved) }),
  },
};

/** Running sums over windows: one addition and one subtraction along each axis. */
function boxSumWork(x: TensorShape): number {
  return 2 * (x.shape.length - 2) * sizeOf(x);
}
