import { FileError, requireIntegers, ShapeError } from '@sshn/core';
import { unknownId } from '../dataset/from-examples.js';
import type { Example, FolderDataset } from '../dataset/types.js';
import { sliceOf } from '../volumes/orientation.js';
import type { Triple } from '../volumes/volume.js';
import type { Decoders } from './decoders.js';
import {
  highestLabel,
  type LabelNaming,
  type LabelScheme,
  labelsOf,
  schemeOfValues,
  tableOf,
} from './label-names.js';
import type { Folder } from './layouts.js';
import type { Pair } from './pairing.js';
import { mapLimited, type PathOf } from './source-file.js';
import { checkVolumeOptions, sliceIndices, sliceName, type VolumeOptions } from './volume-options.js';
import {
  conformed,
  conformedShape,
  fitted,
  type LabeledVolume,
  readLabelVolume,
  readPair,
  readSpace,
} from './volume-pairs.js';

/** How volumes become examples of one size. */
export interface OpenVolumesOptions extends VolumeOptions {
  /** `[depth, height, width]` of volumes, `[height, width]` of slices. */
  readonly size?: readonly number[];
  /** Called with what should be known and is no reason to stop. */
  readonly onWarning?: (warning: string) => void;
}

/** Where an example comes from: a volume, and the slice of it. */
interface Origin {
  readonly pair: Pair;
  readonly slice: number | undefined;
}

const atOnce = 8;

/** Volumes whose voxels are kept because their slices are likely to be asked for one after another. */
const keptVolumes = 2;

/**
 * A dataset of volumes, or of their slices.
 *
 * @param name Of the folder.
 * @throws {FileError} naming the file that does not fit, and the remedy. @throws {ValueError} or {OptionError} if options
 *   make no sense.
 */
export async function openVolumes(
  name: string,
  { pairs, naming }: Folder,
  path: PathOf,
  options: OpenVolumesOptions,
  decoders: Decoders,
): Promise<FolderDataset> {
  checkVolumeOptions(options);
  const shapes = await mapLimited(pairs, atOnce, async (pair) =>
    conformedShape(await readSpace(pair, path, options.frame), options),
  );
  const shape = commonShape(pairs, shapes, path, options);
  const scheme = naming.scheme ?? (await schemeInFiles(name, pairs, path, naming, options, decoders));
  const origins = originsOf(pairs, shapes, options);
  if (origins.size === 0) {
    const problem = `has no ${options.slices?.axis} slices from ${options.slices?.range?.join(' to ')} on`;
    throw new FileError({ path: name, problem, remedy: 'Give another range of slices.' });
  }
  const volumeOf = remember(keptVolumes, async (pair: Pair) =>
    conformed(await readPair(pair, scheme, path, decoders, options.frame), options),
  );
  const short = name.replace(/.*[\\/](?=.)/, '');
  const originOf = (id: string): Origin => origins.get(id) ?? unknownId(short, id);
  return {
    name: short,
    ids: [...origins.keys()],
    size: options.slices === undefined ? shape : shape.slice(1),
    channels: 1,
    ...labelsOf(scheme),
    subjectOf: (id) => originOf(id).pair.id,
    sourcesOf: (id) => [originOf(id).pair.image, originOf(id).pair.labels],
    load: async (id) => {
      const { pair, slice } = originOf(id);
      if (slice === undefined) {
        return exampleOf(
          id,
          fitted(
            conformed(await readPair(pair, scheme, path, decoders, options.frame), options),
            shape,
            options,
          ),
        );
      }
      const { image, labels } = await volumeOf(pair);
      return exampleOf(
        id,
        fitted({ image: sliceOf(image, slice), labels: sliceOf(labels, slice) }, shape, options),
        true,
      );
    },
  };
}

