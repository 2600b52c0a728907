import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Factor, FileError, SshnError } from '@sshn/core';
import type { Runtime } from '@sshn/model';
import { writeFileAtomic } from '@sshn/model/node';
import {
  decodeSeries,
  dsegTable,
  freesurferTable,
  labelAmounts,
  namedLabels,
  Segmenter,
  type SegmentOptions,
} from '@sshn/predict';
import { openModel, readPicture, readSeriesFiles } from '@sshn/predict/node';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { isSystemError, listenForInterruption } from '../process/exit.js';
import { type RuntimeChoice, runtimeOf } from '../process/runtime.js';
import { exitCodes } from '../program-help.js';
import { modelSource } from '../run/model-source.js';
import { bar, type Terminal, terminalOn } from '../terminal/terminal.js';
import { formatDuration, textTable } from '../terminal/text.js';
import { findInputs, type Input } from './inputs.js';
import { diceOf, knownLabels } from './known-labels.js';
import {
  amountRow,
  type Entry,
  endingOf,
  isDicom,
  Journal,
  type LabelFormat,
  writeDicomLabels,
  writeLabels,
  writeOverlay,
} from './outputs.js';

/** The flags of `sshn predict`. */
export interface PredictFlags extends ComputingFlags {
  readonly out: string;
  readonly factor?: Factor;
  readonly gflops?: number;
  readonly milliseconds?: number;
  readonly dice?: number;
  readonly labels?: string;
  readonly format: LabelFormat;
  readonly frame?: number;
  readonly overlays?: boolean;
  readonly flips?: boolean;
  readonly resolution: 'training' | 'own';
  readonly largestComponent?: boolean;
  readonly fillHoles?: boolean;
  readonly minimumVoxels: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly runtime: RuntimeChoice;
}

/** Segments images as the flags say. */
export async function runPredict(
  modelName: string,
  paths: readonly string[],
  flags: PredictFlags,
): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const modelPath = await modelSource(modelName);
  const inputs = await findInputs(paths);
  const { description: backend } = await startBackend(flags, 'inference');
  const model = await openSegmenter(modelPath, await runtimeOf(flags.runtime, flags.threads));
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping; the same command goes on from here. Ctrl-C again stops at once');
  });
  try {
    if (flags.milliseconds !== undefined) {
      terminal.live('measuring this machine');
      await model.calibrate({ signal: interruption.signal });
    }
    const options = segmentOptions(flags);
    const { reason } = model.choose(options);
    terminal.line(`${modelName}: ${reason} On ${flags.runtime === 'tfjs' ? backend : flags.runtime}.`);
    const journal = await Journal.open(flags.out, {
      model: await digestOf(modelPath),
      options: JSON.stringify({ ...options, format: flags.format, labels: flags.labels, frame: flags.frame }),
    });
    const failed = await predictAll(model, inputs, options, flags, journal, terminal, interruption.signal);
    await writeTables(model, flags.out);
    await journal.writeTable();
    terminal.clear();
    if (!flags.json) process.stdout.write(`${summary(journal, inputs)}\n`);
    if (interruption.signal.aborted) return interruption.exitCode();
    if (failed > 0) terminal.line(`${failed} of ${inputs.length} images could not be predicted; see above`);
    return failed > 0 ? exitCodes.failure : exitCodes.ok;
  } catch (error) {
    if (interruption.signal.aborted) return interruption.exitCode();
    throw error;
  } finally {
    terminal.clear();
    interruption.dispose();
    model.dispose();
  }
}

async function openSegmenter(path: string, runtime: Runtime | undefined): Promise<Segmenter> {
  const model = await openModel(path, runtime && { runtime });
  if (model instanceof Segmenter) return model;
  model.dispose();
  throw new FileError({
    path,
    problem: 'is a model of registration, and images are to be segmented',
    remedy: 'Use `sshn register` with it.',
  });
}

function segmentOptions(flags: PredictFlags): SegmentOptions {
  const { factor, gflops, milliseconds, dice, flips = false, resolution } = flags;
  const { largestComponent = false, fillHoles = false, minimumVoxels } = flags;
  return {
    ...(factor === undefined ? {} : { factor }),
    ...(gflops === undefined ? {} : { gflops }),
    ...(milliseconds === undefined ? {} : { milliseconds }),
    ...(dice === undefined ? {} : { dice }),
    flips,
    resolution,
    clean: { largestComponent, fillHoles, minimumVoxels },
  };
}

