import { ValueError } from '@sshn/core';
import {
  add,
  avgPool,
  cast,
  concat,
  div,
  equal,
  maxPool,
  mul,
  reshape,
  slice,
  type Tensor,
  type Tensor4D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { requireFeatures, requireSize } from '../features.js';
import { maximumPoolGradient } from '../gradients/window/pooling.js';
import { adaptiveWindow, windowedWork } from './average-pool.js';
import { dispatcher, type Kernel, type KernelRules } from './contract.js';
import { onGrid } from './resize.js';

/** Kernels of maxima over adaptive windows, those of average pooling, where there are fewer windows than pixels. */
export interface MaximumPoolKernels {
  /** The greatest value of every window, `size` of them. */
  SshnMaximumPool: Kernel<'x', { readonly size: readonly number[] }>;
  /** The gradient to x: dy goes to the maxima, in shares where several are equally great. */
  SshnMaximumPoolGrad: Kernel<'dy' | 'x' | 'y'>;
}

const dispatch = /* @__PURE__ */ dispatcher<MaximumPoolKernels>();

/**
 * The greatest value of every window, as many windows as asked for: output i along an axis of n pixels sees inputs
 * ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1, where m ≤ n is the new size. The gradient goes to the greatest values, in shares where several
 * are equally great.
 *
 * @param x `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`, float32.
 * @param size `[height, width]` or `[depth, height, width]`, in pixels, each ≥ 1 and at most that of `x`.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if `x` has another rank.
 * @throws {ValueError} if `size` has not one integer ≥ 1 per spatial axis or is larger than `x`, or `x` is not float32.
 * @example
 * const y = applyAdaptiveMaximum(x, [33, 32]);   // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: PyTorch's `AdaptiveMaxPool2d`.
 */
export function applyAdaptiveMaximum(x: Tensor, size: readonly number[]): Tensor {
  const where = 'adaptive maximum pooling';
  requireFeatures(where, x);
  const inputSize = x.shape.slice(1, -1);
  requireSize(where, size, inputSize.length);
  if (!size.every((n, axis) => n <= inputSize[axis]!)) {
    throw new ValueError({
      where: `${where}: size`,
      got: size,
      expected: `at most ${inputSize.join(' × ')}, the size of the input`,
    });
  }
  if (size.join() === inputSize.join()) return x.clone();
  return differentiable([x], {
    forward: (input) => {
      const y = dispatch('SshnMaximumPool', { x: input }, { size: [...size] }, () => maximum(input, size));
      return { value: y, saved: [input, y] };
    },
    backward: (dy, savedX, y) => [
      dispatch('SshnMaximumPoolGrad', { dy, x: savedX, y }, {}, () => maximumGradient(dy, savedX, size)),
    ],
  });
}

function maximum(x: Tensor, size: readonly number[]): Tensor {
  return tidy(() => reshape(alongAxes(x, size).at(-1)!.to, [x.shape[0]!, ...size, x.shape.at(-1)!]));
}

/** Back through the axes, last one first. */
function maximumGradient(dy: Tensor, x: Tensor, size: readonly number[]): Tensor {
  return tidy(() => {
    const turns = [...alongAxes(x, size)].reverse();
    const dx = turns.reduce<Tensor>(
      (gradient, { from, to, runs }) => axisGradient(reshape(gradient, to.shape), from, to, runs),
      dy,
    );
    return reshape(dx, x.shape);
  });
}

/** One axis of the way: what came, what went, each `[outer, pixels, inner, channels]`. */
interface Turn {
  readonly from: Tensor4D;
  readonly to: Tensor4D;
  readonly runs: readonly WindowRun[];
}

/** A maximum over a box is one over its axes in turn. */
function alongAxes(x: Tensor, size: readonly number[]): Turn[] {
  const [inputSize, channels] = [x.shape.slice(1, -1), x.shape.at(-1)!];
  const turns: Turn[] = [];
  let y = x;
  for (const [axis, to] of size.entries()) {
    const pixels = inputSize[axis]!;
    if (pixels === to) continue;
    const inner = inputSize.slice(axis + 1).reduce((product, n) => product * n, 1);
    const from: Tensor4D = reshape(y, [y.size / (pixels * inner * channels), pixels, inner, channels]);
    const runs = windowRuns(pixels, to);
    const parts = runs.map((run) => {
      const part = rows(from, run.begin, rowsOf(run));
      return maxPool(part, [run.window, 1], [run.stride, 1], 'valid');
    });
    const pooled = concat(parts, 1);
    turns.push({ from, to: pooled, runs });
    y = pooled;
  }
  return turns;
}

/** Windows of neighboring runs share a pixel, those of every other run do not: two sums without overlap, and their sum. */
function axisGradient(dy: Tensor4D, from: Tensor4D, to: Tensor4D, runs: readonly WindowRun[]): Tensor4D {
  let done = 0;
  const parts = runs.map((run) => {
    const [dyPart, toPart] = [rows(dy, done, run.count), rows(to, done, run.count)];
    done += run.count;
    const layout = {
      filterSize: [run.window, 1] as [number, number],
      strides: [run.stride, 1] as [number, number],
      pad: 'valid' as const,
    };
    const part = rows(from, run.begin, rowsOf(run));
    const dx =
      run.stride === run.window
        ? separateGradient(dyPart, part, toPart)
        : (maximumPoolGradient(dyPart, part, toPart, layout) as Tensor4D);
    return { begin: run.begin, dx };
  });
  const pixels = from.shape[1];
  const even = placed(
    parts.filter((_, i) => i % 2 === 0),
    pixels,
  );
  return parts.length === 1
    ? even
    : add(
        even,
        placed(
          parts.filter((_, i) => i % 2 === 1),
          pixels,
        ),
      );
}

/** Where no windows overlap, each is a row of a matrix: few ops, however large it is. */
function separateGradient(dy: Tensor4D, from: Tensor4D, to: Tensor4D): Tensor4D {
  const [outer, count, inner, channels] = to.shape;
  const window = from.shape[1] / count;
  const one = [outer * count, 1, inner, channels];
  const windows: Tensor4D = reshape(from, [outer * count, window, inner, channels]);
  const attained = cast(equal<Tensor4D>(windows, reshape(to, one)), 'float32');
  const ties = mul(avgPool(attained, [window, 1], 1, 'valid'), window);
  return reshape(mul(attained, div(reshape(dy, one), ties)), from.shape);
}

/** Parts at their places along axis 1, zeros between them. */
function placed(parts: ReadonlyArray<{ begin: number; dx: Tensor4D }>, pixels: number): Tensor4D {
  const [outer, , inner, channels] = parts[0]!.dx.shape;
  const pieces: Tensor4D[] = [];
  let end = 0;
  const fillTo = (begin: number) => {
    if (begin > end) pieces.push(zeros([outer, begin - end, inner, channels]));
  };
  for (const { begin, dx } of parts) {
    fillTo(begin);
    pieces.push(dx);
    end = begin + dx.shape[1];
  }
  fillTo(pixels);
  return concat(pieces, 1);
}

function rowsOf({ window, stride, count }: WindowRun): number {
  return (count - 1) * stride + window;
}

/** Cut as `[outer, pixels · inner · channels]`: memory that lies together is copied at once. */
function rows(x: Tensor4D, begin: number, count: number): Tensor4D {
  const [outer, pixels, inner, channels] = x.shape;
  const size = inner * channels;
  const cut = slice(reshape(x, [outer, pixels * size]), [0, begin * size], [outer, count * size]);
  return reshape(cut, [outer, count, inner, channels]);
}

/** Neighboring windows of one length at one distance from each other. */
interface WindowRun {
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

export const maximumPoolRules: KernelRules<MaximumPoolKernels> = {
  SshnMaximumPool: {
    shapes: ({ x }, { size }) => onGrid(x, size),
    work: ({ x }, _, [y]) => ({ elementwise: windowedWork(x, y!) }),
  },
  SshnMaximumPoolGrad: {
    shapes: ({ x }) => x,
    work: ({ dy, x }) => ({ elementwise: windowedWork(x, dy) }),
  },
};
