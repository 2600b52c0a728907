/**
 * The windows of adaptive pooling along one axis: output i of `to` sees inputs ⌊i·from/to⌋ … ⌈(i+1)·from/to⌉ − 1. They cover
 * all inputs, are as even as can be, and none is empty.
 *
 * *Source*: PyTorch's `AdaptiveAvgPool2d`; He et al., "Spatial pyramid pooling in deep convolutional networks" (2014).
 */
export function adaptiveWindow(i: number, from: number, to: number): readonly [begin: number, end: number] {
  return [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
}

/** Averaging over adaptive windows along one axis as a matrix, row-major `[from, to]`. */
export function averagingMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const [begin, end] = adaptiveWindow(i, from, to);
    for (let n = begin; n < end; n++) matrix[n * to + i] = 1 / (end - begin);
  }
  return matrix;
}
