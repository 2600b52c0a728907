import { type Rng, requireIntegers, ShapeError, ValueError } from '@sshn/core';
import { padImage, padLabels } from '../geometry/pad.js';
import { cutTile, type Size3, size3Of } from '../geometry/tiles.js';
import type { Example, LabelMap } from './types.js';

/** How patches are drawn from an image that is too large for a step of training. */
export interface PatchOptions {
  /** `[height, width]` or `[depth, height, width]` of a patch, in pixels. */
  readonly size: readonly number[];
  /** How many patches each image gives. */
  readonly perImage: number;
  /** The probability that a patch is drawn around a pixel of a label other than the background, in [0, 1]. */
  readonly foreground: number;
}

/**
 * Draws patches of an image and its labels at random, balanced by label.
 *
 * With the probability `foreground` a patch is drawn around a pixel of a label: the label uniformly among those that the image
 * has, the background apart, so that rare labels come as often as frequent ones, then the pixel uniformly among its pixels.
 * That pixel lies somewhere in the middle half of the patch along each axis, or nearer to its border where the patch would leave
 * the image. All other patches, and those of an image without labels, lie anywhere with the same probability. Images that are
 * smaller than a patch are padded first: see `padImage`.
 *
 * @param rng Is not advanced: the same generator draws the same patches.
 * @returns `perImage` examples of the given size, under the id of the image.
 * @throws {ShapeError} if the patch has another number of axes than the image.
 * @throws {ValueError} if the size or `perImage` is not of positive integers, or `foreground` is not in [0, 1].
 * @example
 * const [first, second] = drawPatches(example, { size: [64, 64, 64], perImage: 2, foreground: 0.5 }, Rng.fromSeed(1));
 *
 * *Source*: nnU-Net (Isensee et al., 2021), which draws a third of its patches so; `RandCropByPosNegLabel` of MONAI; `LabelSampler` of TorchIO.
 */
export function drawPatches(example: Example, options: PatchOptions, rng: Rng): Example[] {
  const { size, perImage, foreground } = options;
  checkPatches(example, options);
  const image = padImage(example.image, size);
  const labels = padLabels(example.labels, size);
  const [whole, tile] = [size3Of(image.size), size3Of(size)];
  const pixels = countPixels(labels);
  const present = [...pixels.keys()].filter((label) => label > 0 && pixels[label]! > 0);
  return Array.from({ length: perImage }, (_, i) => {
    const draws = rng.split(i);
    const isAround = draws.uniform() < foreground && present.length > 0;
    const label = isAround ? present[draws.integer(present.length)]! : 0;
    const pixel = isAround ? placeOf(labels, label, draws.integer(pixels[label]!)) : undefined;
    const begin = whole.map((n, axis) => {
      const [edge, room] = [tile[axis]!, n - tile[axis]!];
      if (pixel === undefined) return draws.integer(room + 1);
      const [from, to] = [Math.floor(edge / 4), Math.ceil((3 * edge) / 4)];
      return Math.min(room, Math.max(0, pixel[axis]! - from - draws.integer(to - from)));
    }) as unknown as Size3;
    const place = { size: whole, begin, tile };
    return {
      ...example,
      image: { ...image, values: cutTile(image.values, { ...place, channels: image.channels }), size },
      labels: { values: cutTile(labels.values, { ...place, channels: 1 }), size },
    };
  });
}

function checkPatches({ id, image }: Example, { size, perImage, foreground }: PatchOptions): void {
  if (size.length !== image.size.length) {
    throw new ShapeError({
      where: `drawPatches: '${id}'`,
      got: size,
      expected: `${image.size.length} edges, for an image of ${image.size.join('×')}`,
    });
  }
  requireIntegers('drawPatches', { perImage });
  requireIntegers('drawPatches: size', Object.fromEntries(size.entries()));
  if (foreground >= 0 && foreground <= 1) return;
  throw new ValueError({ where: 'drawPatches: foreground', got: foreground, expected: 'a number in [0, 1]' });
}

/** How many pixels each label has. */
function countPixels({ values }: LabelMap): Float64Array {
  const counts = new Float64Array(256);
  for (let i = 0; i < values.length; i++) counts[values[i]!]! += 1;
  return counts;
}

/** Where the pixel of a label lies that comes after so many others of it. */
function placeOf({ values, size }: LabelMap, label: number, before: number): Size3 {
  let at = 0;
  for (let left = before; left > 0 || values[at] !== label; at++) if (values[at] === label) left--;
  const [, height, width] = size3Of(size);
  return [Math.floor(at / (height * width)), Math.floor(at / width) % height, at % width];
}
