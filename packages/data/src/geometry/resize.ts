import { requireIntegers, ShapeError } from '@sshn/core';
import type { Image, LabelMap } from '../dataset/types.js';

/** How images are resized. */
export interface ResizeOptions {
  /**
   * Whether shrinking averages over the area that a new pixel covers. Without it each new pixel sees only its
   * neighbors, as the resize layers inside of a network do, and fine texture turns into noise. @default true
   */
  readonly antialias?: boolean;
}

/**
 * Resizes an image linearly along every axis, pixel centers at half coordinates.
 *
 * New pixel i of m looks at coordinate c = (i + ½) · n / m − ½ of n old ones, weighting old pixel k by
 * max(0, 1 − |k − c| / s) with s = max(1, n / m) (s = 1 without antialiasing), the weights within the image scaled to
 * sum 1. So with antialiasing the triangle grows as the image shrinks.
 *
 * @param size `[height, width]` or `[depth, height, width]`, as many axes as the image has.
 * @throws {ShapeError} if the number of axes differs; {ValueError} if an edge is not a positive integer.
 * @returns The image itself if it has that size already.
 *
 * *Source*: the geometry of Pillow's BILINEAR filter and of torch's `interpolate(antialias=True)`.
 */
export function resizeImage(image: Image, size: readonly number[], options: ResizeOptions = {}): Image {
  const { antialias = true } = options;
  checkSize('resizeImage', image.size, size);
  let { values } = image;
  let inner = image.channels;
  for (let axis = size.length - 1; axis >= 0; axis--) {
    if (size[axis] !== image.size[axis]) {
      const [from, to] = [image.size[axis]!, size[axis]!];
      const taps = Array.from({ length: to }, (_, i) => tapsOf(i, from, to, antialias));
      values = mixAxis(values, from, inner, taps);
    }
    inner *= size[axis]!;
  }
  return values === image.values ? image : { ...image, values, size: [...size] };
}

/**
 * Resizes a label map by taking, for each new pixel, the old pixel that its center lies in: ⌊(i + ½) · n / m⌋ along
 * every axis. The geometry is that of `resizeImage`.
 *
 * @throws {ShapeError} if the number of axes differs; {ValueError} if an edge is not a positive integer.
 * @returns The label map itself if it has that size already.
 */
export function resizeLabels(labels: LabelMap, size: readonly number[]): LabelMap {
  checkSize('resizeLabels', labels.size, size);
  if (size.every((n, axis) => n === labels.size[axis])) return labels;
  const sources = size.map((m, axis) => sourceIndices(labels.size[axis]!, m));
  // Indices of old rows, axis by axis, down to the last one, which runs innermost.
  let rows = [0];
  for (const [axis, source] of sources.slice(0, -1).entries()) {
    rows = rows.flatMap((row) => Array.from(source, (at) => row * labels.size[axis]! + at));
  }
  const columns = sources.at(-1)!;
  const width = labels.size.at(-1)!;
  const values = new Uint8Array(rows.length * columns.length);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) values[to++] = labels.values[row * width + column]!;
  }
  return { values, size: [...size] };
}

/** For each of `to` new pixels along an axis, the one of `from` old pixels that its center lies in. */
export function sourceIndices(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor(((i + 0.5) * from) / to)));
}

/** The old pixels that new pixel `i` is made of. */
function tapsOf(i: number, from: number, to: number, antialias: boolean): Taps {
  const reach = antialias ? Math.max(1, from / to) : 1;
  const center = ((i + 0.5) * from) / to - 0.5;
  const first = Math.max(0, Math.ceil(center - reach));
  const last = Math.min(from - 1, Math.floor(center + reach));
  const weights = Array.from({ length: last - first + 1 }, (_, k) =>
    Math.max(0, 1 - Math.abs(first + k - center) / reach),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { first, weights: weights.map((weight) => weight / sum) };
}

function checkSize(where: string, got: readonly number[], size: readonly number[]): void {
  if (got.length !== size.length) {
    throw new ShapeError({ where, got: size, expected: `${got.length} edges, as [${got.join(', ')}] has` });
  }
  requireIntegers(where, Object.fromEntries(size.map((n, axis) => [`size[${axis}]`, n])));
}

const luma = [0.299, 0.587, 0.114] as const;

/**
 * Brings an image to grey or RGB: grey is repeated in three channels; RGB becomes 0.299 R + 0.587 G + 0.114 B.
 *
 * @throws {ShapeError} if there is no way from the image's channels to those asked for.
 * @returns The image itself if it has them already.
 *
 * *Source*: ITU-R BT.601 luma.
 */
export function convertChannels(image: Image, channels: number): Image {
  if (image.channels === channels) return image;
  const pixels = image.values.length / image.channels;
  const values = new Float32Array(pixels * channels);
  if (image.channels === 1 && channels === 3) {
    for (let i = 0; i < values.length; i++) values[i] = image.values[Math.floor(i / 3)]!;
  } else if (image.channels === 3 && channels === 1) {
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < 3; c++) values[i]! += luma[c]! * image.values[3 * i + c]!;
    }
  } else {
    throw new ShapeError({
      where: 'convertChannels',
      got: [...image.size, image.channels],
      expected: `${channels} channels, or 1 or 3 to make 3 or 1 of`,
    });
  }
  return { ...image, values, channels };
}

/** What one new element of an axis is made of: `weights[k]` of old element `first + k`. */
export interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Replaces one axis of an array by weighted sums along it.
 *
 * @param values Seen as `[outer, from, inner]`.
 * @param taps One entry per element of the new axis.
 * @returns `[outer, taps.length, inner]`
 */
export function mixAxis(
  values: Float32Array,
  from: number,
  inner: number,
  taps: readonly Taps[],
): Float32Array {
  const outer = values.length / (from * inner);
  const result = new Float32Array(outer * taps.length * inner);
  if (inner <= mostSingle) {
    mixSingly(values, from, inner, taps, result);
    return result;
  }
  for (let block = 0; block < outer; block++) {
    for (let i = 0; i < taps.length; i++) {
      const { first, weights } = taps[i]!;
      const to = (block * taps.length + i) * inner;
      for (let k = 0; k < weights.length; k++) {
        const weight = weights[k]!;
        const at = (block * from + first + k) * inner;
        for (let c = 0; c < inner; c++) result[to + c]! += weight * values[at + c]!;
      }
    }
  }
  return result;
}

/** Of fewer numbers side by side, each is summed on its own: five times as fast. */
const mostSingle = 4;

/** The same sums, each rounded to 32 bits after every term, as an array of them rounds. */
function mixSingly(
  values: Float32Array,
  from: number,
  inner: number,
  taps: readonly Taps[],
  result: Float32Array,
): void {
  const outer = values.length / (from * inner);
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const { first, weights } of taps) {
      const begin = (block * from + first) * inner;
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let k = 0, at = begin + c; k < weights.length; k++, at += inner) {
          sum = Math.fround(sum + weights[k]! * values[at]!);
        }
        result[to++] = sum;
      }
    }
  }
}
