import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import type { Dataset, Split } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import { z } from 'zod';
import { textIfThere } from './run-file.js';

const parts = ['train', 'validation', 'test'] as const;

const schema = z.strictObject({
  format: z.literal('sshn-split'),
  version: z.literal(1),
  /** In the order of the dataset that the run began with. */
  images: z.array(
    z.strictObject({
      id: z.string(),
      part: z.enum(parts).nullable(),
      /** Of size, channels and intensities; of the labels. */
      image: z.string(),
      labels: z.string(),
    }),
  ),
});

/** Which image of a run is in which part, and digests by which each is known again. */
export type StoredSplit = z.infer<typeof schema>;

/** The images of a run, known again in a dataset. */
export interface MatchedData {
  /** With the ids of the run, in its order, whatever the files are called now. */
  readonly dataset: Dataset;
  readonly split: Split;
  /** Of everything that the run was split over: the same images and labels have the same. */
  readonly digest: string;
  /** Sentences on what has changed since training, without effect on the result. */
  readonly changes: readonly string[];
}

/** Describes a split, with a digest of each image and its labels. Loads every example once. */
export async function describeSplit(dataset: Dataset, split: Split): Promise<StoredSplit> {
  const images = [];
  for (const id of dataset.ids) {
    const part = parts.find((name) => split[name].includes(id)) ?? null;
    images.push({ id, part, ...(await digestsOf(dataset, id)) });
  }
  return { format: 'sshn-split', version: 1, images };
}

/** Keeps a split in a run folder. @throws {FileError} if it cannot be written. */
export async function writeStoredSplit(folder: string, split: StoredSplit): Promise<void> {
  await writeFileAtomic(pathIn(folder), `${JSON.stringify(split, null, 1)}\n`);
}

/** The split that a run folder keeps; undefined for runs that were begun before there was one. @throws {FileError} */
export async function readStoredSplit(folder: string): Promise<StoredSplit | undefined> {
  const path = pathIn(folder);
  const text = await textIfThere(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FileError({
      path,
      problem: 'is damaged: it does not say which images are in which part',
      remedy: 'Restore the file, or train into another folder.',
      cause,
    });
  }
}

/**
 * Finds the images of a run in a dataset by their content: under other names and in another order they are the same.
 *
 * @throws {FileError} if images or labels of the run are missing or were replaced; names them.
 */
export async function matchSplit(stored: StoredSplit, dataset: Dataset, path: string): Promise<MatchedData> {
  const now = [];
  for (const id of dataset.ids) now.push({ id, ...(await digestsOf(dataset, id)) });
  const free = new Map(now.map((one) => [one.id, one]));
  const isSame = (a: { image: string; labels: string }, b: { image: string; labels: string }) =>
    a.image === b.image && a.labels === b.labels;
  const found = new Map<string, string>();
  const take = (id: string, as: string): void => {
    found.set(id, as);
    free.delete(as);
  };
  for (const one of stored.images) {
    const sameName = free.get(one.id);
    if (sameName !== undefined && isSame(one, sameName)) take(one.id, one.id);
  }
  for (const one of stored.images) {
    if (found.has(one.id)) continue;
    const sameContent = [...free.values()].find((candidate) => isSame(one, candidate));
    if (sameContent !== undefined) take(one.id, sameContent.id);
  }
  const lost = stored.images.filter(({ id }) => !found.has(id));
  const replaced = lost.filter(({ id }) => free.has(id));
  const missing = lost.filter(({ id }) => !free.has(id));
  if (lost.length > 0) {
    const what = [
      ...(missing.length > 0 ? [`missing: ${listed(missing.map(({ id }) => id))}`] : []),
      ...replaced.map(({ id, image }) =>
        image === free.get(id)!.image ? `other labels: ${id}` : `replaced: ${id}`,
      ),
    ];
    throw new FileError({
      path,
      problem: `the images are not those that the run was trained on; ${listed(what, '; ')}`,
      remedy: 'Restore them, or name the folder that holds them with --data.',
    });
  }
  const renamed = [...found].filter(([before, after]) => before !== after);
  const changes = [
    ...(renamed.length > 0
      ? [
          `${count(renamed.length, 'image')} renamed since training, known again by content: ${listed(
            renamed.map(([before, after]) => `${before} → ${after}`),
          )}`,
        ]
      : []),
    ...(free.size > 0
      ? [`${count(free.size, 'image')} added since training and left out: ${listed([...free.keys()])}`]
      : []),
  ];
  const ids = stored.images.map(({ id }) => id);
  const { subjectOf } = dataset;
  const of = (part: (typeof parts)[number]) =>
    stored.images.filter((one) => one.part === part).map(({ id }) => id);
  return {
    dataset: {
      ...dataset,
      ids,
      ...(subjectOf === undefined ? {} : { subjectOf: (id: string) => subjectOf(found.get(id) ?? id) }),
      load: async (id) => ({ ...(await dataset.load(found.get(id) ?? id)), id }),
    },
    split: { train: of('train'), validation: of('validation'), test: of('test') },
    digest: digestOf(stored),
    changes,
  };
}

/** A digest of all images and labels of a split, and of which part each is in. */
export function digestOf({ images }: StoredSplit): string {
  const lines = images.map(({ part, image, labels }) => `${part} ${image} ${labels}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}

async function digestsOf(dataset: Dataset, id: string): Promise<{ image: string; labels: string }> {
  const { image, labels } = await dataset.load(id);
  const hash = (words: readonly number[], { buffer, byteOffset, byteLength }: ArrayBufferView) =>
    createHash('sha256')
      .update(words.join())
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex')
      .slice(0, 16);
  return {
    image: hash([...image.size, image.channels], image.values),
    labels: hash(labels.size, labels.values),
  };
}

function pathIn(folder: string): string {
  return join(folder, 'split.json');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? ' was' : 's were'}`;
}

/** The first few of a list. */
function listed(words: readonly string[], separator = ', '): string {
  const shown = words.slice(0, 5).join(separator);
  return words.length > 5 ? `${shown}${separator}and ${words.length - 5} more` : shown;
}
