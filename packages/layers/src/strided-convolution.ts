import { factorAt, type Module, requireIntegers, rescaledSize } from '@sshn/core';
import { addBias, applyLeakyRelu, differentiable, padSpatial, requireFeatures } from '@sshn/ops';
import {
  addN,
  concat,
  conv2d,
  conv3d,
  reshape,
  slice,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  type Tensor5D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { type ConvolutionConfig, type ConvolutionSpecs, convolutionParts } from './convolution.js';

/** Options of a strided convolution: those of a convolution, and its step. */
export interface StridedConvolutionConfig extends ConvolutionConfig {
  /** Which downsampling step of the network this is, from 0; selects the factor when they are separate. */
  readonly step: number;
}

/**
 * Variable downsampling by a convolution that is computed at some positions only, in place of `downsample` and a convolution:
 * every spatial axis of n pixels becomes m = max(1, ⌊φ·n + ½⌋).
 *
 * Where n is m times a whole number s, or nearly so (odd sizes at φ = ½), this is the usual convolution of stride s. For any
 * other factor there is no one stride: output i is then the convolution centered on the input pixel nearest to the middle of
 * its share, (i + ½)·n/m − ½ (of two equally near, the earlier), so distances differ by a pixel. Either way it equals the
 * convolution of stride 1 looked at in those positions, at the cost of those positions only. φ = 1 is that convolution, φ = 0
 * leaves the one in the middle.
 *
 * Input `[batch, ...spatial, inChannels]`, output `[batch, ...rescaled, outChannels]`. Parameters, activation and start are
 * those of `convolution`.
 *
 * @throws {ValueError} if `step` is not an integer ≥ 0, and as `convolution` does; from `apply`, if the setting has separate
 * factors but none for this step.
 * @throws {OptionError} for an unknown activation.
 * @throws {ShapeError} from `apply`, if the rank or the channels of the input do not fit.
 * @example
 * const down = stridedConvolution({ step: 0, inChannels: 8, outChannels: 8, activation: 'leakyRelu' });
 * const half = down.apply(params, x, setting(0.5));            // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: Springenberg et al., "Striving for simplicity: the all convolutional net" (2015), for whole strides.
 */
export function stridedConvolution(
  config: StridedConvolutionConfig,
): Module<ConvolutionSpecs, Tensor, Tensor> {
  const { step, rank = 2, inChannels } = config;
  requireIntegers('stridedConvolution', { step }, 0);
  const { specs, slope } = convolutionParts(config);
  return {
    specs,
    apply({ kernel, bias }, x, at) {
      requireFeatures('stridedConvolution', x, rank, inChannels);
      const size = rescaledSize(x.shape.slice(1, -1), factorAt(at, step));
      return tidy(() => {
        const y = addBias(convolveAt(x, kernel, size), bias);
        return slope === 1 ? y : applyLeakyRelu(y, slope);
      });
    },
  };
}

/** The convolution with zero padding, without bias, at the sampled positions: `[batch, ...size, out]`. */
function convolveAt(x: Tensor, kernel: Tensor, size: readonly number[]): Tensor {
  const window = kernel.shape.slice(0, -2);
  const reach = window.map((edge) => (edge - 1) / 2);
  const positions = size.map((to, axis) => sampledPositions(x.shape[axis + 1]!, to));
  let y = padSpatial(x, reach);
  const strides = positions.map((places, axis) => {
    const edge = window[axis]!;
    const stride = commonStride(places);
    if (stride === undefined) {
      y = cutWindows(y, axis + 1, places, edge); // in padded pixels, a window begins where its center was
      return edge;
    }
    const begin = y.shape.map((_, i) => (i === axis + 1 ? places[0]! : 0));
    y = slice(y, begin, y.shape.with(axis + 1, (places.length - 1) * stride + edge));
    return stride;
  });
  return kernel.rank === 4
    ? conv2d(y as Tensor4D, kernel as Tensor4D, strides as [number, number], 'valid')
    : conv3d(y as Tensor5D, kernel as Tensor5D, strides as [number, number, number], 'valid');
}

/**
 * Where a strided convolution looks along one axis: output i of `to` is centered on the input pixel nearest to the middle of
 * its share, (i + ½)·from/to − ½, the earlier of two that are equally near.
 */
export function sampledPositions(from: number, to: number): number[] {
  // ⌈c − ½⌉, in whole numbers.
  return Array.from({ length: to }, (_, i) => Math.floor(((2 * i + 1) * from - 1) / (2 * to)));
}

/** The distance of positions that are all equally far apart, undefined where they are not. */
export function commonStride(positions: readonly number[]): number | undefined {
  const stride = positions.length > 1 ? positions[1]! - positions[0]! : 1;
  return positions.every((position, i) => position === positions[0]! + i * stride) ? stride : undefined;
}

/**
 * Cuts windows out of an axis and lays them side by side: `[..., n, ...]` → `[..., begins · window, ...]`.
 *
 * By slices of memory that lies together, as picking pixel by pixel (`gather`) is many times slower on wasm.
 *
 * @param begins First pixels of the windows, increasing.
 */
export function cutWindows(x: Tensor, axis: number, begins: readonly number[], window: number): Tensor {
  const { shape } = x;
  const pixels = shape[axis]!;
  const outer = shape.slice(0, axis).reduce((product, n) => product * n, 1);
  const inner = x.size / (outer * pixels);
  const layout = { outer, pixels, inner };
  return differentiable([x], {
    forward(input) {
      const rows: Tensor2D = reshape(input, [outer, pixels * inner]);
      const cut = concat(
        begins.map((begin) => sliceRows(rows, begin * inner, window * inner)),
        1,
      );
      return { value: reshape(cut, shape.with(axis, begins.length * window)), saved: [] };
    },
    backward: (dy) => [tidy(() => reshape(pasteWindows(dy, layout, begins, window), shape))],
  });
}

/** The transpose: windows that do not overlap go side by side, and at most `window` such rows of windows are added. */
function pasteWindows(
  dy: Tensor,
  { outer, pixels, inner }: { readonly outer: number; readonly pixels: number; readonly inner: number },
  begins: readonly number[],
  window: number,
): Tensor {
  const rows: Tensor2D = reshape(dy, [outer, begins.length * window * inner]);
  const layers: Array<{ end: number; pieces: Tensor2D[] }> = [];
  const gap = (size: number): Tensor2D[] => (size > 0 ? [zeros([outer, size * inner])] : []);
  begins.forEach((begin, i) => {
    let layer = layers.find(({ end }) => end <= begin);
    if (layer === undefined) {
      layer = { end: 0, pieces: [] };
      layers.push(layer);
    }
    layer.pieces.push(...gap(begin - layer.end), sliceRows(rows, i * window * inner, window * inner));
    layer.end = begin + window;
  });
  return addN(layers.map(({ end, pieces }) => concat([...pieces, ...gap(pixels - end)], 1)));
}

function sliceRows(x: Tensor2D, begin: number, count: number): Tensor2D {
  return slice(x, [0, begin], [x.shape[0], count]);
}
