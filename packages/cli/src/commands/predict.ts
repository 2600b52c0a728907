import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Factor, FileError, SshnError } from '@sshn/core';
import { diceScore } from '@sshn/losses';
import type { Runtime } from '@sshn/model';
import { writeFileAtomic } from '@sshn/model/node';
import {
  decodeSeries,
  dsegTable,
  freesurferTable,
  labelAmounts,
  type NamedLabel,
  namedLabels,
  Segmenter,
  type SegmentOptions,
} from '@sshn/predict';
import { openModel, readLabelPicture, readPicture, readSeriesFiles } from '@sshn/predict/node';
import { type Command, Option } from 'commander';
import { parseFactor } from '../config/values.js';
import { findInputs, type Input } from '../predict/inputs.js';
import {
  amountRow,
  type Entry,
  endingOf,
  isDicom,
  Journal,
  type LabelFormat,
  labelFormats,
  writeDicomLabels,
  writeLabels,
  writeOverlay,
} from '../predict/outputs.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes, listenForInterruption } from '../process/exit.js';
import { type RuntimeChoice, runtimeChoices, runtimeOf } from '../process/runtime.js';
import { modelHelp, modelSource } from '../run/model-source.js';
import { bar, type Terminal, terminalOn } from '../terminal/terminal.js';
import { formatDuration, textTable } from '../terminal/text.js';
import {
  addComputingOptions,
  argument,
  factorText,
  factorType,
  frameOption,
  grouped,
  readerOf,
} from './options.js';

const predictHelp = {
  description: `Segment images with a trained model, and write the label of every pixel on the image's own grid.

MODEL is a run folder of \`sshn train\`, a model file, or the name of a model that comes along (cells, ultrasound, volumes). PATHS are image files, folders (searched with all folders in them; a \
folder of DICOM files is one series) or patterns. Each image is prepared as in training. Labels are the numbers \
of the label files that the model was trained with, 0 for the background; OUT/labels.dseg.tsv and OUT/labels.lut.txt give their names and colors.

Writes into OUT: a label map for each image (PNG, or NIfTI for volumes), volumes.csv with pixels, mm³ and ml of each label, and \
predictions.json. An image that cannot be read is reported, the others go on, and the exit code is 1. Interrupted, the same \
command goes on where it was.

${factorText} A budget picks the factor: the most accurate one within --gflops or --milliseconds, the cheapest with --dice.`,
  examples: `
Examples:
  $ sshn predict runs/cells photo.png -o out
  $ sshn predict cells photo.png -o out     # a small model that comes along, trained on generated blood smears
  $ sshn predict runs/cells images/ -o out --gflops 0.5 --overlays
  $ sshn predict runs/brains "scans/*.nii.gz" -o out --milliseconds 200 --largest-component
  $ sshn predict runs/brains series/ -o out --format dicom     # a DICOM segmentation, for a PACS
  $ sshn predict runs/cells images/ -o out --runtime onnxruntime     # native speed, after: npm install onnxruntime-node
  $ sshn predict runs/cells test/images -o out --truth test/labels     # also Dice against known labels`,
};

