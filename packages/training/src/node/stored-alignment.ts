import { join } from 'node:path';
import { FileError, readOptions } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import { affineKinds, affineReferenceOption, similarityNames } from '@sshn/registration';
import { z } from 'zod';
import type { RunConfig } from '../config/run-config.js';
import { type AlignmentState, alignDataset, alignedDataset, alignmentOf } from '../tasks/align.js';
import type { AlignEvent } from '../trainer/events.js';
import { type KeepOptions, keepImages } from './kept-images.js';
import { textIfThere } from './run-file.js';
import { describeSplit, type StoredSplit } from './stored-split.js';

const matrices = z.record(z.string(), z.array(z.array(z.number()).min(3).max(4)).min(2).max(3));

const schema = z.strictObject({
  format: z.literal('sshn-alignment'),
  version: z.literal(1),
  kind: z.enum(affineKinds),
  similarity: z.enum(similarityNames),
  reference: z.unknown().optional(),
  /** By the digest of each image, as split.json has it. */
  matrices,
  toFirst: matrices,
});

/** The alignment that a run folder keeps; undefined if there is none yet. @throws {FileError} if it is damaged. */
export async function readStoredAlignment(folder: string): Promise<AlignmentState | undefined> {
  const path = pathIn(folder);
  const text = await textIfThere(path);
  if (text === undefined) return undefined;
  try {
    const { reference: given, matrices, toFirst } = schema.parse(JSON.parse(text));
    if (given === undefined) return { matrices, toFirst };
    const { reference } = readOptions({ reference: affineReferenceOption }, { reference: given }, path);
    return { matrices, toFirst, reference };
  } catch (cause) {
    throw new FileError({
      path,
      problem: 'is damaged: it does not say how images are aligned',
      remedy: 'Restore the file, or delete it and train again.',
      cause,
    });
  }
}

/** Aligns the images of a run, and keeps what is reached after each of them; goes on where an earlier call stopped. */
export async function alignRun(
  folder: string,
  dataset: Dataset,
  config: RunConfig,
  options: {
    readonly split: StoredSplit;
    readonly onEvent?: ((event: AlignEvent) => void) | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<AlignmentState | undefined> {
  const { split, onEvent, signal } = options;
  const state = await readStoredAlignment(folder);
  const how = alignmentOf(config)!;
  return alignDataset(dataset, config, {
    train: split.images.filter(({ part }) => part === 'train').map(({ id }) => id),
    keyOf: keysOf(split),
    ...(state === undefined ? {} : { state }),
    ...(signal === undefined ? {} : { signal }),
    onAligned: async (reached, event) => {
      const file = { format: 'sshn-alignment', version: 1, ...how, ...reached };
      await writeFileAtomic(pathIn(folder), `${JSON.stringify(file)}\n`);
      onEvent?.(event);
    },
  });
}

/**
 * The images of a run as they were aligned for training; as they are where they were not.
 *
 * @throws {FileError} if the run folder has lost how.
 */
export async function withStoredAlignment(
  folder: string,
  dataset: Dataset,
  config: RunConfig,
  split: StoredSplit | undefined,
  keep?: KeepOptions,
): Promise<Dataset> {
  if (alignmentOf(config) === undefined) return dataset;
  const state = await readStoredAlignment(folder);
  if (state?.reference === undefined) {
    throw new FileError({
      path: pathIn(folder),
      problem: 'is not there, and the images of this run were aligned before training',
      remedy: 'Restore it, or train again.',
    });
  }
  const none = { train: [], validation: [], test: [] };
  return keptAligned(dataset, state, split ?? (await describeSplit(dataset, none)), keep);
}

/** The images of a run as they were aligned; kept in memory, or where `keep` says. */
export function keptAligned(
  dataset: Dataset,
  alignment: AlignmentState,
  split: StoredSplit,
  keep: KeepOptions | undefined,
): Dataset {
  const keyOf = keysOf(split);
  if (keep === undefined) return alignedDataset(dataset, alignment, keyOf);
  const { reference, matrices } = alignment;
  const grid = JSON.stringify([reference?.size, reference?.spacingMm]);
  const contents = new Map(split.images.map(({ id, image, labels }) => [id, `${image} ${labels}`]));
  const madeFrom = (id: string): string =>
    `aligned ${contents.get(id)} ${grid} ${JSON.stringify(matrices[keyOf(id)])}`;
  return alignedDataset(dataset, alignment, keyOf, (moved) => keepImages(moved, madeFrom, keep));
}

/** From an image's id to its digest. */
export function keysOf({ images }: StoredSplit): (id: string) => string {
  const keys = new Map(images.map(({ id, image }) => [id, image]));
  return (id) => keys.get(id) ?? id;
}

function pathIn(folder: string): string {
  return join(folder, 'alignment.json');
}
