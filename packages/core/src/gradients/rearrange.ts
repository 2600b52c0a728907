import { reshape, reverse, slice, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';

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

/** Transposes `tile`: sums the `times` repetitions along one axis. */
export function sumRepetitions(dy: Tensor, axis: number, times: number): Tensor {
  if (times === 1) return dy;
  const size = dy.shape[axis]! / times;
  const outer = dy.shape.slice(0, axis).reduce((product, n) => product * n, 1);
  const repetitions = reshape(dy, [outer, times, dy.size / (outer * times)]);
  return reshape(
    sum(repetitions, 1),
    dy.shape.map((n, i) => (i === axis ? size : n)),
  );
}

/** The entries `begin … begin + count − 1` along one axis. */
export function sliceAxis(x: Tensor, axis: number, begin: number, count: number): Tensor {
  const start = x.shape.map((_, i) => (i === axis ? begin : 0));
  return slice(
    x,
    start,
    x.shape.map((n, i) => (i === axis ? count : n)),
  );
}

/** Like `sliceAxis`, in reverse order. */
export function reversedSlice(x: Tensor, axis: number, begin: number, count: number): Tensor {
  return reverse(sliceAxis(x, axis, begin, count), axis);
}
