import { ShapeError, ValueError } from '@sshn/core';
import type { Dataset, Example, LabelMap } from '../dataset/types.js';
import type { ImagePair } from './pairs-within.js';

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
 * Pairs of a dataset's images as examples of twice the channels: the moving image's, then the fixed one's.
 *
 * @throws {ValueError} from `load`, if there is no such pair. @throws {ShapeError} from `load`, if two images differ in size.
 * @example
 * const pairs = pairDataset(dataset, pairsWithin(dataset, split.train));
 * const { image, labels, movingLabels } = await pairs.load(pairs.ids[0]!);
 */
export function pairDataset(images: Dataset, pairs: readonly ImagePair[]): PairDataset {
  const byId = new Map(pairs.map((pair) => [pairId(pair), pair]));
  return {
    name: images.name,
    size: images.size,
    labelNames: images.labelNames,
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
  return {
    id,
    image: { values, size, channels: 2 * channels },
    labels: fixed.labels,
    movingLabels: moving.labels,
    ...(fixed.spacingMm === undefined ? {} : { spacingMm: fixed.spacingMm }),
  };
}
