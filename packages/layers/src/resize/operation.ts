import { dispatch, requireIntegers, ShapeError } from '@sshn/core';
import { customGrad, matMul, reshape, type Tensor, tensor2d, tidy, transpose } from '@tensorflow/tfjs-core';
import { interpolationMatrix } from './interpolation.js';

/**
 * Linear resize of the spatial axes with half-pixel centers and no antialiasing: bilinear in 2D, trilinear in 3D.
 *
 * Its gradient is the exact transpose on every backend (tfjs's own `resizeBilinear` has a wrong one for half-pixel
 * centers). Equal to PyTorch's `interpolate(…, align_corners=False, antialias=False)`.
 *
 * @param x `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`.
 * @param size The new spatial size, `[height, width]` or `[depth, height, width]`, in pixels.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if `size` has not one entry per spatial axis. @throws {ValueError} if one is not ≥ 1.
 */
export function resizeLinear(x: Tensor, size: readonly number[]): Tensor {
  const inputSize = x.shape.slice(1, -1);
  if (size.length !== inputSize.length || x.rank < 4 || x.rank > 5) {
    throw new ShapeError({
      where: 'resizeLinear',
      got: x.shape,
      expected: `[batch, ${size.map((n) => `spatial (to ${n})`).join(', ')}, channels] with 2 or 3 spatial axes`,
    });
  }
  requireIntegers('resizeLinear: size', Object.fromEntries(size.map((n, axis) => [`axis ${axis}`, n])));
  if (size.every((n, axis) => n === inputSize[axis])) return x.clone();
  const op = customGrad((input) => {
    const from = input as Tensor;
    const value = dispatch('SshnResize', { x: from }, { size: [...size] }, () =>
      alongAxes(from, matrices(inputSize, size)),
    );
    const gradFunc = (dy: Tensor) =>
      dispatch('SshnResizeGrad', { dy }, { inputSize }, () =>
        alongAxes(dy, matrices(inputSize, size).map(transposed)),
      );
    return { value, gradFunc };
  });
  return op(x);
}

/** A dense matrix that maps one axis. */
interface AxisMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

function matrices(from: readonly number[], to: readonly number[]): AxisMatrix[] {
  return from.map((columns, axis) => {
    const rows = to[axis]!;
    return { rows, columns, values: interpolationMatrix(columns, rows) };
  });
}

function transposed({ rows, columns, values }: AxisMatrix): AxisMatrix {
  const flipped = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) flipped[c * rows + r] = values[r * columns + c]!;
  return { rows: columns, columns: rows, values: flipped };
}

/** Applies one matrix per spatial axis: each turn maps the last axis by a matrix product and moves it to the front. */
function alongAxes(x: Tensor, perAxis: readonly AxisMatrix[]): Tensor {
  return tidy(() => {
    const spatial = perAxis.length;
    // [batch, channels, ...spatial]: every product below then has the mapped axis last.
    let y: Tensor = transpose(x, [0, spatial + 1, ...perAxis.map((_, axis) => axis + 1)]);
    for (let axis = spatial - 1; axis >= 0; axis--) {
      const { rows, values } = transposed(perAxis[axis]!); // [fromSize, toSize]
      const toSize = perAxis[axis]!.rows;
      const product = matMul(reshape(y, [-1, rows]), tensor2d(values, [rows, toSize]));
      const mapped = reshape(product, [...y.shape.slice(0, -1), toSize]);
      y = transpose(mapped, [0, 1, y.rank - 1, ...Array.from({ length: spatial - 1 }, (_, i) => i + 2)]);
    }
    return transpose(y, [0, ...perAxis.map((_, axis) => axis + 2), 1]);
  });
}
