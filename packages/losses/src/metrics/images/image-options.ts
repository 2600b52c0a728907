import { ValueError } from '@sshn/core';

/** @throws {ValueError} if two images do not have the same number of intensities, one at least. */
export function requireImages(where: string, image: ArrayLike<number>, truth: ArrayLike<number>): void {
  if (image.length === truth.length && image.length > 0) return;
  throw new ValueError({
    where: `${where}: image`,
    got: `${image.length} intensities`,
    expected: truth.length === 0 ? 'one or more' : `${truth.length}, as the true image has`,
  });
}

/** @throws {ValueError} if that is no range of intensities. */
export function requireRange(where: string, dataRange: number): void {
  if (dataRange > 0 && dataRange < Infinity) return;
  throw new ValueError({ where: `${where}: dataRange`, got: dataRange, expected: 'a positive number' });
}