/** Predicts one image after the other; how many failed. */
async function predictAll(
  model: Segmenter,
  inputs: readonly Input[],
  options: SegmentOptions,
  flags: PredictFlags,
  journal: Journal,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const began = performance.now();
  let [failed, predicted] = [0, 0];
  const show = (index: number, text: string): void => {
    const left = ((performance.now() - began) / 1000 / Math.max(1, predicted)) * (inputs.length - index);
    const time = predicted > 0 ? `  ${formatDuration(left)} left` : '';
    terminal.live(`${bar(index / inputs.length, 24)} ${index}/${inputs.length}  ${text}${time}`);
  };
  for (const [index, input] of inputs.entries()) {
    if (signal.aborted) break;
    try {
      const { size: bytes, mtimeMs: modified } = await stat(input.path);
      const known = journal.images.get(input.name);
      const isDone =
        !flags.overwrite &&
        known?.input === input.path &&
        known.bytes === bytes &&
        known.modified === modified;
      if (isDone && (await stat(join(flags.out, known.output)).catch(() => undefined)) !== undefined)
        continue;
      show(index, input.name);
      const entry = await predictOne(model, input, { ...options, signal }, flags, ({ done, total }) =>
        show(index + done / total, `${input.name}, part ${done} of ${total}`),
      );
      await journal.add(input.name, { ...entry, input: input.path, bytes, modified });
      predicted++;
      for (const note of entry.notes) terminal.line(`${input.path}: ${note}`);
      if (flags.json) process.stdout.write(`${JSON.stringify({ ...entry, input: input.path })}\n`);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof SshnError) && !isSystemError(error)) throw error;
      failed++;
      const message = (error as Error).message;
      terminal.line(`error: ${message.includes(input.path) ? message : `${input.path}: ${message}`}`);
    }
  }
  return failed;
}

async function predictOne(
  model: Segmenter,
  { path, name }: Input,
  options: SegmentOptions,
  flags: PredictFlags,
  onProgress: NonNullable<SegmentOptions['onProgress']>,
): Promise<Omit<Entry, 'input' | 'bytes' | 'modified'>> {
  const onWarning = (warning: string) => terminalOn(process.stderr).line(`warning: ${warning}`);
  const chosen = flags.frame === undefined ? {} : { frame: flags.frame };
  const series = isDicom(flags.format) ? await readSeriesFiles(path) : undefined;
  const picture =
    series === undefined
      ? await readPicture(path, { onWarning, ...chosen })
      : await decodeSeries(series, path, { onWarning, ...chosen });
  const names = namedLabels(model.manifest);
  const output = `${name}${endingOf(flags.format, picture)}`;
  const known = flags.labels === undefined ? undefined : await knownLabels(flags.labels, name, picture);
  const segmentation = await model.predict(picture, { ...options, onProgress });
  const dice = known && diceOf(segmentation.labels.data, known.data, names);
  const target = join(flags.out, output);
  if (series === undefined) await writeLabels(target, segmentation, names);
  else await writeDicomLabels(target, segmentation, names, { series, format: flags.format, ...chosen });
  if (flags.overlays)
    await writeOverlay(join(flags.out, 'overlays', `${name}.png`), picture, segmentation, names);
  return {
    output,
    factor: [...segmentation.setting.at.factors],
    notes: [...segmentation.notes],
    labels: labelAmounts(segmentation, names).map((amount, i) => amountRow(amount, dice?.[i])),
  };
}

/** Names and colors of the labels, for viewers. */
async function writeTables(model: Segmenter, folder: string): Promise<void> {
  const names = namedLabels(model.manifest);
  await writeFileAtomic(join(folder, 'labels.dseg.tsv'), dsegTable(names));
  await writeFileAtomic(join(folder, 'labels.lut.txt'), freesurferTable(names));
}

async function digestOf(path: string): Promise<string> {
  const isFolder = (await stat(path)).isDirectory();
  const bytes = await readFile(isFolder ? join(path, 'best.safetensors') : path);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** A table of the images of this call, or of a folder that has many, their number. */
function summary({ images, folder }: Journal, inputs: readonly Input[]): string {
  const entries = inputs.flatMap(({ name }) => images.get(name) ?? []);
  const first = entries[0];
  if (first === undefined) return 'no image was predicted';
  const labels = first.labels.slice(1);
  const isMm = labels.some(({ mm3 }) => mm3 !== null);
  const rows = entries.map(({ output, labels: [, ...all] }) => [
    output,
    ...all.map(({ voxels, mm3 }) => (mm3 === null ? String(voxels) : (mm3 / 1000).toFixed(2))),
    ...(all.some(({ dice }) => dice !== undefined)
      ? [meanOf(all.flatMap(({ dice }) => dice ?? [])).toFixed(4)]
      : []),
  ]);
  const head = [
    isMm ? 'ml' : 'pixels',
    ...labels.map(({ name }) => name),
    ...(labels.some(({ dice }) => dice !== undefined) ? ['Dice'] : []),
  ];
  const shown = labels.length > 8 ? [] : [textTable(head, rows.slice(0, 20))];
  return [
    ...shown,
    `${entries.length} label map(s) in ${folder}, amounts in ${join(folder, 'volumes.csv')}`,
  ].join('\n');
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
