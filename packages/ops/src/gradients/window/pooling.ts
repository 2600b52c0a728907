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
  maximum,
  mul,
  type Tensor,
  tensor,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { scatterPlaces, seenAt, type WindowAxis, windowAxes, windowPlaces } from './geometry.js';

/** How windows were laid out, in tfjs' words; images and volumes are channels-last. */
export interface PoolLayout {
  readonly filterSize: AvgPoolAttrs['filterSize'] | AvgPool3DAttrs['filterSize'];
  readonly strides: AvgPoolAttrs['strides'] | AvgPool3DAttrs['strides'];
  readonly pad: AvgPoolAttrs['pad'];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' | undefined;
}

function poolAxes({ shape, rank }: Tensor, layout: PoolLayout): WindowAxis[] {
  const { filterSize, strides, pad, dimRoundingMode } = layout;
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

/**
 * Max pooling from slices and maxima alone, one axis after the other.
 *
 * x `[batch, ...sizes, channels]`, result `[batch, ...outSizes, channels]`, in 2D or 3D.
 */
export function maximumPool(x: Tensor, layout: PoolLayout): Tensor {
  return poolAxes(x, layout).reduce((all, along) => {
    const seen = seenAt(all, [along], Number.NEGATIVE_INFINITY);
    return windowPlaces([along])
      .map((place) => seen(place))
      .reduce((most, next) => maximum(most, next));
  }, x);
}

/**
 * The gradient of max pooling: `dy` goes to the greatest entry of each window, in equal shares where several are equally
 * great.
 *
 * dy and y `[batch, ...outSizes, channels]`, x and the result `[batch, ...sizes, channels]`, in 2D or 3D.
 */
export function maximumPoolGradient(dy: Tensor, x: Tensor, y: Tensor, layout: PoolLayout): Tensor {
  const axes = poolAxes(x, layout);
  const seen = seenAt(x, axes, Number.NEGATIVE_INFINITY);
  const attained = new Map(
    windowPlaces(axes).map((place) => [place.join(), cast(equal(seen(place), y), 'float32')]),
  );
  const share = div(dy, addN([...attained.values()]));
  return scatterPlaces(axes, (place) => mul(share, attained.get(place.join())!));
}

/**
 * The gradient of average pooling: `dy` is spread evenly over the part of each window that lies inside of the image.
 *
 * dy `[batch, ...outSizes, channels]`, x and the result `[batch, ...sizes, channels]`, in 2D or 3D.
 */
export function averagePoolGradient(dy: Tensor, x: Tensor, layout: PoolLayout): Tensor {
  const axes = poolAxes(x, layout);
  const share = axes.reduce((all, { axis, size, outSize, window, stride, front }) => {
    const counts = Float32Array.from({ length: outSize }, (_, i) => {
      const begin = i * stride - front;
      return Math.min(begin + window, size) - Math.max(begin, 0);
    });
    return div(all, tensor(counts, [outSize, ...Array<number>(dy.rank - axis - 1).fill(1)]));
  }, dy);
  return scatterPlaces(axes, () => share);
}

const maximumEntry = (kernel: string): GradConfig =>
  entry<PoolLayout>(kernel, {
    save: ['x'],
    saveOutput: true,
    gradients: (dy, [x, y], layout) => ({ x: () => maximumPoolGradient(dy, x!, y!, layout) }),
  });

const averageEntry = (kernel: string): GradConfig =>
  entry<PoolLayout>(kernel, {
    save: ['x'],
    gradients: (dy, [x], layout) => ({ x: () => averagePoolGradient(dy, x!, layout) }),
  });

/**
 * Pooling, composed. Overrides the stock gradients: those of averages count padding that the forward pass does not,
 * that of `maxPool` on wasm is wrong altogether.
 */
export const pooling = (): readonly GradConfig[] => [
  maximumEntry(MaxPool),
  maximumEntry(MaxPool3D),
  averageEntry(AvgPool),
  averageEntry(AvgPool3D),
];