/** The shape of every example, of depth 1 for slices. */
function commonShape(
  pairs: readonly Pair[],
  shapes: readonly Triple[],
  path: PathOf,
  { size, fit, slices }: OpenVolumesOptions,
): Triple {
  const rank = slices === undefined ? 3 : 2;
  const flat = (shape: Triple): Triple => (slices === undefined ? shape : [1, shape[1], shape[2]]);
  if (size !== undefined) {
    if (size.length !== rank) {
      const expected = rank === 3 ? '[depth, height, width] for volumes' : '[height, width] for slices';
      throw new ShapeError({ where: 'size', got: size, expected });
    }
    requireIntegers('size', Object.fromEntries(size.map((n, axis) => [`edge ${axis}`, n])));
    return [...(rank === 2 ? [1] : []), ...size] as unknown as Triple;
  }
  const own = shapes.map(flat);
  if (fit === 'pad') {
    const most = (axis: number): number => Math.max(...own.map((shape) => shape[axis]!));
    return [most(0), most(1), most(2)];
  }
  const other = own.findIndex((shape) => shape.join() !== own[0]!.join());
  if (other === -1) return own[0]!;
  const text = (shape: Triple): string => shape.slice(3 - rank).join(' × ');
  throw new FileError({
    path: path(pairs[other]!.image.path),
    problem: `is of size ${text(own[other]!)}, but ${pairs[0]!.image.path} of ${text(own[0]!)}`,
    remedy: `Give a size to bring all to, such as [${own[0]!.slice(3 - rank).join(', ')}], or fit 'pad'.`,
  });
}

function originsOf(
  pairs: readonly Pair[],
  shapes: readonly Triple[],
  { slices }: VolumeOptions,
): ReadonlyMap<string, Origin> {
  return new Map(
    pairs.flatMap((pair, i): Array<[string, Origin]> => {
      if (slices === undefined) return [[pair.id, { pair, slice: undefined }]];
      return sliceIndices(shapes[i]![0], slices).map((slice) => [
        sliceName(pair.id, slices.axis, slice),
        { pair, slice },
      ]);
    }),
  );
}

function exampleOf(id: string, { image, labels }: LabeledVolume, isSlice = false): Example {
  const size = isSlice ? image.shape.slice(1) : image.shape;
  const values = Float32Array.from(image.data);
  return {
    id,
    image: { values, size, channels: 1, intensities: 'scanner' },
    // A copy: a slice must not keep its volume in memory.
    labels: { values: labels.data.slice(), size },
    spacingMm: isSlice ? image.spacingMm.slice(1) : image.spacingMm,
  };
}

async function schemeInFiles(
  name: string,
  pairs: readonly Pair[],
  path: PathOf,
  naming: LabelNaming,
  { onWarning }: OpenVolumesOptions,
  decoders: Decoders,
): Promise<LabelScheme> {
  const isThere = new Uint8Array(highestLabel + 1);
  const scaled: string[] = [];
  await mapLimited(pairs, atOnce, async ({ labels }) => {
    const volume = await readLabelVolume(labels, path, decoders, (value) =>
      scaled.push(`${value} in ${labels.path}`),
    );
    for (const value of volume.data) isThere[value] = 1;
  });
  if (scaled.length > 0) {
    onWarning?.(
      `label files hold scaled numbers (${scaled[0]}${scaled.length > 1 ? `, ${scaled.length} files in all` : ''}): rounded to whole ones`,
    );
  }
  const values = new Set([...isThere.keys()].filter((value) => isThere[value] === 1));
  return schemeOfValues(values, name, { table: tableOf(naming), onWarning });
}

/** The same function, its last few results kept. */
function remember<Key, Value>(
  count: number,
  make: (key: Key) => Promise<Value>,
): (key: Key) => Promise<Value> {
  const kept = new Map<Key, Promise<Value>>();
  return (key) => {
    const value = kept.get(key) ?? make(key);
    kept.delete(key);
    kept.set(key, value);
    value.catch(() => kept.delete(key));
    if (kept.size > count) kept.delete(kept.keys().next().value as Key);
    return value;
  };
}
