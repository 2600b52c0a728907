import { FileError, Rng } from '@sshn/core';
import { type Dataset, type Split, splitGroups } from '@sshn/data';
import { listedIn, type Part } from './split-formats.js';

/** Of what the split is, and which fold of several is wanted. */
export interface SplitFileOptions {
  readonly dataset: Pick<Dataset, 'ids' | 'subjectOf'>;
  /** From 1, as `--fold` counts; nnU-Net's files of several folds need it. */
  readonly fold?: number | undefined;
  /** Of the images that validate, where the file does not name them. */
  readonly seed: number;
}

/** A split that a file names, in the dataset's own ids and order. */
export interface FileSplit {
  readonly split: Split;
  /** Sentences on images that are in no part, and on subjects that are in two. */
  readonly notes: readonly string[];
}

/**
 * Reads which images are for training, validation and test from a JSON file in one of three formats:
 *
 * - `{ "train": [ids], "validation": [ids], "test": [ids] }`;
 * - nnU-Net's `splits_final.json`, a list of `{ train, val }` of which `fold` takes one; there are no test images;
 * - the Decathlon's `dataset.json`, with `training`, `validation` and `test` entries that name image files.
 *
 * Names are ids or subjects of the dataset, in any Unicode form, with or without folders, an ending such as `.nii.gz` and
 * nnU-Net's `_0000`. Where no validation images are listed, a fifth of the training subjects validates, drawn by `seed`.
 *
 * @param path What errors call the file.
 * @throws {FileError} if it is in no such format, a fold is missing or superfluous, or names are unknown, ambiguous, or listed
 *   twice; names them.
 * @example
 * const { split } = readSplit('{ "train": ["a", "b"], "validation": ["c"] }', 'split.json', { dataset, seed: 1 });
 */
export function readSplit(text: string, path: string, options: SplitFileOptions): FileSplit {
  const { dataset, seed } = options;
  const { ids, subjectOf = (id: string) => id } = dataset;
  const listed = listedIn(text, path, options.fold);
  const find = finder(dataset, path);
  const chosen = new Map<string, string>();
  const idsOf = ({ key, names }: Part): Set<string> => {
    const found = names.map((name) => ({ name, ids: find(name) }));
    const unknown = found.filter((one) => one.ids.length === 0);
    if (unknown.length > 0) {
      throw new FileError({
        path,
        problem: `names ${few(unknown.map(({ name }) => name))} in ${key}, and there ${
          unknown.length === 1 ? 'is no such image' : 'are no such images'
        } with labels`,
        remedy: `Images are called ${few(ids)} here: correct the list, or add the files.`,
      });
    }
    const part = new Set<string>();
    for (const { name, ids } of found) {
      for (const id of ids) {
        const other = chosen.get(id);
        if (other !== undefined) {
          throw new FileError({
            path,
            problem: `lists ${quoted(name)} twice, in ${other === key ? key : `${other} and ${key}`}`,
            remedy: 'Each image belongs to one part: remove it from the others.',
          });
        }
        chosen.set(id, key);
        part.add(id);
      }
    }
    return part;
  };
  const training = idsOf(listed.train);
  const validation = listed.validation === undefined ? undefined : idsOf(listed.validation);
  const test = idsOf(listed.test);
  const isHere = (name: string) => find(name).length > 0;
  const absent = listed.unlabeled.filter((name) => !isHere(name));
  for (const id of idsOf({ key: 'test', names: listed.unlabeled.filter(isHere) })) test.add(id);

  const inOrder = (part: ReadonlySet<string>) => ids.filter((id) => part.has(id));
  // As with folds: a fifth of what is not tested validates.
  const drawn =
    validation === undefined
      ? splitGroups(inOrder(training), subjectOf, Rng.fromSeed(seed).split('validation'), [0.8, 0, 0.2])
      : undefined;
  const split = {
    train: drawn?.train ?? inOrder(training),
    validation: drawn?.test ?? inOrder(validation ?? new Set()),
    test: inOrder(test),
  };
  const left = ids.filter((id) => !chosen.has(id));
  return {
    split,
    notes: [
      ...(left.length > 0 ? [`${path} names ${left.length} of ${ids.length} images not: ${few(left)}.`] : []),
      ...(absent.length > 0 ? [`Test images without labels are left out: ${few(absent)}.`] : []),
      ...divided(split, subjectOf).map(
        ([subject, parts]) =>
          `Subject ${quoted(subject)} is in ${parts.join(' and ')}: results on it are better than on new subjects.`,
      ),
    ],
  };
}

/**
 * Finds the ids that a name stands for: one, or all of a subject; none if it is unknown.
 *
 * @throws {FileError} of the search, if a name fits several images, or several subjects.
 */
function finder(
  { ids, subjectOf = (id) => id }: SplitFileOptions['dataset'],
  path: string,
): (name: string) => readonly string[] {
  const indexOf = (ownerOf: (id: string) => string, keyOf: (owner: string) => string) => {
    const index = new Map<string, { ids: string[]; owners: Set<string> }>();
    for (const id of ids) {
      const owner = ownerOf(id);
      const key = keyOf(owner);
      const entry = index.get(key) ?? { ids: [], owners: new Set() };
      entry.ids.push(id);
      entry.owners.add(owner);
      index.set(key, entry);
    }
    return index;
  };
  // From the most exact key to the least; of each, an image before a subject.
  const keys = [
    (name: string) => name.normalize('NFC'),
    withoutEnding,
    (name: string) => lastOf(withoutEnding(name)),
  ];
  const searches = keys.flatMap((keyOf) => [
    { keyOf, index: indexOf((id) => id, keyOf) },
    { keyOf, index: indexOf(subjectOf, keyOf) },
  ]);
  return (name) => {
    for (const { keyOf, index } of searches) {
      const entry = index.get(keyOf(name));
      if (entry === undefined) continue;
      if (entry.owners.size === 1) return entry.ids;
      throw new FileError({
        path,
        problem: `names ${quoted(name)}, which may be any of ${few([...entry.owners])}`,
        remedy: 'Give the whole name.',
      });
    }
    return [];
  };
}

/** A name in Unicode's composed form without the ending of an image and the channel 0 of nnU-Net. */
function withoutEnding(name: string): string {
  return name
    .normalize('NFC')
    .replaceAll('\\', '/')
    .replace(/^\.\//, '')
    .replace(/\.(nii\.gz|nii|nrrd|nhdr|hdr|mha|npz|dcm|png|jpe?g|tiff?|bmp)$/i, '')
    .replace(/_0000$/, '');
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Subjects with images in several parts. */
function divided(split: Split, subjectOf: (id: string) => string): Array<[string, string[]]> {
  const parts = new Map<string, Set<string>>();
  for (const [part, ids] of Object.entries(split) as Array<[string, readonly string[]]>) {
    for (const id of ids) parts.set(subjectOf(id), (parts.get(subjectOf(id)) ?? new Set()).add(part));
  }
  return [...parts].filter(([, set]) => set.size > 1).map(([subject, set]) => [subject, [...set]]);
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** The first few of a list of names. */
function few(list: readonly string[]): string {
  const shown = list.slice(0, 5).map(quoted).join(', ');
  return list.length > 5 ? `${shown} and ${list.length - 5} more` : shown;
}
