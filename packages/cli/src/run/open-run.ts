import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { type Dataset, size3Of, tileCount, tilingOf } from '@sshn/data';
import { weightsDigest } from '@sshn/model/node';
import { type KeepOptions, loadRun, type Run } from '@sshn/training/node';
import { commandText } from '../terminal/text.js';
import { type DataSource, layoutOf, openData, parseDataSource } from './data-source.js';
import { keepOptions, type MemoryFlags } from './memory.js';

/** A trained run and the images it was trained on. */
export interface OpenedRun {
  readonly run: Run;
  readonly data: DataSource;
  /** With the names that the images had in training. */
  readonly dataset: Dataset;
  /** Digest of the weights that are loaded; see `weightsDigest`. */
  readonly weights: string;
}

/**
 * Loads a run folder and opens its data.
 *
 * @param moved Where the data are now, if no longer where run.json says.
 * @param command That opens it, for what its error suggests.
 * @param flags How much of the images stays in memory, and where the others are kept.
 * @throws {FileError} if the folder holds no trained run, or the data cannot be used or are others.
 */
export async function openRun(
  folder: string,
  moved: string | undefined,
  command: 'evaluate' | 'pareto' | 'export' | 'analyze',
  flags: MemoryFlags = {},
): Promise<OpenedRun> {
  const keep = keepOptions(folder, flags);
  const { run, weights } = await loadSettled(folder, keep);
  try {
    const data = moved === undefined ? run.data : parseDataSource(moved, layoutOf(run.data));
    if (moved === undefined) await requireData(run.data, commandText([command, folder], { data: 'FOLDER' }));
    const { dataset, changes } = await run.match(await openData(data, run.config, undefined, keep));
    for (const change of changes) process.stderr.write(`note: ${change}\n`);
    return { run, data, dataset, weights };
  } catch (error) {
    run.dispose();
    throw error;
  }
}

/** Loads a run with the digest of its weights. A training may replace them meanwhile: then again. */
async function loadSettled(
  folder: string,
  keep: KeepOptions,
): Promise<{ readonly run: Run; readonly weights: string }> {
  const path = join(folder, 'best.safetensors');
  const digest = () => weightsDigest(path).catch(() => undefined);
  for (;;) {
    const before = await digest();
    const run = await loadRun(folder, { keep });
    if (before !== undefined && before === (await digest())) return { run, weights: before };
    run.dispose();
  }
}

/** Of a run that was trained on patches, how its images are predicted and what its costs are of; nothing of others. */
export function windowsOf({ config: { patches } }: Pick<Run, 'config'>, { size }: Dataset): string {
  if (patches === undefined) return '';
  const edges = patches.size.map((edge, axis) => Math.max(edge, size[axis]!));
  const windows = tileCount(tilingOf(size3Of(edges), size3Of(patches.size)));
  const each = windows === 1 ? 'in one window' : `each in ${windows} windows`;
  return `, ${each} of ${patches.size.join('×')} (GFLOPs and ms are of one window)`;
}

/** @throws {FileError} if the images of a run are no longer where it says. */
export async function requireData({ path, layout }: DataSource, command: string): Promise<void> {
  if (layout === 'phantoms' || (await stat(path).catch(() => undefined)) !== undefined) return;
  throw new FileError({
    path,
    problem: 'the images of this run are no longer here',
    remedy: `If they have moved, say where they are now: ${command}`,
  });
}

/** The error of a folder that should hold a run and does not. */
export function noRun(folder: string): FileError {
  return new FileError({
    path: folder,
    problem: 'there is no run here, no run.json',
    remedy: 'Name the folder of a run, or make one with `sshn train`.',
  });
}
