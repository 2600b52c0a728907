import { requireIntegers, ShapeError, ValueError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Checks a feature map: float32, channels last, two or three spatial axes.
 *
 * @param spatialRank 2 for images, 3 for volumes; either where left out.
 * @param channels Any number where left out.
 * @throws {ShapeError} if the rank or the channels differ. @throws {ValueError} if it is not float32.
 */
export function requireFeatures(where: string, x: Tensor, spatialRank?: number, channels?: number): void {
  const fits =
    (spatialRank === undefined ? x.rank === 4 || x.rank === 5 : x.rank === spatialRank + 2) &&
    (channels === undefined || x.shape.at(-1) === channels);
  if (!fits) {
    const last = channels ?? 'channels';
    const [plane, volume] = [`[batch, height, width, ${last}]`, `[batch, depth, height, width, ${last}]`];
    throw new ShapeError({
      where,
      got: x.shape,
      expected: spatialRank === undefined ? `${plane} or ${volume}` : spatialRank === 2 ? plane : volume,
      hint: 'Arrays are channels-last; transpose channels-first data first.',
    });
  }
  if (x.dtype !== 'float32') {
    throw new ValueError({
      where,
      got: x.dtype,
      expected: 'a float32 tensor',
      hint: "Convert it first: cast(x, 'float32').",
    });
  }
}

/** Checks the size that features are to have. @throws {ValueError} if it has not one integer ≥ 1 per spatial axis. */
export function requireSize(where: string, size: readonly number[], rank: number): void {
  if (size.length !== rank) {
    throw new ValueError({
      where: `${where}: size`,
      got: size,
      expected: rank === 2 ? '[height, width]' : '[depth, height, width]',
    });
  }
  requireIntegers(`${where}: size`, Object.fromEntries(size.map((n, axis) => [`axis ${axis}`, n])));
}