interface PredictFlags extends ComputingFlags {
  readonly out: string;
  readonly factor?: Factor;
  readonly gflops?: number;
  readonly milliseconds?: number;
  readonly dice?: number;
  readonly truth?: string;
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

const positive = { kind: 'number', above: 0 } as const;

/** `sshn predict`: segments images with a trained model. */
export function addPredictCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('predict')
    .summary('segment images with a trained model')
    .description(predictHelp.description)
    .argument('<model>', modelHelp)
    .argument('<paths...>', 'images: files, folders, patterns')
    .requiredOption('-o, --out <folder>', 'where results go; made if it is not there')
    .option(
      '--truth <path>',
      'label map of the image, or a folder of label maps with the names of the images: Dice is computed',
    )
    .addOption(
      new Option(
        '--format <name>',
        'format of label maps; dicom writes a DICOM segmentation of a DICOM series, with single bits for each label, dicom-labelmap one of whole labels',
      )
        .choices(labelFormats)
        .default('auto'),
    )
    .addOption(frameOption('--frame', 'an image'))
    .option('--overlays', 'also write OUT/overlays: PNG with the labels painted over the image')
    .option('--overwrite', 'predict images anew that are done')
    .option('--json', 'print a JSON object for each image on standard output');
  const add = (heading: string, flag: string, text: string, read: (text: string) => unknown) =>
    command.addOption(grouped(heading, new Option(flag, text).argParser(read)));
  const setting = 'Accuracy and cost';
  add(
    setting,
    '--factor <numbers>',
    'rescaling factor (default: the largest of training)',
    argument(parseFactor),
  );
  add(setting, '--gflops <number>', 'at most so many 10⁹ FLOPs per image', readerOf(positive));
  add(
    setting,
    '--milliseconds <number>',
    'at most so long per image, measured on this machine first',
    readerOf(positive),
  );
  add(setting, '--dice <number>', 'at least this Dice, by the table of sshn pareto', readerOf(factorType));
  const flag = (heading: string, name: string, text: string) =>
    command.addOption(grouped(heading, new Option(name, text)));
  const quality = 'Prediction';
  flag(quality, '--flips', 'average over flips of the image: 4 predictions in 2D, 8 in 3D');
  command.addOption(
    grouped(
      quality,
      new Option(
        '--resolution <word>',
        'training stretches an image to the size of training, own predicts at its own pixels in overlapping tiles',
      )
        .choices(['training', 'own'])
        .default('training'),
    ),
  );
  const cleaning = 'Cleaning';
  flag(cleaning, '--largest-component', 'keep the largest connected component of each label');
  flag(cleaning, '--fill-holes', 'give background that one label encloses that label');
  command.addOption(
    grouped(
      cleaning,
      new Option('--minimum-voxels <count>', 'remove connected components of fewer pixels or voxels')
        .argParser(readerOf({ kind: 'number', integer: true, least: 1 }))
        .default(1),
    ),
  );
  command.addOption(
    new Option(
      '--runtime <name>',
      'what runs the network: tfjs, or onnxruntime, which takes native code (needs `npm install onnxruntime-node`)',
    )
      .choices(runtimeChoices)
      .default('tfjs'),
  );
  addComputingOptions(command).addHelpText('after', predictHelp.examples);
  command.action(async (model: string, paths: string[], flags: PredictFlags) => {
    if (flags.out === '') command.error("error: option '-o, --out <folder>' is empty: name a folder");
    const { factor, gflops, milliseconds, dice } = flags;
    if (factor !== undefined && [gflops, milliseconds, dice].some((limit) => limit !== undefined))
      command.error(
        'error: --factor names the setting itself: leave out --gflops, --milliseconds and --dice, or it',
      );
    finish(await predict(model, paths, flags));
  });
}

async function predict(modelName: string, paths: readonly string[], flags: PredictFlags): Promise<number> {
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
      options: JSON.stringify({ ...options, format: flags.format, truth: flags.truth, frame: flags.frame }),
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
  const truth =
    flags.truth === undefined ? undefined : await readLabelPicture(await truthOf(flags.truth, name));
  const segmentation = await model.predict(picture, { ...options, onProgress });
  const dice =
    truth === undefined
      ? undefined
      : diceOf(segmentation.labels.data, truth.channels[0].data, names, truth.path);
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

/** Dice of each label; NaN where neither has it. @throws {FileError} if the truth has another size, or other labels. */
function diceOf(
  predicted: Uint8Array,
  truth: ArrayLike<number>,
  names: readonly NamedLabel[],
  path: string,
): readonly number[] {
  const labels = names.length;
  const labelOf = new Map(names.map(({ value }, label) => [value, label]));
  try {
    // A value that the model does not know stays one that it cannot have.
    const known = Int32Array.from(truth, (value) => labelOf.get(value) ?? labels + Math.abs(value));
    const { perLabel } = diceScore(predicted, known, { labels, includeBackground: true });
    return Array.from({ length: labels }, (_, label) => perLabel.get(label) ?? Number.NaN);
  } catch (cause) {
    if (!(cause instanceof SshnError)) throw cause;
    throw new FileError({
      path,
      problem: `cannot be compared with the prediction: ${cause.message}`,
      remedy: `Give label maps of the size of their images, with the values of the model: ${names.map(({ value }) => value).join(', ')}.`,
      cause,
    });
  }
}

/** The label map of an image: the file itself, or the one of the same name in a folder. */
async function truthOf(path: string, name: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined)
    throw new FileError({
      path,
      problem: 'does not exist',
      remedy: 'Give a label map, or a folder of them.',
    });
  if (!info.isDirectory()) return path;
  const folder = join(path, dirname(name));
  const wanted = basename(name).normalize('NFC');
  const names = await readdir(folder).catch(() => []);
  const found = names.find(
    (one) =>
      one
        .normalize('NFC')
        .replace(/(\.nii)?\.[^.]+$/, '')
        .replace(/_(mask|seg|labels?)$/, '') === wanted,
  );
  if (found !== undefined) return join(folder, found);
  throw new FileError({
    path: folder,
    problem: `has no label map for ${name}`,
    remedy: 'Label maps have the name of their image; leave out --truth to predict without comparing.',
  });
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

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
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
