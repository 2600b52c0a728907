import { FileError, requireIntegers } from '@sshn/core';
import { toImage } from '../formats/raster.js';
import { readDirectories } from '../formats/readers/tiff/directory.js';
import { readTiff, tiffHeader } from '../formats/readers/tiff/read.js';
import { type StackSpace, stackSpace } from '../formats/readers/tiff/stack.js';
import { naming, orDamaged } from '../formats/refusal.js';
import { type Volume, volumeOf } from './volume.js';

/**
 * A TIFF stack as a volume: its pages are depth, in their order. Edges are those that ImageJ or OME give, else 1 mm.
 *
 * Numbers are scaled as `decodeImage` does: unsigned integers to [0, 1] by their bits, others as they are.
 *
 * @param options.maxVoxels Larger stacks are refused before memory is taken for them. @default 2^27
 * @throws {FileError} if the file is no TIFF, damaged, in color, its pages differ in size, or they are several channels or
 *   time points.
 */
export async function decodeStack(
  bytes: Uint8Array,
  name: string,
  { maxVoxels = 2 ** 27 }: { readonly maxVoxels?: number } = {},
): Promise<Volume<Float32Array>> {
  requireIntegers('decodeStack', { maxVoxels });
  const refuse = (problem: string, remedy: string): never => {
    throw new FileError({ path: name, problem, remedy });
  };
  const reading = <Result>(work: () => Result): Result => naming(name, () => orDamaged('TIFF', work));
  const { width, height, channels, frames = 1 } = reading(() => tiffHeader(bytes));
  const space = reading((): StackSpace => stackSpace(readDirectories(bytes)[0]));
  if (channels !== 1) refuse('is a TIFF stack in color', 'Read its pages as images, with `frame` (--frame).');
  if (space.volumes > 1 && frames > 1) {
    refuse(
      `is a TIFF stack of ${space.volumes} volumes (channels or time points)`,
      'Export one of them, or read a page as an image, with `frame` (--frame).',
    );
  }
  if (frames * width * height > maxVoxels) {
    refuse(
      `has ${width} × ${height} × ${frames} voxels, more than the limit of ${maxVoxels}`,
      'Resample or crop it; if the size is wrong, the file is damaged.',
    );
  }
  const data = new Float32Array(frames * width * height);
  for (let frame = 0; frame < frames; frame++) {
    const image = await reading(async () => toImage(await readTiff(bytes, frame)));
    if (image.size.join() !== [height, width].join() || image.channels !== 1) {
      refuse(
        `has pages that are not all alike: page ${frame + 1} differs from the first`,
        'Export one size alone.',
      );
    }
    data.set(image.values, frame * width * height);
  }
  return volumeOf(data, [frames, height, width], { spacingMm: space.spacingMm ?? [1, 1, 1] });
}
