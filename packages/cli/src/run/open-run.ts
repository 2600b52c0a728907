import { FileError } from '@sshn/core';
import { type Dataset, layoutNames } from '@sshn/data';
import { loadRun, type Run } from '@sshn/training/node';
import { type DataSource, openData, parseDataSource } from './data-source.js';

/** A trained run and the images it was trained on. */
export interface OpenedRun {
  readonly run: Run;
  readonly data: DataSource;
  /** With the names that the images had in training. */
  readonly dataset: Dataset;
  /** Of images, labels and split. */
  readonly digest: string;
}

/**
 * Loads a run folder and opens its data.
 *
 * @param moved Where the data are now, if no longer where run.json says.
 * @throws {FileError} if the folder holds no trained run, or the data cannot be used or are others.
 */
export async function openRun(folder: string, moved?: string): Promise<OpenedRun> {
  const run = await loadRun(folder);
  try {
    const layout = layoutNames.find((name) => name === run.data.layout) ?? 'auto';
    const data = moved === undefined ? run.data : parseDataSource(moved, layout);
    const { dataset, digest, changes } = await run.match(await openData(data, run.config));
    for (const change of changes) process.stderr.write(`note: ${change}\n`);
    return { run, data, dataset, digest };
  } catch (error) {
    run.dispose();
    throw error;
  }
}

/** The error of a folder that should hold a run and does not. */
export function noRun(folder: string): FileError {
  return new FileError({
    path: folder,
    problem: 'there is no run here, no run.json',
    remedy: 'Name the folder of a run, or make one with `sshn train`.',
  });
}
