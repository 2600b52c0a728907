import type { Image, LabelMap } from '../dataset/types.js';

/** An array that numbers can be copied into. */
type NumberArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/**
 * Pads or crops every axis of an array, half of it on either side: along an axis of n that becomes m, new place i is old place
 * i − trunc((m − n) / 2). The way back, from the larger size to the smaller, gives the array itself.
 *
 * @param options `from` and `to` are sizes along two or three axes; `channels` follow them. @default 1 channel, `fill` 0
 * @returns The array itself if it has that size already.
 */
export function padOrCropValues<Values extends NumberArray>(
  values: Values,
  {
    from,
    to,
    channels = 1,
    fill = 0,
  }: {
    readonly from: readonly number[];
    readonly to: readonly number[];
    readonly channels?: number;
    readonly fill?: number;
  },
): Values {
  if (from.join() === to.join()) return values;
  const [old, size] = [from, to].map((one) => (one.length === 2 ? [1, ...one] : one)) as [number[], number[]];
  const shift = size.map((n, axis) => shiftOf(old[axis]!, n)) as [number, number, number];
  const [depth, height, width] = size as [number, number, number];
  const Numbers = values.constructor as new (length: number) => Values;
  const result = new Numbers(depth * height * width * channels).fill(fill) as Values;
  const first = Math.max(0, shift[2]);
  const count = (Math.min(width, old[2]! + shift[2]) - first) * channels;
  for (let d = Math.max(0, shift[0]); d < Math.min(depth, old[0]! + shift[0]); d++) {
    for (let h = Math.max(0, shift[1]); h < Math.min(height, old[1]! + shift[1]); h++) {
      const at = (((d - shift[0]) * old[1]! + h - shift[1]) * old[2]! + first - shift[2]) * channels;
      result.set(values.subarray(at, at + count), ((d * height + h) * width + first) * channels);
    }
  }
  return result;
}

/** By how much what was on an axis moves on one of another length. */
export function shiftOf(from: number, to: number): number {
  return Math.trunc((to - from) / 2);
}

/**
 * An image with a border of its lowest value, half of it on either side, so that no axis is shorter than asked.
 *
 * @param least Of every axis, in pixels.
 * @returns The image itself if it is large enough.
 */
export function padImage(image: Image, least: readonly number[]): Image {
  const { values, size: from, channels } = image;
  const to = from.map((n, axis) => Math.max(n, least[axis]!));
  if (to.join() === from.join()) return image;
  let fill = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) fill = Math.min(fill, values[i]!);
  return { ...image, values: padOrCropValues(values, { from, to, channels, fill }), size: to };
}

/** As `padImage`, with a border of background. */
export function padLabels(labels: LabelMap, least: readonly number[]): LabelMap {
  const { values, size: from } = labels;
  const to = from.map((n, axis) => Math.max(n, least[axis]!));
  return { values: padOrCropValues(values, { from, to }), size: to };
}
