import { type Factor, FileError, ValueError } from '@sshn/core';
import { type IntensityNormalization, type Preprocessing, reorient } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import {
  inSpaceOf,
  type Picture,
  type Registered,
  Registrar,
  type RegistrationFigures,
  registerPair,
  requireGridOf,
  usualObjective,
  warpPicture,
} from '@sshn/predict';
import {
  openModel,
  readLabelPicture,
  readPicture,
  requireFieldName,
  requireFolder,
  requireOutput,
  writeField,
  writePicture,
} from '@sshn/predict/node';
import type {
  AffineKind,
  AffineMatrix,
  AffineProgress,
  AffineRegistrationOptions,
  RefineStep,
  RegistrationObjective,
} from '@sshn/registration';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes, listenForInterruption } from '../process/exit.js';
import { writeRegistrationReport } from '../report/registration-page.js';
import { modelSource } from '../run/model-source.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { bytesText, formatDuration } from '../terminal/text.js';

/** The flags of `sshn register`. */
export interface RegisterFlags extends ComputingFlags {
  readonly out?: string;
  readonly field?: string;
  readonly labels?: string;
  readonly movedLabels?: string;
  readonly report?: string;
  readonly resample?: boolean;
  readonly movingFrame?: number;
  readonly fixedFrame?: number;
  readonly affine?: AffineKind;
  readonly affineSimilarity?: RegistrationObjective['similarity'];
  readonly matrix?: string;
  readonly factor?: Factor;
  readonly lambda?: number;
  readonly refine: number;
  readonly similarity?: RegistrationObjective['similarity'];
  readonly window?: number;
  readonly regularizer?: RegistrationObjective['regularizer'];
  readonly weight?: number;
  readonly integrationSteps?: number;
  readonly resolution?: 'full' | 'half';
  readonly spacing?: number;
  readonly intensity?: IntensityNormalization;
  readonly levels?: number;
  readonly learningRate?: number;
}

/** Which volume of several an image is read. */
function frameOf(frame: number | undefined): { readonly frame?: number } {
  return frame === undefined ? {} : { frame };
}

/** The word in place of a model for registration without one. */
export const noModel = 'none';

/** A moving image that covers less of the fixed one's grid than this deserves a warning. */
export const halfCovered = 0.5;

/** How much of a grid an image covers, in words. */
export function coverageText(path: string, coverage: number, of: string): string {
  const share = coverage < 0.001 ? 'less than 0.1' : (100 * coverage).toFixed(1);
  return `warning: ${path} covers ${share} % of the grid ${of}; the rest of the result is 0`;
}

/** Registers two files as the flags say. */
export async function runRegister(
  modelPath: string,
  movingPath: string,
  fixedPath: string,
  flags: RegisterFlags,
): Promise<number> {
  const terminal = terminalOn(process.stderr);
  try {
    return await registerFiles({ model: modelPath, moving: movingPath, fixed: fixedPath }, flags, terminal);
  } finally {
    terminal.clear();
  }
}

