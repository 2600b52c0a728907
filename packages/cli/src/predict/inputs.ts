import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { FileError } from '@sshn/core';
import { glob, isDynamicPattern } from 'tinyglobby';

/** An image to be predicted: a file, or a folder that holds a DICOM series. */
export interface Input {
  readonly path: string;
  /** Where its results lie below the output folder, without an ending: folders stay folders. */
  readonly name: string;
}

/** Files that images may be in, by their endings. DICOM files often have none. */
const imageEnding = /\.(png|jpe?g|bmp|tiff?|nii|nii\.gz|dcm|dicom|ima|nrrd|nhdr|npz|hdr)$/i;
const dicomEnding = /^(|\.dcm|\.dicom|\.ima|\.\d+)$/i;

/**
 * Finds the images behind the arguments of a command: files, folders (with all folders in them; one that holds DICOM files is
 * one series), and patterns such as `scans/*.nii.gz`.
 *
 * @throws {FileError} if a path does not exist, a pattern matches nothing, or a folder holds no image.
 */
export async function findInputs(paths: readonly string[]): Promise<Input[]> {
  const found: Input[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (info?.isDirectory()) found.push(...(await inFolder(path, path)));
    else if (info?.isFile()) found.push({ path, name: stem(basename(path)) });
    else if (info === undefined && isDynamicPattern(path)) found.push(...(await matching(path)));
    else {
      throw new FileError({
        path,
        problem: info === undefined ? 'does not exist' : 'is neither a file nor a folder',
        remedy: 'Give image files, folders of them, or a pattern such as "scans/*.nii.gz".',
      });
    }
  }
  return distinct(found);
}

async function matching(pattern: string): Promise<Input[]> {
  const files = (await glob(pattern, { onlyFiles: true, dot: false, expandDirectories: false })).sort();
  if (files.length > 0) return files.map((path) => ({ path, name: stem(basename(path)) }));
  throw new FileError({ path: pattern, problem: 'matches no file', remedy: 'Check the pattern.' });
}

/** All images below a folder. */
async function inFolder(root: string, folder: string): Promise<Input[]> {
  const found: Input[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  let isSeries = false;
  for (const entry of visible) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await inFolder(root, path)));
    // Links to files count; pipes, sockets and devices may never end.
    else if (!(await stat(path).catch(() => undefined))?.isFile()) continue;
    else if (dicomEnding.test(extname(entry.name)) && (await isDicom(path))) isSeries = true;
    else if (imageEnding.test(entry.name)) found.push({ path, name: stem(relative(root, path)) });
  }
  if (isSeries) found.unshift({ path: folder, name: relative(root, folder) || basename(root) });
  if (found.length > 0 || folder !== root) return found;
  throw new FileError({
    path: root,
    problem: 'holds no image in a format that can be read',
    remedy: 'See the table of formats in the README of @sshn/data.',
  });
}

/** Whether a file begins as a DICOM file does: 128 bytes, then DICM. */
async function isDicom(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(132), 0, 132, 0);
    return bytesRead === 132 && new TextDecoder('latin1').decode(buffer.subarray(128)) === 'DICM';
  } finally {
    await file.close();
  }
}

/** A path without the ending of its format: `a/scan.nii.gz` is `a/scan`. */
function stem(path: string): string {
  return path.replace(imageEnding, '');
}

/** Names that several inputs share get the names of their folders or endings, so that no result overwrites another. */
function distinct(inputs: readonly Input[]): Input[] {
  const unique = [...new Map(inputs.map((input) => [input.path, input])).values()];
  const counts = new Map<string, number>();
  for (const { name } of unique) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  return unique.map((input) => {
    if (counts.get(input.name) === 1) return input;
    const folder = basename(dirname(input.path));
    const base = [`${folder}_${input.name}`, `${folder}_${basename(input.path).replaceAll('.', '-')}`];
    let name = base.find((one) => !taken.has(one)) ?? base[1]!;
    for (let i = 2; taken.has(name); i++) name = `${base[1]}_${i}`;
    taken.add(name);
    return { ...input, name };
  });
}
