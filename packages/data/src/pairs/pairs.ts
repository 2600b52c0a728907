import { type Rng, requireIntegers, ShapeError, ValueError } from '@sshn/core';
import type { Dataset, Example, LabelMap } from '../dataset/types.js';

/** Two images of one dataset: which one is to be aligned, and to which. Ids of the dataset. */
export interface ImagePair {
  readonly moving: string;
  readonly fixed: string;
}

/** Which pairs are made. */
export interface PairOptions {
  /** Subject that every other one is aligned to, an atlas; else all are aligned to each other. */
  readonly atlas?: string;
  /** At most so many fixed images for each moving one, drawn at random. @default all */
  readonly perImage?: number;
  /** Draws them; needed with `perImage`. */
  readonly rng?: Rng;
}

/**
 * All ordered pairs of images of different subjects. Of subjects with several images (slices), only those pair up whose
 * ids are equal but for the subject: the same slice.
 *
 * @param ids Images that may be moving, and fixed unless there is an atlas: one part of a split.
 * @throws {ValueError} if no pair is left, the atlas is nobody's, or `perImage` is not positive or comes without `rng`.
 * @example
 * const train = pairsWithin(dataset, split.train, { perImage: 4, rng: Rng.fromSeed(1) });
 */
export function pairsWithin(
  dataset: Pick<Dataset, 'ids' | 'subjectOf'>,
  ids: readonly string[],
  { atlas, perImage, rng }: PairOptions = {},
): ImagePair[] {
  const { subjectOf = (id) => id } = dataset;
  const viewOf = (id: string) => id.replace(subjectOf(id), '');
  const targets = atlas === undefined ? ids : dataset.ids.filter((id) => subjectOf(id) === atlas);
  if (targets.length === 0) throw noAtlas(atlas, [...new Set(dataset.ids.map(subjectOf))]);
  const byView = groupBy(targets, viewOf);
  const pairs = ids.flatMap((moving) => {
    const others = (byView.get(viewOf(moving)) ?? []).filter((id) => subjectOf(id) !== subjectOf(moving));
    return drawn(others, moving, perImage, rng).map((fixed) => ({ moving, fixed }));
  });
  if (pairs.length > 0) return pairs;
  throw new ValueError({
    where: 'pairsWithin: subjects',
    got: new Set(ids.map(subjectOf)).size,
    expected: atlas === undefined ? 'two or more with an image in common' : 'one or more besides the atlas',
    hint: 'Every part of a split needs them; give more data, or other shares.',
  });
}

function drawn(
  others: readonly string[],
  moving: string,
  perImage: number | undefined,
  rng: Rng | undefined,
): readonly string[] {
  if (perImage === undefined) return others;
  requireIntegers('pairsWithin', { perImage });
  if (rng === undefined) {
    throw new ValueError({
      where: 'pairsWithin: rng',
      got: undefined,
      expected: 'a generator, as pairs are to be drawn',
    });
  }
  const chosen = new Set(rng.split(moving).shuffle(others).slice(0, perImage));
  return others.filter((id) => chosen.has(id));
}

function groupBy(ids: readonly string[], keyOf: (id: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const id of ids) groups.set(keyOf(id), [...(groups.get(keyOf(id)) ?? []), id]);
  return groups;
}

function noAtlas(atlas: string | undefined, subjects: readonly string[]): ValueError {
  return new ValueError({
    where: 'pairsWithin: atlas',
    got: atlas,
    expected: `one of the subjects: ${subjects.slice(0, 8).join(', ')}${subjects.length > 8 ? ', …' : ''}`,
  });
}

/** Two images as one: channels of the moving image first, labels of the fixed one. */
export interface PairExample extends Example {
  readonly movingLabels: LabelMap;
}

/** A dataset of pairs, for registration. */
export interface PairDataset extends Dataset {
  /** By id of the pair. */
  readonly pairs: ReadonlyMap<string, ImagePair>;
  load(id: string): Promise<PairExample>;
}

/** What a pair is called: `moving > fixed`. */
export function pairId({ moving, fixed }: ImagePair): string {
  return `${moving} > ${fixed}`;
}

/**
 * Pairs of a dataset's images as examples of twice the channels: the moving image's, then the fixed one's. What the dataset
 * says of its labels stays; a pair is of two subjects, so `subjectOf` goes.
 *
 * @throws {ValueError} from `load`, if there is no such pair. @throws {ShapeError} from `load`, if two images differ in size.
 * @example
 * const pairs = pairDataset(dataset, pairsWithin(dataset, split.train));
 * const { image, labels, movingLabels } = await pairs.load(pairs.ids[0]!);
 */
export function pairDataset(images: Dataset, pairs: readonly ImagePair[]): PairDataset {
  const byId = new Map(pairs.map((pair) => [pairId(pair), pair]));
  const { subjectOf: _ofImages, ...described } = images;
  return {
    ...described,
    channels: 2 * images.channels,
    ids: [...byId.keys()],
    pairs: byId,
    async load(id) {
      const pair = byId.get(id);
      if (pair === undefined) {
        throw new ValueError({ where: `${images.name}: pair`, got: id, expected: "an id such as 'a > b'" });
      }
      const [moving, fixed] = await Promise.all([images.load(pair.moving), images.load(pair.fixed)]);
      return joined(id, moving, fixed);
    },
  };
}

function joined(id: string, moving: Example, fixed: Example): PairExample {
  const { size, channels } = fixed.image;
  if (moving.image.size.join() !== size.join() || moving.image.channels !== channels) {
    throw new ShapeError({
      where: `pair '${id}': moving image`,
      got: [...moving.image.size, moving.image.channels],
      expected: `[${[...size, channels].join(', ')}], as the fixed one`,
      hint: 'Bring all images to one size first.',
    });
  }
  const pixels = fixed.image.values.length / channels;
  const values = new Float32Array(2 * fixed.image.values.length);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < channels; c++) {
      values[2 * i * channels + c] = moving.image.values[i * channels + c]!;
      values[(2 * i + 1) * channels + c] = fixed.image.values[i * channels + c]!;
    }
  }
  const { intensities } = fixed.image;
  const isKnown = intensities !== undefined && intensities === moving.image.intensities;
  return {
    id,
    image: { values, size, channels: 2 * channels, ...(isKnown ? { intensities } : {}) },
    labels: fixed.labels,
    movingLabels: moving.labels,
    ...(fixed.spacingMm === undefined ? {} : { spacingMm: fixed.spacingMm }),
  };
}
