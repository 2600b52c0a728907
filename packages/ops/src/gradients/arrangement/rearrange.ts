import { pad, reshape, reverse, slice, sum, type Tensor, transpose, util } from '@tensorflow/tfjs-core';

/** `x.shape` with another size along one axis. */
const resized = (x: Tensor, axis: number, size: number): number[] =>
  x.shape.map((n, i) => (i === axis ? size : n));

/** The entries `begin … begin + count − 1` along one axis. */
export function sliceAxis<T extends Tensor>(x: T, axis: number, begin: number, count: number): T {
  const start = x.shape.map((_, i) => (i === axis ? begin : 0));
  return slice(x, start, resized(x, axis, count));
}

/** Like `sliceAxis`, in reverse order. */
export function reversedSlice(x: Tensor, axis: number, begin: number, count: number): Tensor {
  return reverse(sliceAxis(x, axis, begin, count), axis);
}

/** Moves `x` back by `before` along one axis, into `size` entries: pads with `fill` and cuts off what falls outside. */
export function fitAxis<T extends Tensor>(x: T, axis: number, before: number, size: number, fill = 0): T {
  const begin = Math.max(0, -before);
  const count = Math.min(x.shape[axis]! - begin, size - Math.max(before, 0));
  const inside = count === x.shape[axis] ? x : sliceAxis(x, axis, begin, count);
  const front = Math.max(before, 0);
  const back = size - front - count;
  if (front === 0 && back === 0) return inside;
  // As three axes: webgl and webgpu pad at most four.
  const flat = reshape(inside, [
    util.sizeFromShape(x.shape.slice(0, axis)),
    count,
    util.sizeFromShape(x.shape.slice(axis + 1)),
  ]);
  const padded = pad(
    flat,
    [
      [0, 0],
      [front, back],
      [0, 0],
    ],
    fill,
  );
  return reshape(padded, resized(x, axis, size)) as T;
}

/** Puts `stride − 1` zeros behind each entry along one axis. */
export function interleaveZeros<T extends Tensor>(x: T, axis: number, stride: number): T {
  if (stride === 1) return x;
  const size = x.shape[axis]!;
  const apart = reshape(x, [
    util.sizeFromShape(x.shape.slice(0, axis)),
    size,
    1,
    util.sizeFromShape(x.shape.slice(axis + 1)),
  ]);
  const padded = pad(apart, [
    [0, 0],
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  return reshape(padded, resized(x, axis, size * stride)) as T;
}

/** Transposes `tile`: sums the `times` repetitions along one axis. */
export function sumRepetitions(dy: Tensor, axis: number, times: number): Tensor {
  if (times === 1) return dy;
  const repetitions = reshape(dy, [util.sizeFromShape(dy.shape.slice(0, axis)), times, -1]);
  return reshape(sum(repetitions, 1), resized(dy, axis, dy.shape[axis]! / times));
}

/** The inverse of tfjs' `depthToSpace`: blocks of pixels become channels. */
export function spaceToDepth(x: Tensor, blockSize: number, dataFormat: 'NHWC' | 'NCHW'): Tensor {
  const [batch = 1, a = 1, b = 1, c = 1] = x.shape;
  if (dataFormat === 'NHWC') {
    const [height, width] = [a / blockSize, b / blockSize];
    const blocks = reshape(x, [batch, height, blockSize, width, blockSize, c]);
    return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), [batch, height, width, blockSize * blockSize * c]);
  }
  const [height, width] = [b / blockSize, c / blockSize];
  const blocks = reshape(x, [batch, a, height, blockSize, width, blockSize]);
  return reshape(transpose(blocks, [0, 3, 5, 1, 2, 4]), [batch, blockSize * blockSize * a, height, width]);
}
