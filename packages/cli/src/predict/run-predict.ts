import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Setting, SshnError } from '@sshn/core';
import { namedSetting, settingKey } from '@sshn/model';
import { writeFileAtomic } from '@sshn/model/node';
import { dsegTable, freesurferTable, namedLabels, type Segmenter, type SegmentOptions } from '@sshn/predict';
import { settingChoice } from '../commands/setting-options.js';
import { startBackend } from '../process/backend.js';
import { isSystemError, listenForInterruption } from '../process/exit.js';
import { exitCodes } from '../program-help.js';
import { modelSource } from '../run/model-source.js';
import { bar, type Terminal, terminalOn } from '../terminal/terminal.js';
import { diceText, formatDuration, textTable } from '../terminal/text.js';
import { findInputs, type Input } from './inputs.js';
import { Journal } from './journal.js';
import { openSegmenter, type PredictFlags } from './predict-image.js';
import { type Predictor, predictElsewhere, predictHere, usualProcesses } from './processes.js';

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
  const model = await openSegmenter(modelPath, flags);
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping; the same command goes on from here. Ctrl-C again stops at once');
  });
  try {
    if (flags.milliseconds !== undefined) {
      terminal.live('measuring this machine');
      await model.calibrate({ signal: interruption.signal });
    }
    const options = segmentOptions(model, flags);
    const { at, reason } = model.choose(options);
    const count = processesFor(model, inputs.length, flags);
    const where = flags.runtime === 'tfjs' ? backend : flags.runtime;
    terminal.line(`${modelName}: ${reason} On ${where}${count > 1 ? `, in ${count} processes` : ''}.`);
    const journal = await Journal.open(
      flags.out,
      {
        model: await digestOf(modelPath),
        options: JSON.stringify({
          ...options,
          format: flags.format,
          labels: flags.labels,
          frame: flags.frame,
        }),
      },
      inputs.map(({ name }) => name),
    );
    const setup = {
      modelPath,
      options: elsewhere(model, options, at),
      flags: count > 1 ? { ...flags, threads: flags.threads ?? threadsOf(count) } : flags,
    };
    const start = (signal: AbortSignal) =>
      count > 1
        ? Array.from({ length: count }, () => predictElsewhere(setup, signal))
        : [predictHere(model, { ...setup, options }, signal)];
    const failed = await predictAll(start, inputs, flags, journal, terminal, interruption.signal);
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

/** The options for other processes, which have not measured this machine: with the setting that was chosen, or the cost of a cascade. */
function elsewhere(model: Segmenter, options: SegmentOptions, at: Setting): SegmentOptions {
  const { flips, resolution, clean, uncertainty, cascade, dice } = options;
  const rest = { flips, resolution, clean } as SegmentOptions;
  if (uncertainty !== true && cascade !== true)
    return { ...rest, factor: at.factors, width: at.width, inputResolution: at.resolution };
  const { rungs } = model;
  const last = rungs.find((rung) => settingKey(rung) === settingKey(namedSetting(at)));
  const gflops = last?.gflops ?? undefined;
  return { ...rest, uncertainty, cascade, gflops, ...(cascade === true ? { dice } : {}) };
}

function segmentOptions(model: Segmenter, flags: PredictFlags): SegmentOptions {
  const { flips = false, resolution, uncertainty, cascade } = flags;
  const { largestComponent = false, fillHoles = false, minimumVoxels } = flags;
  const options = {
    ...settingChoice(flags),
    ...(uncertainty === undefined ? {} : { uncertainty }),
    ...(cascade === undefined ? {} : { cascade }),
    flips,
    resolution,
    clean: { largestComponent, fillHoles, minimumVoxels },
  };
  return model.isCascaded(options) ? { ...options, cascade: true } : options;
}

/** How many processes predict so many images; never more than there are images. */
function processesFor({ manifest }: Segmenter, images: number, flags: PredictFlags): number {
  const { size, volumes } = manifest.preprocessing;
  const kind = size.length === 3 || volumes !== undefined ? 'volume' : 'raster';
  const usual = usualProcesses({ images, cores: availableParallelism(), kind, flags });
  return Math.min(flags.processes ?? usual, Math.max(1, images));
}

/** Of each of so many processes. */
function threadsOf(processes: number): number {
  return Math.max(1, Math.floor(availableParallelism() / processes));
}

/**
 * Predicts all images that are not done, each predictor one at a time. What is printed and stored is in the order of the images,
 * whatever the order in which they are done.
 *
 * @returns how many failed.
 */
async function predictAll(
  start: (signal: AbortSignal) => readonly Predictor[],
  inputs: readonly Input[],
  flags: PredictFlags,
  journal: Journal,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const began = performance.now();
  const defect = new AbortController();
  const stopped = AbortSignal.any([signal, defect.signal]);
  let [failed, predicted, done, next] = [0, 0, 0, 0];
  const shares = new Map<Input, number>();
  const show = (): void => {
    const now = done + [...shares.values()].reduce((sum, share) => sum + share, 0);
    const left = ((performance.now() - began) / 1000 / Math.max(1, predicted)) * (inputs.length - now);
    const time = predicted > 0 ? `  ${formatDuration(left)} left` : '';
    const names = [...shares.keys()].map(({ name }) => name).join(', ');
    terminal.live(`${bar(now / inputs.length, 24)} ${done}/${inputs.length}  ${names}${time}`);
  };
  const reports = new Map<number, () => void>();
  let reported = 0;
  const report = (index: number, say: () => void): void => {
    reports.set(index, say);
    for (; reports.has(reported); reported++) reports.get(reported)!();
  };
  const one = async (predictor: Predictor, input: Input, index: number): Promise<void> => {
    try {
      const { size: bytes, mtimeMs: modified } = await stat(input.path);
      if (!flags.overwrite && (await journal.holds(input, bytes, modified))) return report(index, () => {});
      shares.set(input, 0);
      show();
      const { entry, warnings } = await predictor.predict(input, (share) => {
        shares.set(input, share);
        show();
      });
      await journal.add(input.name, { input: input.path, bytes, modified, ...entry });
      predicted++;
      report(index, () => {
        for (const warning of warnings) terminal.line(`warning: ${warning}`);
        for (const note of entry.notes) terminal.line(`${input.path}: ${note}`);
        if (flags.json) process.stdout.write(`${JSON.stringify({ ...entry, input: input.path })}\n`);
      });
    } catch (error) {
      if (stopped.aborted) return;
      if (!(error instanceof SshnError) && !isSystemError(error)) throw error;
      failed++;
      const { message } = error;
      report(index, () =>
        terminal.line(`error: ${message.includes(input.path) ? message : `${input.path}: ${message}`}`),
      );
    } finally {
      shares.delete(input);
      done++;
    }
  };
  const predictors = start(stopped);
  try {
    await Promise.all(
      predictors.map(async (predictor) => {
        while (!stopped.aborted && next < inputs.length) {
          const index = next++;
          await one(predictor, inputs[index]!, index);
        }
      }),
    );
  } catch (error) {
    defect.abort();
    throw error;
  } finally {
    await Promise.all(predictors.map((predictor) => predictor.close()));
    // After an interruption, those behind one that is not done.
    for (const [index, say] of [...reports].sort(([a], [b]) => a - b)) if (index >= reported) say();
  }
  return failed;
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
  const isPredicted = entries.some(({ predictedDice }) => predictedDice !== undefined);
  const rows = entries.map(({ output, predictedDice, labels: [, ...all] }) => [
    output,
    ...all.map(({ voxels, mm3 }) => (mm3 === null ? String(voxels) : (mm3 / 1000).toFixed(2))),
    ...(all.some(({ dice }) => dice !== undefined)
      ? [meanOf(all.flatMap(({ dice }) => dice ?? [])).toFixed(4)]
      : []),
    ...(isPredicted ? [diceText(predictedDice?.mean ?? undefined)] : []),
  ]);
  const head = [
    isMm ? 'ml' : 'pixels',
    ...labels.map(({ name }) => name),
    ...(labels.some(({ dice }) => dice !== undefined) ? ['Dice'] : []),
    ...(isPredicted ? ['predicted Dice'] : []),
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
