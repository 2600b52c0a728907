import { FileError } from '@sshn/core';
import { type ImageHeader, readImageHeader } from '../formats/decode.js';
import { lossyLabels } from '../formats/raster.js';
import type { Pair } from './pairing.js';
import type { PathOf, SourceFile } from './source-file.js';

const headLength = 1 << 16;

/**
 * What an image's file says about itself, read from the beginning of the file where that is enough.
 *
 * @throws {FileError} if it or its labels cannot be read, the labels are a JPEG, or their sizes disagree.
 */
export async function readHeaders(pair: Pair, path: PathOf): Promise<ImageHeader> {
  const [image, labels] = await Promise.all([readHeader(pair.image, path), readHeader(pair.labels, path)]);
  if (labels.format === 'jpeg') {
    const { problem, remedy } = lossyLabels();
    throw new FileError({ path: path(pair.labels.path), problem, remedy });
  }
  checkSameSize(pair, image.size, labels.size, path);
  return image;
}

async function readHeader(file: SourceFile, path: PathOf): Promise<ImageHeader> {
  const head = await file.read(headLength);
  try {
    return readImageHeader(head, path(file.path));
  } catch (error) {
    if (head.length < headLength) throw error;
    return readImageHeader(await file.read(), path(file.path));
  }
}

/** @throws {FileError} naming the label file, if it is not as large as its image. */
export function checkSameSize(
  { image, labels }: Pair,
  imageSize: readonly number[],
  labelSize: readonly number[],
  path: PathOf,
): void {
  if (imageSize.join() === labelSize.join()) return;
  throw new FileError({
    path: path(labels.path),
    problem: `has ${inPixels(labelSize)}, but its image ${image.path} has ${inPixels(imageSize)}`,
    remedy: 'Export the labels at the size of the image.',
  });
}

/** The size of all images. @throws {FileError} naming the first one that has another. */
export function commonSize(
  pairs: readonly Pair[],
  headers: readonly ImageHeader[],
  path: PathOf,
): readonly number[] {
  const texts = headers.map(({ size }) => `has ${inPixels(size)}`);
  requireSame(pairs, texts, path, 'Give a size to bring all images to, for example [128, 128].');
  return headers[0]!.size;
}

/** The channels of all images. @throws {FileError} naming the first one that has others. */
export function commonChannels(pairs: readonly Pair[], headers: readonly ImageHeader[], path: PathOf): 1 | 3 {
  const texts = headers.map(({ channels }) => (channels === 1 ? 'is grey' : 'is in color'));
  requireSame(pairs, texts, path, 'Give the channels to bring all images to, 1 for grey or 3 for color.');
  return headers[0]!.channels;
}

function requireSame(pairs: readonly Pair[], texts: readonly string[], path: PathOf, remedy: string): void {
  const other = texts.findIndex((text) => text !== texts[0]);
  if (other === -1) return;
  throw new FileError({
    path: path(pairs[other]!.image.path),
    problem: `${texts[other]}, but ${pairs[0]!.image.path} ${texts[0]}`,
    remedy,
  });
}

function inPixels(size: readonly number[]): string {
  return `${size[1]} × ${size[0]} pixels`;
}
