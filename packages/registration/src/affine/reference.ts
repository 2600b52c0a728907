import { option, ShapeError, ValueError, type ValuesOf } from '@sshn/core';
import { type AffineMatrix, composeAffine, invertAffine } from './matrix.js';
import { type AffineRegistrationOptions, type ImageArray, registerAffine } from './register.js';
import { coarser, edgesOf, type GridImage } from './samples.js';

const perAxis = { least: 2, most: 3 } as const;

const words = {
  size: option.list(option.integer({ least: 1, most: 2 ** 16, help: '' }), {
    ...perAxis,
    help: 'Of the grid that images are aligned on: [height, width] or [depth, height, width]',
  }),
  spacingMm: option.list(option.number({ above: 0, help: '' }), {
    ...perAxis,
    help: 'Edges of its voxels in mm, one per axis',
  }),
  block: option.list(option.integer({ least: 1, most: 2 ** 16, help: '' }), {
    ...perAxis,
    help: 'How many of its voxels each kept value is the mean of, along each axis',
  }),
  values: option.text({
    help: 'Bytes of the blocks that fit into the grid, the last axis fastest, 0 the darkest and 255 the brightest; base64',
  }),
};

/** An image that others are aligned to, in few voxels of 8 bits: small enough to be kept with a model. Plain JSON. */
export type AffineReference = ReadonlyOf<ValuesOf<typeof words>>;

type ReadonlyOf<T> = {
  readonly [Key in keyof T]: T[Key] extends ReadonlyArray<infer Item> ? readonly Item[] : T[Key];
};

/** What an `AffineReference` holds, to be read from a file. */
export const affineReferenceOption = option.record(words, {
  help: 'The image that others are aligned with, in few voxels',
  check: ({ size, spacingMm, block, values }) => {
    if (spacingMm.length !== size.length || block.length !== size.length)
      return [{ path: ['size'], message: 'has not as many axes as spacingMm and block' }];
    const bytes = size.reduce((product, n, axis) => product * Math.floor(n / block[axis]!), 1);
    const isWhole = bytes > 0 && values.length === 4 * Math.ceil(bytes / 3) && /^[\w+/]*=*$/.test(values);
    return isWhole ? [] : [{ path: ['values'], message: `are not ${bytes} bytes in base64` }];
  },
});

/** About so many blocks lie along the longest axis. */
const usualBlocks = 48;

/**
 * A reference made of an image.
 *
 * @param spacingMm Edges of the image's voxels in mm, one per axis.
 * @throws {ShapeError} if image and spacing do not fit. @throws {ValueError} if an intensity is not finite.
 * @example
 * const reference = affineReference({ values, size: [160, 192, 224] }, [1, 1, 1]);
 */
export function affineReference({ values, size }: ImageArray, spacingMm: readonly number[]): AffineReference {
  const where = 'affineReference';
  requireGrid(where, size, spacingMm);
  const rank = size.length;
  if (values.length !== size.reduce((product, n) => product * n, 1))
    throw new ShapeError({ where, got: size, expected: `the size of ${values.length} values` });
  const whole = {
    values: Float32Array.from(values),
    size: (rank === 2 ? [1, ...size] : size) as GridImage['size'],
    toWorld: inSpace(centered(size, spacingMm)),
  };
  const longestMm = Math.max(...size.map((n, axis) => n * spacingMm[axis]!));
  const coarse = coarser(whole, longestMm / usualBlocks);
  const edges = edgesOf(coarse.toWorld).slice(3 - rank);
  const block = edges.map((edge, axis) => Math.round(edge / spacingMm[axis]!));
  let [low, high] = [Infinity, -Infinity];
  for (const value of coarse.values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!Number.isFinite(high - low))
    throw new ValueError({ where, got: high - low, expected: 'finite intensities' });
  const perStep = high > low ? 255 / (high - low) : 0;
  const bytes = Uint8Array.from(coarse.values, (value) => Math.round((value - low) * perStep));
  return { size: [...size], spacingMm: [...spacingMm], block, values: toBase64(bytes) };
}

/**
 * The affine map that aligns an image with a reference: from voxels of the reference's grid to voxels of the image. Both
 * images' middles lie in one place to begin with, their axes along each other.
 *
 * @param spacingMm Edges of the image's voxels in mm, one per axis.
 * @throws {ShapeError} if the ranks differ, or the reference is none. @throws {ValueError} as `registerAffine`.
 * @example
 * const matrix = await alignToReference({ values, size }, [1, 1, 1.2], reference, { kind: 'rigid' });
 */
export async function alignToReference(
  image: ImageArray,
  spacingMm: readonly number[],
  reference: AffineReference,
  options: Omit<AffineRegistrationOptions, 'movingToWorld' | 'fixedToWorld'> = {},
): Promise<number[][]> {
  requireGrid('alignToReference: image', image.size, spacingMm);
  const { size, spacingMm: edges, block } = reference;
  requireGrid('alignToReference: reference', size, edges);
  const movingToWorld = centered(image.size, spacingMm);
  const toWorld = centered(size, edges);
  const toBlocks = size.map((_, axis) => [
    ...size.map((__, other) => (other === axis ? block[axis]! : 0)),
    (block[axis]! - 1) / 2,
  ]);
  const coarse = {
    values: Float32Array.from(fromBase64(reference.values)),
    size: size.map((n, axis) => Math.floor(n / block[axis]!)),
  };
  const { matrixMm } = await registerAffine(image, coarse, {
    ...options,
    movingToWorld,
    fixedToWorld: composeAffine(toWorld, toBlocks),
  });
  return composeAffine(invertAffine(movingToWorld), composeAffine(matrixMm, toWorld));
}

/** From voxels to mm, the middle of the grid at the origin. */
function centered(size: readonly number[], spacingMm: readonly number[]): number[][] {
  return size.map((n, axis) => [
    ...size.map((_, other) => (other === axis ? spacingMm[axis]! : 0)),
    (-spacingMm[axis]! * (n - 1)) / 2,
  ]);
}

function requireGrid(where: string, size: readonly number[], spacingMm: readonly number[]): void {
  const rank = size.length;
  if ((rank !== 2 && rank !== 3) || !size.every((n) => Number.isInteger(n) && n > 0))
    throw new ShapeError({ where, got: size, expected: '[height, width] or [depth, height, width]' });
  if (spacingMm.length === rank && spacingMm.every((edge) => edge > 0 && Number.isFinite(edge))) return;
  throw new ValueError({
    where: `${where}: spacingMm`,
    got: spacingMm,
    expected: `${rank} edges above 0, one per axis`,
  });
}

function inSpace(matrix: AffineMatrix): AffineMatrix {
  return matrix.length === 3 ? matrix : [[1, 0, 0, 0], ...matrix.map((row) => [0, ...row])];
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  const bytes = atob(text);
  return Uint8Array.from(bytes, (_, i) => bytes.charCodeAt(i));
}
