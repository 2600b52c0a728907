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

/** Neighboring windows of one length at one distance from each other. */
export interface WindowRun {
  readonly begin: number;
  readonly window: number;
  readonly stride: number;
  readonly count: number;
}

/** All adaptive windows along an axis, gathered into as few runs as there are; for `to` < `from`. */
export function windowRuns(from: number, to: number): WindowRun[] {
  const runs: WindowRun[] = [];
  for (let i = 0; i < to; i++) {
    const [begin, end] = adaptiveWindow(i, from, to);
    const last = runs.at(-1);
    const distance = last === undefined ? 0 : begin - (last.begin + (last.count - 1) * last.stride);
    const continues =
      last !== undefined && last.window === end - begin && (last.count === 1 || last.stride === distance);
    if (continues) runs[runs.length - 1] = { ...last, stride: distance, count: last.count + 1 };
    else runs.push({ begin, window: end - begin, stride: end - begin, count: 1 });
  }
  return runs;
}
