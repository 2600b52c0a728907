import {
  AvgPool,
  AvgPool3D,
  type AvgPool3DAttrs,
  type AvgPoolAttrs,
  addN,
  backend_util,
  cast,
  div,
  equal,
  type GradConfig,
  MaxPool,
  MaxPool3D,
  mul,
  type Tensor,
  tensor,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { scatterPlaces, seenAt, type WindowAxis, windowAxes, windowPlaces } from './geometry.js';

type PoolAttributes = AvgPoolAttrs | AvgPool3DAttrs;

function poolAxes({ shape, rank }: Tensor, attributes: PoolAttributes): WindowAxis[] {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const info =
    rank === 5
      ? backend_util.computePool3DInfo(
          shape as [number, number, number, number, number],
          filterSize as AvgPool3DAttrs['filterSize'],
          strides as AvgPool3DAttrs['strides'],
          1,
          pad as AvgPool3DAttrs['pad'],
          dimRoundingMode,
        )
      : backend_util.computePool2DInfo(
          shape as [number, number, number, number],
          filterSize as AvgPoolAttrs['filterSize'],
          strides as AvgPoolAttrs['strides'],
          1,
          pad,
          dimRoundingMode,
        );
  return windowAxes(info);
}

/** dy goes to the greatest entry of each window, in equal shares where several are equally great. */
function maximumGradient(dy: Tensor, x: Tensor, y: Tensor, attributes: PoolAttributes): Tensor {
  const axes = poolAxes(x, attributes);
  const seen = seenAt(x, axes, Number.NEGATIVE_INFINITY);
  const attained = new Map(
    windowPlaces(axes).map((place) => [place.join(), cast(equal(seen(place), y), 'float32')]),
  );
  const share = div(dy, addN([...attained.values()]));
  return scatterPlaces(axes, (place) => mul(share, attained.get(place.join())!));
}

/** dy is spread evenly over the part of each window that lies inside of the image. */
function averageGradient(dy: Tensor, x: Tensor, attributes: PoolAttributes): Tensor {
  const axes = poolAxes(x, attributes);
  const share = axes.reduce((all, { axis, size, outSize, window, stride, front }) => {
    const counts = Float32Array.from({ length: outSize }, (_, i) => {
      const begin = i * stride - front;
      return Math.min(begin + window, size) - Math.max(begin, 0);
    });
    return div(all, tensor(counts, [outSize, ...Array<number>(dy.rank - axis - 1).fill(1)]));
  }, dy);
  return scatterPlaces(axes, () => share);
}

const maximum = (kernel: string): GradConfig =>
  entry<PoolAttributes>(kernel, {
    save: ['x'],
    saveOutput: true,
    gradients: (dy, [x, y], attributes) => ({ x: () => maximumGradient(dy, x!, y!, attributes) }),
  });

const average = (kernel: string): GradConfig =>
  entry<PoolAttributes>(kernel, {
    save: ['x'],
    gradients: (dy, [x], attributes) => ({ x: () => averageGradient(dy, x!, attributes) }),
  });

/**
 * Pooling, composed. Overrides the stock gradients: those of averages count padding that the forward pass does not,
 * that of `maxPool` on wasm is wrong altogether.
 */
export const pooling: readonly GradConfig[] = [
  maximum(MaxPool),
  maximum(MaxPool3D),
  average(AvgPool),
  average(AvgPool3D),
];
