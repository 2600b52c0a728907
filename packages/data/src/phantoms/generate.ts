import { Rng, requireIntegers, requireOption, ValueError } from '@sshn/core';
import { unknownId } from '../dataset/from-examples.js';
import type { Dataset, Image, LabelMap } from '../dataset/types.js';
import { blobLabelNames, blobs } from './blobs.js';
import { smear, smearLabelNames } from './cells/smear.js';

/** Kinds of generated images. */
export const phantomKinds = ['cells', 'blobs'] as const;
export type PhantomKind = (typeof phantomKinds)[number];

/** What to generate. */
export interface PhantomOptions {
  /**
   * - 'cells': stained blood smears, RGB, 2D; labels background, cytoplasm and nucleus.
   * - 'blobs': solid and hollow blobs, grey, 2D or 3D; labels background, solid and hollow.
   */
  readonly kind: PhantomKind;
  readonly count: number;
  /** `[height, width]`, for blobs also `[depth, height, width]`; every edge at least 8 pixels. */
  readonly size: readonly number[];
  /** Any integer from 0 to 2^53 − 1. */
  readonly seed: number;
}

interface Generator {
  readonly channels: number;
  readonly labelNames: readonly string[];
  readonly ranks: readonly number[];
  make(rng: Rng, size: readonly number[]): { image: Image; labels: LabelMap };
}

const generators: Readonly<Record<PhantomKind, Generator>> = {
  cells: {
    channels: 3,
    labelNames: smearLabelNames,
    ranks: [2],
    make: (rng, size) => smear(rng, size[0]!, size[1]!),
  },
  blobs: { channels: 1, labelNames: blobLabelNames, ranks: [2, 3], make: blobs },
};

/**
 * A dataset of generated, labelled images, for tests, tutorials and machines without data.
 *
 * An image depends on the seed, its number, its kind and its size, not on `count`; it is made each time it is loaded (5 ms
 * for 128×128 cells; see `cacheDataset`). Shapes are drawn at full resolution and their borders carry the labels, so
 * a segmentation that looks coarsely loses them.
 *
 * @throws {OptionError} if the kind is unknown.
 * @throws {ValueError} if `count` is not positive, or the size does not suit the kind.
 * @example
 * const dataset = generatePhantoms({ kind: 'cells', count: 100, size: [128, 128], seed: 1 });
 * const { image, labels } = await dataset.load('cells-000');
 */
export function generatePhantoms({ kind, count, size, seed }: PhantomOptions): Dataset {
  requireOption('kind', kind, phantomKinds);
  requireIntegers('generatePhantoms', { count });
  const { channels, labelNames, ranks, make } = generators[kind];
  if (!ranks.includes(size.length) || !size.every((n) => Number.isInteger(n) && n >= 8)) {
    const layouts = ['[height, width]', '[depth, height, width]'].filter((_, i) => ranks.includes(i + 2));
    throw new ValueError({
      where: `generatePhantoms: size of '${kind}'`,
      got: size,
      expected: `${layouts.join(' or ')}, whole numbers of at least 8`,
    });
  }
  const rng = Rng.fromSeed(seed);
  const digits = Math.max(3, `${count - 1}`.length);
  const ids = Array.from({ length: count }, (_, i) => `${kind}-${`${i}`.padStart(digits, '0')}`);
  const numbers = new Map(ids.map((id, i) => [id, i]));
  const name = `generated ${kind}`;
  return {
    name,
    ids,
    channels,
    size,
    labelNames,
    load: async (id) => {
      const number = numbers.get(id) ?? unknownId(name, id);
      return { id, ...make(rng.split(kind).split(number), size) };
    },
  };
}
