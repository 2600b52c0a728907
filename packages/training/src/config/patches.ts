import { type OptionFault, option, ShapeError, type ValuesOf } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { imageEdge, sizeFaults } from '@sshn/model';

const patchWords = {
  size: option.list(imageEdge, {
    least: 2,
    most: 3,
    help: 'Train on random patches of this size, and predict in overlapping windows of it',
  }),
  perImage: option.integer({ least: 1, default: 2, help: 'Patches that each image gives in an epoch' }),
  foreground: option.number({
    least: 0,
    most: 1,
    default: 0.5,
    help: 'Share of the patches that are drawn around a pixel of a label, all labels alike; the others lie anywhere',
  }),
};

/** Training on patches of images that are too large for a step: see `drawPatches` of @sshn/data. */
export const patchConfigOptions = option.record(patchWords, {
  optional: true,
  help: 'Patches of images that are too large for a step',
});

/** A run, as far as its patches are concerned. */
interface PatchConfig {
  readonly task: 'segmentation' | 'registration';
  readonly size?: readonly number[];
  readonly patches?: ValuesOf<typeof patchWords>;
}

/** What is wrong with patches beside the rest of a configuration. */
export function patchFaults({ patches, size, task }: PatchConfig): OptionFault[] {
  if (patches === undefined) return [];
  const faults = sizeFaults(patches.size).map(({ message }) => ({ path: ['patches', 'size'], message }));
  if (task === 'registration') {
    faults.push({
      path: ['patches', 'size'],
      message: 'is for segmentation: a pair is registered as a whole',
    });
  }
  // Of a size of one edge the data decide whether it is that of a square or of a cube.
  if (size !== undefined && size.length > 1 && size.length !== patches.size.length) {
    faults.push({
      path: ['patches', 'size'],
      message: `has ${patches.size.length} axes, and size has ${size.length}`,
    });
  }
  return faults;
}

/** @throws {ShapeError} if patches have another number of axes than the images of a dataset. */
export function requirePatches({ patches }: Pick<PatchConfig, 'patches'>, { size }: Dataset): void {
  if (patches === undefined || patches.size.length === size.length) return;
  throw new ShapeError({
    where: 'patches.size',
    got: patches.size,
    expected: `${size.length} edges, as the images are of ${size.join('×')}`,
  });
}

/** What a run's network sees at a time: an image or a patch of it; of registration, a pair. */
export function inputOf(
  { patches, task }: Pick<PatchConfig, 'patches' | 'task'>,
  { size, channels }: Pick<Dataset, 'size' | 'channels'>,
): Pick<Dataset, 'size' | 'channels'> {
  return { size: patches?.size ?? size, channels: task === 'registration' ? 2 * channels : channels };
}
