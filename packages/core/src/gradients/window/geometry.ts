import { addN, type backend_util, stridedSlice, type Tensor } from '@tensorflow/tfjs-core';
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

/** What each window sees at one place: x `[batch, ...sizes, channels]` to `[batch, ...outSizes, channels]`. */
export function gatherPlace(
  x: Tensor,
  axes: readonly WindowAxis[],
  place: readonly number[],
  outside: number,
): Tensor {
  const padded = axes.reduce(
    (all, { axis, front, outSize, stride, window }) =>
      fitAxis(all, axis, front, (outSize - 1) * stride + window, outside),
    x,
  );
  const begin = [0, ...place, 0];
  const end = [
    padded.shape[0]!,
    ...axes.map(({ outSize, stride }, i) => place[i]! + (outSize - 1) * stride + 1),
    padded.shape.at(-1)!,
  ];
  return stridedSlice(padded, begin, end, [1, ...axes.map(({ stride }) => stride), 1]);
}

/** The transpose of `gatherPlace` over all places: adds up what `at` tells of each. */
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
