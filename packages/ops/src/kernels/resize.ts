import { matMul, reshape, type Tensor, tensor2d, tidy, transpose } from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { requireFeatures, requireSize } from '../features.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf, type TensorShape } from './contract.js';

/** Kernels that map features `[batch, ...spatial, channels]` to another grid by linear interpolation. */
export interface ResizeKernels {
  /** x at the spatial size `size`, with half-pixel centers. */
  SshnResize: Kernel<'x', { readonly size: readonly number[] }>;
  /** Its transpose, to the spatial size `inputSize`. */
  SshnResizeGrad: Kernel<'dy', { readonly inputSize: readonly number[] }>;
}

const dispatch = /* @__PURE__ */ dispatcher<ResizeKernels>();

/**
 * Linear resize of the spatial axes with half-pixel centers and no antialiasing: bilinear in 2D, trilinear in 3D.
 *
 * Its gradient is the exact transpose on every backend (tfjs's own `resizeBilinear` has a wrong one for half-pixel
 * centers). Equal to PyTorch's `interpolate(…, align_corners=False, antialias=False)`.
 *
 * @param x `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`, float32.
 * @param size The new spatial size, `[height, width]` or `[depth, height, width]`, in pixels, each ≥ 1.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if `x` has another rank.
 * @throws {ValueError} if `size` has not one integer ≥ 1 per spatial axis, or `x` is not float32.
 * @example
 * const small = resizeLinear(image, [32, 48]);   // [1, 65, 97, 3] -> [1, 32, 48, 3]
 */
export function resizeLinear(x: Tensor, size: readonly number[]): Tensor {
  requireFeatures('resizeLinear', x);
  const inputSize = x.shape.slice(1, -1);
  requireSize('resizeLinear', size, inputSize.length);
  if (size.every((n, axis) => n === inputSize[axis])) return x.clone();
  return differentiable([x], {
    forward: (input) => ({
      value: dispatch('SshnResize', { x: input }, { size: [...size] }, () => resizeAxes(input, size)),
      saved: [],
    }),
    backward: (dy) => [
      dispatch('SshnResizeGrad', { dy }, { inputSize }, () => resizeAxesTransposed(dy, inputSize)),
    ],
  });
}

export const resizeRules: KernelRules<ResizeKernels> = {
  SshnResize: {
    shapes: ({ x }, { size }) => onGrid(x, size),
    work: (_inputs, _attributes, [y]) => ({ elementwise: interpolationWork(y!) }),
  },
  SshnResizeGrad: {
    shapes: ({ dy }, { inputSize }) => onGrid(dy, inputSize),
    work: ({ dy }) => ({ elementwise: interpolationWork(dy) }),
  },
};

/** The shape of features on another grid. */
export function onGrid({ shape, dtype }: TensorShape, size: readonly number[]): TensorShape {
  return { shape: [shape[0]!, ...size, shape.at(-1)!], dtype };
}

/**
 * Linear interpolation as one pass per spatial axis, at 2 operations per element of the result: 4 in 2D, 6 in 3D.
 *
 * @param result The forward output, or its gradient, `[batch, ...spatial, channels]`.
 */
export function interpolationWork(result: Pick<TensorShape, 'shape'>): number {
  return 2 * (result.shape.length - 2) * sizeOf(result);
}

// From here on: linear resize and its transpose from ordinary tfjs ops, for backends without these kernels. Interpolation is
// separable, so each axis is a product with a small matrix. So are other maps of the axes, such as averaging.

/** x `[batch, ...spatial, channels]` → `[batch, ...size, channels]`. */
function resizeAxes(x: Tensor, size: readonly number[]): Tensor {
  return mapAxes(x, size, (from, to) => transposed(interpolationMatrix(from, to), to));
}

/** The transpose of `resizeAxes`: dy `[batch, ...size, channels]` → `[batch, ...inputSize, channels]`. */
function resizeAxesTransposed(dy: Tensor, inputSize: readonly number[]): Tensor {
  return mapAxes(dy, inputSize, (from, to) => interpolationMatrix(to, from));
}

/**
 * Applies one matrix per spatial axis: each turn maps the last axis by a matrix product and moves the one before it to
 * its place.
 *
 * @param matrix Row-major `[from, to]`.
 */
export function mapAxes(
  x: Tensor,
  size: readonly number[],
  matrix: (from: number, to: number) => Float32Array,
): Tensor {
  const spatial = size.map((_, axis) => axis);
  return tidy(() => {
    // [batch, channels, ...spatial]: every product below then has the mapped axis last.
    let y: Tensor = transpose(x, [0, spatial.length + 1, ...spatial.map((axis) => axis + 1)]);
    for (const to of [...size].reverse()) {
      const from = y.shape[y.rank - 1]!;
      const product = matMul(reshape(y, [-1, from]), tensor2d(matrix(from, to), [from, to]));
      const mapped = reshape(product, [...y.shape.slice(0, -1), to]);
      y = transpose(mapped, [0, 1, y.rank - 1, ...spatial.slice(1).map((axis) => axis + 1)]);
    }
    return transpose(y, [0, ...spatial.map((axis) => axis + 2), 1]);
  });
}

/**
 * One axis of linear interpolation as a matrix, row-major `[toSize, fromSize]`, at most two entries a row.
 *
 * Output i looks at (i + ½) · fromSize / toSize − ½ (half-pixel centers), clamped to the first and last pixel. No
 * antialiasing.
 */
export function interpolationMatrix(fromSize: number, toSize: number): Float32Array {
  const matrix = new Float32Array(toSize * fromSize);
  for (let i = 0; i < toSize; i++) {
    const position = Math.min(Math.max(((i + 0.5) * fromSize) / toSize - 0.5, 0), fromSize - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, fromSize - 1);
    matrix[i * fromSize + low]! += 1 - (position - low);
    matrix[i * fromSize + high]! += position - low;
  }
  return matrix;
}

/** The transpose of a row-major matrix of `rows` rows. */
export function transposed(matrix: Float32Array, rows: number): Float32Array {
  const columns = matrix.length / rows;
  const flipped = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      flipped[column * rows + row] = matrix[row * columns + column]!;
  }
  return flipped;
}
