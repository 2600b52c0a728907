import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileError } from '@sshn/core';
import { resampleOnto, type Volume } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { labelsInSpaceOf, type NamedLabel, type Picture } from '@sshn/predict';
import { readLabelPicture } from '@sshn/predict/node';

/**
 * Reads the known label map of an image, a file or the one of its name in a folder, and brings it onto the grid of the image:
 * its axes may be in another order.
 *
 * @param name Of the image, as `findInputs` gives it.
 * @throws {FileError} if there is none, or it lies on another grid.
 */
export async function knownLabels(path: string, name: string, image: Picture): Promise<Volume> {
  const labels = labelsInSpaceOf(image, await readLabelPicture(await labelFile(path, name)));
  return resampleOnto(labels.channels[0], image.channels[0], { interpolation: 'nearest' });
}

/** Dice of each label of a prediction against the known ones; NaN where neither has it. */
export function diceOf(
  predicted: Uint8Array,
  known: ArrayLike<number>,
  names: readonly NamedLabel[],
): readonly number[] {
  const labels = names.length;
  const labelOf = new Map(names.map(({ value }, label) => [value, label]));
  // A value that the model does not know stays one that it cannot have.
  const classes = Int32Array.from(known, (value) => labelOf.get(value) ?? labels + Math.abs(value));
  const { perLabel } = diceScore(predicted, classes, { labels, includeBackground: true });
  return Array.from({ length: labels }, (_, label) => perLabel.get(label) ?? Number.NaN);
}

/** The label map of an image: the file itself, or the one of the same name in a folder. */
async function labelFile(path: string, name: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined)
    throw new FileError({
      path,
      problem: 'does not exist',
      remedy: 'Give a label map, or a folder of them.',
    });
  if (!info.isDirectory()) return path;
  const folder = join(path, dirname(name));
  const wanted = basename(name).normalize('NFC');
  const names = await readdir(folder).catch(() => []);
  const found = names.find(
    (one) =>
      one
        .normalize('NFC')
        .replace(/(\.nii)?\.[^.]+$/, '')
        .replace(/_(mask|seg|labels?)$/, '') === wanted,
  );
  if (found !== undefined) return join(folder, found);
  throw new FileError({
    path: folder,
    problem: `has no label map for ${name}`,
    remedy: 'Label maps have the name of their image; leave out --labels to predict without comparing.',
  });
}