async function registerFiles(
  { model: modelPath, moving: movingPath, fixed: fixedPath }: Record<'model' | 'moving' | 'fixed', string>,
  flags: RegisterFlags,
  terminal: Terminal,
): Promise<number> {
  // What follows may keep the processor for seconds: the line has to be there before.
  const stage = (text: string): void => terminal.live(text);
  const warned = { onWarning: (warning: string) => terminal.line(`warning: ${warning}`) };
  stage(`reading ${fixedPath}`);
  const fixed = await readPicture(fixedPath, { ...warned, ...frameOf(flags.fixedFrame) });
  for (const path of [flags.out, flags.movedLabels]) requireOutput(path, fixed.format);
  requireFieldName(flags.field);
  for (const path of [flags.out, flags.movedLabels, flags.field, flags.report, flags.matrix])
    await requireFolder(path);
  const resample = { resample: flags.resample ?? false };
  stage(`reading ${movingPath}`);
  const read = await readPicture(movingPath, { ...warned, ...frameOf(flags.movingFrame) });
  const { description: backend } = await startBackend(flags, 'training');
  stage(`opening ${modelPath}`);
  const model = modelPath === noModel ? undefined : await openRegistrar(modelPath);
  // An alignment finds the place of the moving image, whatever grid it has.
  const findsPlace = flags.affine !== undefined || model?.manifest.preprocessing.alignment !== undefined;
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this step, with what is reached; Ctrl-C again stops at once');
  });
  try {
    if (model !== undefined) requireRank(model, fixed);
    const moving = findsPlace ? read : inSpaceOf(fixed, read, resample);
    const labels =
      flags.labels === undefined
        ? undefined
        : labelsOf(moving, await readLabelPicture(flags.labels), resample);
    const preprocessing = model?.manifest.preprocessing ?? barePreprocessing(fixed, flags);
    const objective = objectiveOf(model, flags);
    requireWindow(objective, flags);
    terminal.line(`${movingPath} onto ${fixedPath}, at ${preprocessing.size.join('×')}, on ${backend}`);
    const began = performance.now();
    const affine =
      flags.affine === undefined
        ? undefined
        : {
            ...affineOptions(objective, flags),
            onProgress: ({ stage: done, stages, loss }: AffineProgress) =>
              stage(`${flags.affine} alignment  ${done}/${stages}  loss ${loss.toPrecision(4)}`),
          };
    const { field, figures, coverage, alignment, ...pictures } = await registerPair(moving, fixed, {
      ...(model === undefined ? {} : { model, setting: choiceOf(flags) }),
      ...(affine === undefined ? {} : { affine }),
      objective,
      preprocessing,
      resolution: flags.resolution ?? 'full',
      steps: flags.refine,
      ...(flags.levels === undefined ? {} : { levels: flags.levels }),
      ...(flags.learningRate === undefined ? {} : { learningRate: flags.learningRate }),
      onStage: stage,
      onStep: (step) => stage(refineText(step, performance.now() - began)),
      signal: interruption.signal,
    });
    if (coverage < halfCovered) terminal.line(coverageText(movingPath, coverage, `of ${fixedPath}`));
    if (flags.matrix !== undefined) {
      stage(`writing ${flags.matrix}`);
      await writeFileAtomic(flags.matrix, matrixText(alignment!.matrixMm));
    }
    if (flags.out !== undefined) {
      stage(`warping ${movingPath}`);
      const moved = warpPicture(moving, field, 'linear');
      stage(`writing ${flags.out}`);
      await writePicture(flags.out, moved);
    }
    if (labels !== undefined) {
      stage(`warping ${labels.path}`);
      await writePicture(flags.movedLabels!, warpPicture(labels, field, 'nearest'));
    }
    if (flags.field !== undefined) {
      stage(`writing ${flags.field}`);
      await writeField(flags.field, field);
    }
    if (flags.report !== undefined) {
      stage(`writing ${flags.report}`);
      await writeRegistrationReport(flags.report, { movingPath, fixedPath, objective, figures, ...pictures });
    }
    terminal.clear();
    const unit = fixed.format === 'volume' ? 'mm' : 'pixels';
    const lines = [
      ...(alignment === undefined ? [] : [alignmentText(flags.affine!, alignment)]),
      ...(flags.resample || findsPlace
        ? [`covered         ${(100 * coverage).toFixed(1)} % of the fixed grid`]
        : []),
      summary(objective, figures, unit, performance.now() - began),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return interruption.signal.aborted ? interruption.exitCode() : exitCodes.ok;
  } finally {
    interruption.dispose();
    model?.dispose();
  }
}

function choiceOf({ factor, lambda }: RegisterFlags) {
  return { ...(factor === undefined ? {} : { factor }), ...(lambda === undefined ? {} : { lambda }) };
}

/** Flags first, then what the model was trained for, then the usual. */
function objectiveOf(model: Registrar | undefined, flags: RegisterFlags): RegistrationObjective {
  const { lambda, ...trained } =
    model?.objectiveAt(choiceOf(flags)) ??
    ({
      ...usualObjective,
      ...(flags.integrationSteps === undefined ? {} : { integrationSteps: flags.integrationSteps }),
    } as RegistrationObjective);
  return {
    ...trained,
    ...(flags.similarity === undefined ? {} : { similarity: flags.similarity }),
    ...(flags.regularizer === undefined ? {} : { regularizer: flags.regularizer }),
    ...(flags.window === undefined ? {} : { window: flags.window }),
    // A weight that is given takes the place of λ.
    ...(flags.weight === undefined ? (lambda === undefined ? {} : { lambda }) : { weight: flags.weight }),
  };
}

/** What an alignment is after: its own similarity, else that of two modalities where refinement has it, else the usual. */
function affineOptions(
  { similarity }: RegistrationObjective,
  { affine, affineSimilarity }: RegisterFlags,
): Pick<AffineRegistrationOptions, 'kind' | 'similarity'> {
  const fallback = similarity === 'mutualInformation' ? similarity : 'globalNcc';
  return { kind: affine!, similarity: affineSimilarity ?? fallback };
}

