import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { decodeSeries, labelAmounts, namedLabels, Segmenter, type SegmentOptions } from '@sshn/predict';
import { openModel, readPicture, readSeriesFiles } from '@sshn/predict/node';
import type { SettingFlags } from '../commands/setting-options.js';
import type { ComputingFlags } from '../process/backend.js';
import { type RuntimeChoice, runtimeOf } from '../process/runtime.js';
import type { Input } from './inputs.js';
import { amountRow, type Entry } from './journal.js';
import { diceOf, knownLabels } from './known-labels.js';
import {
  endingOf,
  isDicom,
  type LabelFormat,
  writeDicomLabels,
  writeLabels,
  writeOverlay,
  writeUncertainty,
} from './outputs.js';

/** The flags of `sshn predict`. */
export interface PredictFlags extends ComputingFlags, SettingFlags {
  readonly out: string;
  readonly labels?: string;
  readonly format: LabelFormat;
  readonly frame?: number;
  readonly overlays?: boolean;
  readonly uncertainty?: boolean;
  readonly cascade?: boolean;
  readonly flips?: boolean;
  readonly resolution: 'training' | 'own';
  readonly largestComponent?: boolean;
  readonly fillHoles?: boolean;
  readonly minimumVoxels: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly runtime: RuntimeChoice;
  readonly processes?: number;
}

/** What became of an image: its row in the tables, and what a user should know of its file. */
export interface Predicted {
  readonly entry: Omit<Entry, 'input' | 'bytes' | 'modified'>;
  readonly warnings: readonly string[];
}

/** Opens a model of segmentation. @throws {FileError} if it is none. */
export async function openSegmenter(
  path: string,
  { runtime: choice, threads }: Pick<PredictFlags, 'runtime' | 'threads'>,
): Promise<Segmenter> {
  const runtime = await runtimeOf(choice, threads);
  const model = await openModel(path, runtime && { runtime });
  if (model instanceof Segmenter) return model;
  model.dispose();
  throw new FileError({
    path,
    problem: 'is a model of registration, and sshn predict segments',
    remedy: 'Use `sshn register` with it.',
  });
}

/**
 * Segments an image and writes its label map, and its overlay where that is asked for.
 *
 * @throws {SshnError} or an error of the system if the image cannot be read, or the results cannot be written.
 */
export async function predictImage(
  model: Segmenter,
  { path, name }: Input,
  options: SegmentOptions,
  flags: PredictFlags,
): Promise<Predicted> {
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning);
  const chosen = flags.frame === undefined ? {} : { frame: flags.frame };
  const series = isDicom(flags.format) ? await readSeriesFiles(path) : undefined;
  const picture =
    series === undefined
      ? await readPicture(path, { onWarning, ...chosen })
      : await decodeSeries(series, path, { onWarning, ...chosen });
  const names = namedLabels(model.manifest);
  const output = `${name}${endingOf(flags.format, picture)}`;
  const known = flags.labels === undefined ? undefined : await knownLabels(flags.labels, name, picture);
  const segmentation = await model.predict(picture, options);
  const dice = known && diceOf(segmentation.labels.data, known.data, names);
  const target = join(flags.out, output);
  if (series === undefined) await writeLabels(target, segmentation, names);
  else await writeDicomLabels(target, segmentation, names, { series, format: flags.format, ...chosen });
  if (flags.overlays)
    await writeOverlay(join(flags.out, 'overlays', `${name}.png`), picture, segmentation, names);
  if (segmentation.uncertainty !== undefined)
    await writeUncertainty(join(flags.out, name), segmentation.uncertainty, picture.format);
  const { at } = segmentation.setting;
  const { predictedDice, spent } = segmentation;
  const entry = {
    output,
    factor: [...at.factors],
    width: at.width,
    resolution: at.resolution,
    ...(predictedDice === undefined || spent === undefined
      ? {}
      : {
          predictedDice: { mean: predictedDice.mean, error: predictedDice.error },
          settings: spent.settings,
          answered: [...spent.answered],
          gflops: spent.gflops,
        }),
    notes: [...segmentation.notes],
    labels: labelAmounts(segmentation, names).map((amount, i) => ({
      ...amountRow(amount, dice?.[i]),
      // The background, the first, has none.
      ...(predictedDice === undefined || i === 0
        ? {}
        : { predictedDice: predictedDice.labels[i - 1] ?? null }),
    })),
  };
  return { entry, warnings };
}
