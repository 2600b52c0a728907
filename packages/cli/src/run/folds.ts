import { type Factor, FileError } from '@sshn/core';
import type { FactorResult } from '@sshn/training';
import { type RunFile, readRunFile, readStoredSplit } from '@sshn/training/node';
import { costText, diceText, factorText, textTable } from '../terminal/text.js';
import { noRun } from './open-run.js';

/** A number over folds. */
export interface Spread {
  /** NaN if no fold has it. */
  readonly mean: number;
  /** Of a sample, with n − 1; NaN of fewer than two folds. */
  readonly sd: number;
  /** How many folds have it: those without the label have no Dice. */
  readonly folds: number;
}

/** What all folds together say of one factor. */
export interface FoldMean {
  readonly factor: Factor;
  readonly dice: Spread;
  readonly diceByLabel: Readonly<Record<string, Spread>>;
  readonly gflops: number;
}

/**
 * Checks that several runs are folds of one cross-validation, before anything is computed.
 *
 * @throws {FileError} if one was trained on other data or in another way, or two are evaluated on the same image.
 */
export async function requireFolds(
  folders: readonly string[],
  part: 'train' | 'validation' | 'test',
): Promise<void> {
  if (folders.length < 2) return;
  const remedy = 'Give the runs of one cross-validation, or evaluate each alone.';
  const owners = new Map<string, string>();
  let first: string | undefined;
  for (const folder of folders) {
    const [run, stored] = [await readRunFile(folder), await readStoredSplit(folder)];
    if (run === undefined) throw noRun(folder);
    if (stored === undefined) {
      throw new FileError({ path: folder, problem: 'keeps no split: it may be no fold', remedy });
    }
    const same = sharedOf(run);
    first ??= same;
    if (same !== first) {
      const problem = `was trained on other data or with another configuration than ${folders[0]}: they are no folds of one data set`;
      throw new FileError({ path: folder, problem, remedy });
    }
    for (const { id } of stored.images.filter((image) => image.part === part)) {
      const other = owners.get(id);
      if (other !== undefined) {
        const problem = `has the ${part} image ${id}, and so has ${other}: they are no folds of one data set`;
        throw new FileError({ path: folder, problem, remedy });
      }
      owners.set(id, folder);
    }
  }
}

/** What folds have in common. Intensities may have been chosen from the training images of each. */
function sharedOf({ config, data }: RunFile): string {
  return JSON.stringify({ ...config, split: null, intensity: null, from: data });
}

/** Mean and standard deviation over folds, factor by factor; all folds have the same factors. */
export function foldMeans(folds: ReadonlyArray<ReadonlyArray<FactorResult<Factor>>>): FoldMean[] {
  const first: ReadonlyArray<FactorResult<Factor>> = folds[0] ?? [];
  return first.map(({ factor, diceByLabel, gflops }, i) => {
    const over = (read: (result: FactorResult<Factor>) => number | undefined): Spread =>
      spreadOf(folds.map((results) => read(results[i]!) ?? Number.NaN));
    return {
      factor,
      dice: over(({ dice }) => dice),
      diceByLabel: Object.fromEntries(
        Object.keys(diceByLabel).map((label) => [label, over((result) => result.diceByLabel[label])]),
      ),
      gflops,
    };
  });
}

function spreadOf(values: readonly number[]): Spread {
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    sd: known.length < 2 ? Number.NaN : Math.sqrt(squares / (known.length - 1)),
    folds: known.length,
  };
}

/** A row for each factor; labels have columns unless there are many. */
export function foldMeansTable(means: readonly FoldMean[]): string {
  const all = Object.keys(means[0]?.diceByLabel ?? {});
  const labels = all.length > 8 ? [] : all;
  const text = (spread: Spread | undefined): string =>
    spread === undefined || spread.folds === 0
      ? diceText(Number.NaN)
      : `${diceText(spread.mean)} ± ${diceText(spread.sd)}`;
  return textTable(
    ['φ', 'Dice', ...labels, 'GFLOPs'],
    means.map(({ factor, dice, diceByLabel, gflops }) => [
      factorText(factor),
      text(dice),
      ...labels.map((label) => text(diceByLabel[label])),
      costText(gflops),
    ]),
  );
}