function alignmentText(
  kind: AffineKind,
  { lossBefore, lossAfter }: NonNullable<Registered['alignment']>,
): string {
  return `${kind.padEnd(10)} loss ${lossBefore.toPrecision(4)} before, ${lossAfter.toPrecision(4)} after`;
}

/** A 4×4 matrix as text, a row per line. */
function matrixText(matrix: AffineMatrix): string {
  return [...matrix, [0, 0, 0, 1]]
    .map((row) => `${row.map((entry) => entry.toPrecision(12)).join(' ')}\n`)
    .join('');
}

/** @throws {ValueError} if there is a window for a similarity that has none. */
function requireWindow({ similarity }: RegistrationObjective, { window }: RegisterFlags): void {
  if (window === undefined || similarity === 'localNcc') return;
  throw new ValueError({
    where: '--window',
    got: window,
    expected: `none: it is for the similarity localNcc, and the model was trained with ${similarity}`,
    hint: 'Leave it out, or give --similarity localNcc too.',
  });
}

/** Opens a registration model. @throws {FileError} if it is one of another task. */
async function openRegistrar(path: string): Promise<Registrar> {
  const model = await openModel(await modelSource(path));
  if (model instanceof Registrar) return model;
  model.dispose();
  throw new FileError({
    path,
    problem: 'is a model of segmentation, and images are to be aligned',
    remedy: 'Train one with `sshn train DATA --task registration`, or give the word none and --refine.',
  });
}

/** Grey, at the spacing asked for. */
function barePreprocessing(
  { format, channels }: Picture,
  { spacing, intensity }: RegisterFlags,
): Preprocessing {
  const { shape, spacingMm } = reorient(channels[0]);
  const scaled = shape.map((n, axis) =>
    spacing === undefined ? n : Math.max(1, Math.round((n * spacingMm[axis]!) / spacing)),
  );
  return {
    size: format === 'volume' ? scaled : scaled.slice(1),
    channels: 1,
    intensity: intensity ?? { kind: 'minMax' },
  };
}

/** Label maps of raster images are stretched as their image is; volumes have a place of their own, that of their image. */
function labelsOf(moving: Picture, labels: Picture, options: { readonly resample: boolean }): Picture {
  const [image, map] = [moving.channels[0], labels.channels[0]];
  const isSame = map.shape.join() === image.shape.join();
  if (labels.format === moving.format && labels.format === 'volume') {
    requireGridOf(moving, labels, options);
    return labels;
  }
  if (labels.format === moving.format && isSame)
    return { ...labels, channels: [{ ...image, data: map.data }] };
  throw new FileError({
    path: labels.path,
    problem: `does not fit the moving image ${moving.path}`,
    remedy: 'Give the labels of that image, of its size and in its kind of file.',
  });
}

function requireRank({ manifest: { preprocessing } }: Registrar, { path, format }: Picture): void {
  const rank = format === 'volume' ? 3 : 2;
  if (preprocessing.size.length === rank) return;
  throw new ValueError({
    where: path,
    got: `an image of ${rank} dimensions`,
    expected: `one of ${preprocessing.size.length}, as the model aligns`,
    hint: rank === 3 ? 'Save the slices as PNG, or train on volumes.' : 'Give NIfTI volumes.',
  });
}

function summary(
  { similarity }: RegistrationObjective,
  { unlikeBefore, unlikeAfter, foldedPercent, longestMm }: RegistrationFigures,
  unit: string,
  milliseconds: number,
): string {
  return [
    `${similarity} loss   ${unlikeBefore.toPrecision(4)} before, ${unlikeAfter.toPrecision(4)} after`,
    `folded          ${foldedPercent.toFixed(3)} % of the voxels`,
    `displacement    ${longestMm.toFixed(2)} ${unit} at most`,
    `took            ${(milliseconds / 1000).toFixed(1)} s, ${bytesText(process.memoryUsage.rss())} of memory`,
  ].join('\n');
}

/** A refinement under way, in one line: 'level 1/3  step 12/90  loss 0.0123  4 s left'. */
function refineText({ step, steps, level, levels, loss }: RefineStep, milliseconds: number): string {
  const words = [
    ...(levels === 1 ? [] : [`level ${level + 1}/${levels}`]),
    `step ${step}/${steps}`,
    `loss ${loss.toPrecision(4)}`,
    // Steps of finer levels take longer: nothing is promised before the last one.
    ...(level === levels - 1
      ? [`${formatDuration(((steps - step) * milliseconds) / step / 1000)} left`]
      : []),
  ];
  return words.join('  ');
}
