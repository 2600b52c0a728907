import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type FlatProgram, run } from './program.js';

/** GLSL that is added up, `term`, of the entry `at` in row `row`; by default the entry. */
interface Terms {
  readonly inputs: readonly string[];
  readonly term: string;
}

const entries: Terms = { inputs: ['x'], term: 'getX(at)' };
const squares: Terms = { inputs: ['x'], term: 'getX(at) * getX(at)' };
const weighted: Terms = { inputs: ['x', 'weight'], term: 'getX(at) * getWeight(row)' };

/** Each value is the sum of a chunk of rows, of one column. */
const chunkSums = ({ inputs, term }: Terms): FlatProgram => ({
  inputs,
  integers: ['columns', 'rows', 'chunk'],
  code: `
float valueAt(int index) {
  int group = index / columns;
  int column = index - group * columns;
  int last = min(rows, (group + 1) * chunk);
  float total = 0.0;
  for (int row = group * chunk; row < last; row++) {
    int at = row * columns + column;
    total += ${term};
  }
  return total;
}`,
});

/** Sums over the rows of `[rows, columns]`, in two stages, so that none is long: many work at once, and little is rounded. */
function sumRows(
  backend: MathBackendWebGL,
  terms: Terms,
  {
    inputs,
    rows,
    columns,
  }: { readonly inputs: readonly TensorInfo[]; readonly rows: number; readonly columns: number },
): TensorInfo {
  const chunk = rows <= 64 ? rows : Math.ceil(Math.sqrt(rows));
  const groups = Math.ceil(rows / chunk);
  const sums = (given: Terms, from: readonly TensorInfo[], count: number, length: number) =>
    run(backend, chunkSums(given), {
      inputs: from,
      integers: [columns, count, length],
      shape: [Math.ceil(count / length), columns],
    });
  const first = sums(terms, inputs, rows, chunk);
  if (groups === 1) return { ...first, shape: [columns] };
  const total = sums(entries, [first], groups, groups);
  backend.disposeIntermediateTensorInfo(first);
  return { ...total, shape: [columns] };
}

/** Sum over all axes but the last. */
export function sumPixels(backend: MathBackendWebGL, x: TensorInfo): TensorInfo {
  const columns = x.shape.at(-1)!;
  return sumRows(backend, entries, { inputs: [x], rows: util.sizeFromShape(x.shape) / columns, columns });
}

/** x `[rows, columns]` and the weight of each row: the sum of weighted rows, `[columns]`. */
export function weightedSums(backend: MathBackendWebGL, x: TensorInfo, weight: TensorInfo): TensorInfo {
  const [rows, columns] = x.shape as [number, number];
  return sumRows(backend, weighted, { inputs: [x, weight], rows, columns });
}

const root: FlatProgram = {
  inputs: ['x'],
  code: 'float valueAt(int index) { return sqrt(getX(0)); }',
};

const pair: FlatProgram = {
  inputs: ['x', 'y'],
  code: 'float valueAt(int index) { return getX(0) + getY(0); }',
};

/** The Euclidean norm of all entries of all tensors together. */
export function globalNorm(backend: MathBackendWebGL, tensors: readonly TensorInfo[]): TensorInfo {
  let total: TensorInfo | undefined;
  for (const x of tensors) {
    const sum = sumRows(backend, squares, { inputs: [x], rows: util.sizeFromShape(x.shape), columns: 1 });
    const next: TensorInfo =
      total === undefined ? sum : run(backend, pair, { inputs: [total, sum], shape: [] });
    if (total !== undefined) for (const old of [total, sum]) backend.disposeIntermediateTensorInfo(old);
    total = next;
  }
  if (total === undefined) return backend.makeTensorInfo([], 'float32', Float32Array.of(0));
  const norm = run(backend, root, { inputs: [total], shape: [] });
  backend.disposeIntermediateTensorInfo(total);
  return norm;
}
