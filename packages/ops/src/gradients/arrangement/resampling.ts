import {
  add,
  cast,
  type GradConfig,
  image,
  mul,
  ResizeBilinear,
  type ResizeBilinearAttrs,
  ResizeNearestNeighbor,
  type ResizeNearestNeighborAttrs,
  range,
  reshape,
  type Tensor,
  type Tensor4D,
  tensor,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { scatterRows } from './scatter.js';

interface Taps {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** Share of the upper neighbor. */
  readonly share: Float32Array;
}

/** The two neighbors of every output pixel along one axis, and how they are mixed. */
function linearTaps(from: number, to: number, attributes: ResizeBilinearAttrs): Taps {
  const { alignCorners, halfPixelCenters } = attributes;
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const taps = { lower: new Int32Array(to), upper: new Int32Array(to), share: new Float32Array(to) };
  for (let i = 0; i < to; i++) {
    const position = halfPixelCenters ? (i + 0.5) * scale - 0.5 : i * scale;
    const inside = Math.min(Math.max(position, 0), from - 1);
    const lower = Math.floor(inside);
    taps.lower[i] = lower;
    taps.upper[i] = Math.min(lower + 1, from - 1);
    taps.share[i] = inside - lower;
  }
  return taps;
}

/** Transposes linear interpolation along the middle axis: `[outer, to, inner]` to `[outer, from, inner]`. */
function scatterLinear(dy: Tensor, outer: number, from: number, taps: Taps): Tensor {
  const to = taps.share.length;
  const inner = dy.size / (outer * to);
  const rows = reshape(dy, [outer * to, inner]);
  const repeat = (values: (i: number) => number) =>
    Array.from({ length: outer * to }, (_, row) => values(row % to) + from * Math.floor(row / to));
  const share = tensor(
    Array.from({ length: outer * to }, (_, row) => taps.share[row % to]!),
    [outer * to, 1],
  );
  const upper = mul(rows, share);
  const lower = add(rows, mul(upper, -1));
  const lowerIds = tensor(
    repeat((i) => taps.lower[i]!),
    [outer * to],
    'int32',
  );
  const upperIds = tensor(
    repeat((i) => taps.upper[i]!),
    [outer * to],
    'int32',
  );
  return add(scatterRows(lower, lowerIds, outer * from), scatterRows(upper, upperIds, outer * from));
}

/** The exact transpose of bilinear resizing in each of tfjs' geometries, one axis after the other. */
function bilinearGradient(dy: Tensor, shape: number[], attributes: ResizeBilinearAttrs): Tensor {
  const [batch = 1, height = 1, width = 1] = shape;
  const [, newHeight = 1, newWidth = 1] = dy.shape;
  const rows = scatterLinear(dy, batch, height, linearTaps(height, newHeight, attributes));
  const pixels = scatterLinear(rows, batch * height, width, linearTaps(width, newWidth, attributes));
  return reshape(pixels, shape);
}

/** Adds every pixel to the one it was copied from; the same resize of an image of indices tells which. */
function nearestGradient(dy: Tensor, shape: number[], attributes: ResizeNearestNeighborAttrs): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  const [, newHeight = 1, newWidth = 1] = dy.shape;
  const { alignCorners, halfPixelCenters } = attributes;
  const sources = image.resizeNearestNeighbor(
    reshape(range(0, height * width), [1, height, width, 1]) as Tensor4D,
    [newHeight, newWidth],
    alignCorners,
    halfPixelCenters,
  );
  const offsets = reshape(range(0, batch * height * width, height * width), [batch, 1]);
  const ids = cast(add(reshape(sources, [1, newHeight * newWidth]), offsets), 'int32');
  const rows = reshape(dy, [batch * newHeight * newWidth, channels]);
  return reshape(scatterRows(rows, ids, batch * height * width), shape);
}

/**
 * Resizing of images. Overrides the stock gradients, which ignore `halfPixelCenters` and are then silently wrong.
 */
export const resampling = (): readonly GradConfig[] => [
  entry<ResizeBilinearAttrs>(ResizeBilinear, {
    save: ['images'],
    gradients: (dy, [images], attributes) => ({
      images: () => bilinearGradient(dy, images!.shape, attributes),
    }),
  }),
  entry<ResizeNearestNeighborAttrs>(ResizeNearestNeighbor, {
    save: ['images'],
    gradients: (dy, [images], attributes) => ({
      images: () => nearestGradient(dy, images!.shape, attributes),
    }),
  }),
];
