import { addN, type backend_util, slice, stridedSlice, type Tensor } from '@tensorflow/tfjs-core';
import { fitAxis, interleaveZeros } from '../arrangement/rearrange.js';

/** How windows lie along one axis of an image: output i sees inputs i·stride − front … + window − 1. */
export interface WindowAxis {
  readonly axis: number;
  readonly size: number;
  readonly outSize: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly front: number;
}

type Info = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** The windows of a channels-last convolution or pooling along height and width, and depth where there is one. */
export function windowAxes(info: Info): WindowAxis[] {
  const { padInfo } = info;
  const plane = [
    {
      size: info.inHeight,
      outSize: info.outHeight,
      window: info.effectiveFilterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      front: padInfo.top,
    },
    {
      size: info.inWidth,
      outSize: info.outWidth,
      window: info.effectiveFilterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      front: padInfo.left,
    },
  ];
  if (!('inDepth' in info)) return plane.map((axis, i) => ({ axis: i + 1, ...axis }));
  const depth = {
    size: info.inDepth,
    outSize: info.outDepth,
    window: info.effectiveFilterDepth,
    stride: info.strideDepth,
    dilation: info.dilationDepth,
    front: info.padInfo.front,
  };
  return [depth, ...plane].map((axis, i) => ({ axis: i + 1, ...axis }));
}

/** How far the last window reaches beyond the input; negative where a stride leaves entries unseen. */
export function overhang({ size, outSize, window, stride, front }: WindowAxis): number {
  return (outSize - 1) * stride + window - size - front;
}

/** Every place within a window, one index per axis. */
export function windowPlaces(axes: readonly WindowAxis[]): number[][] {
  return axes.reduce<number[][]>(
    (places, { window }) =>
      places.flatMap((place) => Array.from({ length: window }, (_, i) => [...place, i])),
    [[]],
  );
}

/**
 * What each window sees at a place: a function of the place, under which `axes` of `x` change from their size to their
 * output size; `outside` is what padding holds.
 */
export function seenAt(
  x: Tensor,
  axes: readonly WindowAxis[],
  outside: number,
): (place: readonly number[]) => Tensor {
  const padded = axes.reduce(
    (all, { axis, front, outSize, stride, window }) =>
      fitAxis(all, axis, front, (outSize - 1) * stride + window, outside),
    x,
  );
  const isDense = axes.every(({ stride }) => stride === 1);
  return (place) => {
    const begin = x.shape.map(() => 0);
    const end = [...padded.shape];
    const strides = x.shape.map(() => 1);
    axes.forEach(({ axis, outSize, stride }, i) => {
      begin[axis] = place[i]!;
      end[axis] = place[i]! + (outSize - 1) * stride + 1;
      strides[axis] = stride;
    });
    const size = end.map((last, axis) => last - begin[axis]!);
    return isDense ? slice(padded, begin, size) : stridedSlice(padded, begin, end, strides);
  };
}

/** The transpose of `seenAt` over all places: adds up what `at` tells of each. */
export function scatterPlaces(axes: readonly WindowAxis[], at: (place: readonly number[]) => Tensor): Tensor {
  const [first, ...rest] = axes;
  if (first === undefined) return at([]);
  const { axis, size, window, stride, front } = first;
  const parts = Array.from({ length: window }, (_, i) => {
    const inner = scatterPlaces(rest, (place) => at([i, ...place]));
    return fitAxis(interleaveZeros(inner, axis, stride), axis, i - front, size);
  });
  return addN(parts);
}
