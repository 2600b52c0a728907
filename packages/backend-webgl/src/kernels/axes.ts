import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type FlatProgram, run } from './program.js';

/*
 * Linear maps along one axis after the other. Each value of the output is gathered from those of the input, `[outer, n,
 * inner]`, that contribute to it. In gradients too these are a known range, or one more at either end, whose weight is 0.
 * Places are fractions of integers, so that they are exact.
 */

/** GLSL that sets `first` and `last` for the output `j`, and `weight` for the input `i`; input size n, output size m. */
interface AxisMap {
  readonly integers?: readonly string[];
  readonly range: string;
  readonly weight: string;
}

/** The place of fine pixel k, of `fine`, among `coarse` ones, held at the border: ⌊place⌋ and the rest of it. */
const place = `
int below(int k, int coarse, int fine) {
  int twice = (2 * k + 1) * coarse - fine;
  return clamp(twice < 0 ? -1 : twice / (2 * fine), 0, coarse - 1);
}
float shareOf(int i, int k, int coarse, int fine) {
  int twice = clamp((2 * k + 1) * coarse - fine, 0, (coarse - 1) * 2 * fine);
  return max(0.0, 1.0 - abs(float(twice - i * 2 * fine)) / float(2 * fine));
}`;

const maps = {
  resize: {
    range: 'int first = below(j, n, m); int last = min(first + 1, n - 1);',
    weight: 'shareOf(i, j, n, m)',
  },
  resizeGrad: {
    range: `int first = j == 0 ? 0 : max(0, (2 * j - 1) * n / (2 * m) - 1);
  int last = j == m - 1 ? n - 1 : min(n - 1, (2 * j + 3) * n / (2 * m) + 1);`,
    weight: 'shareOf(j, i, m, n)',
  },
  averagePool: {
    range: 'int first = j * n / m; int last = ((j + 1) * n + m - 1) / m - 1;',
    weight: '1.0 / float(last - first + 1)',
  },
  averagePoolGrad: {
    range: `int first = max(0, j * n / m - 1);
  int last = min(n - 1, ((j + 1) * n + m - 1) / m);`,
    weight: '(begin(i) <= j && j < end(i)) ? 1.0 / float(end(i) - begin(i)) : 0.0',
  },
  boxSum: {
    integers: ['reach'],
    range: 'int first = max(0, j - reach); int last = min(n - 1, j + reach);',
    weight: '1.0',
  },
} satisfies Record<string, AxisMap>;

const axisProgram = ({ integers = [], range, weight }: AxisMap): FlatProgram => ({
  inputs: ['x'],
  integers: ['n', 'm', 'inner', ...integers],
  code: `${place}
int begin(int window) { return window * m / n; }
int end(int window) { return ((window + 1) * m + n - 1) / n; }
float valueAt(int index) {
  int row = index / inner;
  int column = index - row * inner;
  int outer = row / m;
  int j = row - outer * m;
  ${range}
  float total = 0.0;
  for (int i = first; i <= last; i++) total += (${weight}) * getX((outer * n + i) * inner + column);
  return total;
}`,
});

type AxisMapName = keyof typeof maps;

/** Maps the spatial axes of x `[batch, ...spatial, channels]`, those first that become shorter. */
export function mapAxes(
  backend: MathBackendWebGL,
  name: AxisMapName,
  {
    x,
    size,
    integers = [],
    all = false,
  }: {
    readonly x: TensorInfo;
    readonly size: readonly number[];
    readonly integers?: readonly number[];
    /** Whether axes whose size stays are mapped too. */
    readonly all?: boolean;
  },
): TensorInfo {
  const axes = size
    .map((m, k) => ({ axis: k + 1, m, ratio: m / x.shape[k + 1]! }))
    .filter(({ ratio }) => all || ratio !== 1)
    .sort((a, b) => a.ratio - b.ratio);
  let from = x;
  for (const { axis, m } of axes) {
    const inner = util.sizeFromShape(from.shape.slice(axis + 1));
    const shape = from.shape.map((n, k) => (k === axis ? m : n));
    const to = run(backend, axisProgram(maps[name]), {
      inputs: [from],
      integers: [from.shape[axis]!, m, inner, ...integers],
      shape,
    });
    if (from !== x) backend.disposeIntermediateTensorInfo(from);
    from = to;
  }
  if (from !== x) return from;
  backend.incRef(x.dataId);
  return { ...x };
}

/** At every voxel the sum over the window around it, cropped at the border. */
export function boxSum(backend: MathBackendWebGL, x: TensorInfo, window: number): TensorInfo {
  return mapAxes(backend, 'boxSum', {
    x,
    size: x.shape.slice(1, -1),
    integers: [(window - 1) / 2],
    all: true,
  });
}
