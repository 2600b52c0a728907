import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { FileError, Rng, rangeOf } from '@sshn/core';
import { splitGroups } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import { decodeLabelPicture, decodePicture, type Picture } from '@sshn/predict';
import { encode } from 'fast-png';
import type { Item, Source } from './sources.js';

/** What became of a dataset. */
export interface Prepared {
  readonly folder: string;
  readonly images: number;
  /** What is unlike the dataset as published. */
  readonly notes: readonly string[];
}

/**
 * Checks a published dataset and writes it as a folder that `sshn train` reads: images/ and labels/ of PNG files, or a folder per
 * subject of volumes, with labels.json, and split.json where subjects have several images. Files that are there already are
 * left: an interrupted preparation goes on.
 *
 * @param onDone Called after each image.
 * @throws {FileError} if the folder is not laid out as published, a file is missing or damaged, or the files are all there
 * and have another checksum than those that were published.
 */
export async function prepareDataset(
  source: Source,
  folder: string,
  out: string,
  onDone: (done: number, total: number) => void,
): Promise<Prepared> {
  const items = await checkedItems(source, folder);
  const isWhole = items.length === source.expected;
  const notes = isWhole ? [] : [`${items.length} images are here, ${source.expected} are published.`];
  if (isWhole && source.sha256 !== undefined) await verifyFiles(items, folder, source.sha256);
  if (source.kind === 'asIs') return { folder, images: items.length, notes };
  await mkdir(out, { recursive: true });
  const write = source.kind === 'volume' ? copyVolumes : writePictures;
  for (const [i, item] of items.entries()) {
    await write(item, out);
    onDone(i + 1, items.length);
  }
  const names = await source.names(folder);
  if (Object.keys(names).length > 0)
    await writeFileAtomic(join(out, 'labels.json'), `${JSON.stringify(names, null, 2)}\n`);
  const subjects = new Set(items.map(({ subject }) => subject));
  if (subjects.size < items.length) {
    await writeFileAtomic(join(out, 'split.json'), `${JSON.stringify(splitBySubject(items), null, 1)}\n`);
    notes.push(
      `Subjects have several images: train with --split ${join(out, 'split.json')}, which divides by subject.`,
    );
  }
  return { folder: out, images: items.length, notes };
}

async function checkedItems(source: Source, folder: string): Promise<Item[]> {
  const items = await source.find(folder);
  if (items.length === 0)
    throw new FileError({
      path: folder,
      problem: `does not hold ${source.name} as it is published`,
      remedy: `Unpack it so that there is ${source.layout}. It is available from ${source.obtain}.`,
    });
  const missing = items.flatMap(({ labels }) => labels).filter((path) => !existsSync(path));
  if (missing.length > 0)
    throw new FileError({
      path: missing[0]!,
      problem: `is not there${missing.length > 1 ? `, nor are ${missing.length - 1} other files of labels` : ''}`,
      remedy: 'Unpack the dataset again.',
    });
  return items;
}

async function verifyFiles(items: readonly Item[], folder: string, expected: string): Promise<void> {
  const list = createHash('sha256');
  for (const path of items.flatMap(({ image, labels }) => [image, ...labels])) {
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    list.update(`${digest}  ${relative(folder, path).replaceAll('\\', '/')}\n`);
  }
  if (list.digest('hex') === expected) return;
  throw new FileError({
    path: folder,
    problem: 'the files are not those that were published: their checksum is another',
    remedy:
      'Unpack the dataset again. If you changed images on purpose, give the folder to sshn train itself.',
  });
}

/** 64, 16 and 20 % of the subjects, as the paper divides them. */
function splitBySubject(items: readonly Item[]) {
  const subjectOf = new Map(items.map(({ id, subject }) => [id, subject]));
  return splitGroups(
    items.map(({ id }) => id),
    (id) => subjectOf.get(id)!,
    Rng.fromSeed(1),
  );
}

async function copyVolumes({ id, image, labels: [labels] }: Item, out: string): Promise<void> {
  await mkdir(join(out, id), { recursive: true });
  for (const [from, name] of [
    [image, 't1.nii.gz'],
    [labels!, 'labels.nii.gz'],
  ] as const)
    if (!existsSync(join(out, id, name))) await copyFile(from, join(out, id, name));
}

async function writePictures({ id, image, labels, areMasks = false }: Item, out: string): Promise<void> {
  const [to, labelsTo] = [join(out, 'images', `${id}.png`), join(out, 'labels', `${id}.png`)];
  if (existsSync(to) && existsSync(labelsTo)) return;
  for (const name of ['images', 'labels']) await mkdir(join(out, name), { recursive: true });
  const picture = await decodePicture(await readFile(image), image);
  const { height, width } = flat(picture, image);
  const values = picture.channels[0].data;
  const [low, high] = rangeOf(values);
  const data = Uint16Array.from(values, (value) =>
    high > low ? Math.round((65535 * (value - low)) / (high - low)) : 0,
  );
  const map = new Uint8Array(height * width);
  for (const [which, path] of labels.entries()) {
    const mask = await decodeLabelPicture(await readFile(path), path);
    const size = flat(mask, path);
    if (size.height !== height || size.width !== width)
      throw new FileError({
        path,
        problem: `is ${size.width}×${size.height}, and its image ${width}×${height}`,
        remedy: 'Unpack the dataset again.',
      });
    const own = mask.channels[0].data;
    // Of several masks a later one lies above: teeth stand in the mandible.
    for (let i = 0; i < own.length; i++) if (own[i] !== 0) map[i] = areMasks ? which + 1 : own[i]!;
  }
  await writeFileAtomic(labelsTo, encode({ width, height, channels: 1, depth: 8, data: map }));
  await writeFileAtomic(to, encode({ width, height, channels: 1, depth: 16, data }));
}

/** Height and width of an image, or of a volume that is one slice deep. */
function flat(
  { channels: [first] }: Picture,
  path: string,
): { readonly height: number; readonly width: number } {
  const [depth, height, width] = first.shape;
  if (depth === 1) return { height, width };
  throw new FileError({
    path,
    problem: `is ${depth} slices deep, and one is expected`,
    remedy: 'Give the dataset of single images.',
  });
}
