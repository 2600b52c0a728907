import { type Factor, FileError, ValueError } from '@sshn/core';
import { type IntensityNormalization, type Preprocessing, reorient } from '@sshn/data';
import { type RegistrationObjective, regularizerNames, similarityNames } from '@sshn/registration';
import { type Command, Option } from 'commander';
import { parseFactor, parseIntensity } from '../config/variant-flags.js';
import { startBackend } from '../process/backend.js';
import { exitCodes } from '../process/exit-codes.js';
import { listenForInterruption } from '../process/interruption.js';
import { requireFieldName, writeField } from '../register/field-file.js';
import { openRegistrationModel, type RegistrationModel } from '../register/open-model.js';
import {
  type Picture,
  readLabelPicture,
  readPicture,
  requireOutput,
  writePicture,
} from '../register/picture.js';
import { type RegistrationFigures, registerPair } from '../register/register-pair.js';
import { broughtTo } from '../register/same-space.js';
import { warpPicture } from '../register/warp-picture.js';
import { writeRegistrationReport } from '../register/write-report.js';
import { refineText } from '../terminal/refine-text.js';
import { terminalOn } from '../terminal/terminal.js';
import { bytesText } from '../text/numbers.js';
import { registerHelp } from './help-registration.js';
import { addThreadsOption, argument, countType, factorType, grouped, readerOf } from './options.js';

interface RegisterFlags {
  readonly threads?: number;
  readonly out?: string;
  readonly field?: string;
  readonly labels?: string;
  readonly movedLabels?: string;
  readonly report?: string;
  readonly resample?: boolean;
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

/** The word in place of a model for registration without one. */
const noModel = 'none';

/** What a pair is refined for where no model says: the usual choice for scans of one modality. */
const usualObjective = {
  similarity: 'localNcc',
  regularizer: 'diffusion',
  weight: 1,
  integrationSteps: 7,
} as const satisfies RegistrationObjective;

const positive = { kind: 'number', isInteger: false, above: 0 } as const;

/** `sshn register`: brings one image onto another. */
export function addRegisterCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('register')
    .summary('align an image with another, by a trained network or without one')
    .description(registerHelp.description)
    .argument('<model>', 'run folder of sshn train --task registration, a model file, or none')
    .argument('<moving>', 'image to be moved: NIfTI, or PNG, TIFF, BMP, JPEG')
    .argument('<fixed>', 'image that it is aligned with, of the same kind')
    .option('-o, --out <file>', 'the moved image, on the grid of the fixed one')
    .option('--field <file>', 'the displacement field, .nii.gz: see below')
    .option('--labels <file>', 'label map of the moving image, to be moved along')
    .option('--moved-labels <file>', 'where that goes')
    .option('--report <file>', 'a page with pictures: before, after, difference, deformed grid')
    .option('--resample', 'bring a moving image of another grid onto that of the fixed one first');
  const add = (heading: string, flag: string, text: string, read: (text: string) => unknown) =>
    command.addOption(grouped(heading, new Option(flag, text).argParser(read)));
  const [network, refinement] = ['Network', 'Refinement'];
  add(
    network,
    '--factor <numbers>',
    'rescaling factor (default: the largest of training)',
    argument(parseFactor),
  );
  add(
    network,
    '--lambda <number>',
    'weight of smoothness, in [0, 1], of a model that takes one',
    readerOf(factorType),
  );
  command.addOption(
    grouped(
      refinement,
      new Option('--refine <steps>', 'steps of gradient descent on this pair, at every level')
        .argParser(readerOf(countType))
        .default(0),
    ),
  );
  for (const [flag, names, usual] of [
    ['--similarity <name>', similarityNames, usualObjective.similarity],
    ['--regularizer <name>', regularizerNames, usualObjective.regularizer],
  ] as const) {
    const text = `${flag.slice(2, -7)} (default: the model's, else ${usual})`;
    command.addOption(grouped(refinement, new Option(flag, text).choices([...names])));
  }
  add(
    refinement,
    '--window <edge>',
    'of localNcc, in voxels, odd (default: 9)',
    readerOf({ ...countType, least: 1 }),
  );
  add(
    refinement,
    '--weight <number>',
    `of the regularizer (default: the model's, else ${usualObjective.weight})`,
    readerOf({ kind: 'number', isInteger: false, least: 0 }),
  );
  add(
    refinement,
    '--learning-rate <voxels>',
    'about how far a step moves a voxel (default: 0.1)',
    readerOf(positive),
  );
  add(
    refinement,
    '--levels <count>',
    'resolutions, each half of the next (default: 1 with a model, else up to 3)',
    readerOf({ ...countType, least: 1, most: 8 }),
  );
  const bare = 'Without a model';
  add(
    bare,
    '--integration-steps <count>',
    `of scaling and squaring; 0 for plain displacements (default: ${usualObjective.integrationSteps})`,
    readerOf({ ...countType, most: 16 }),
  );
  command.addOption(
    grouped(
      bare,
      new Option('--resolution <grid>', 'grid of the flow (default: full)').choices(['full', 'half']),
    ),
  );
  add(
    bare,
    '--spacing <mm>',
    "work on voxels of this edge, in mm or pixels (default: the fixed image's)",
    readerOf(positive),
  );
  add(
    bare,
    '--intensity <kind>',
    'how intensities are normalized (default: minMax)',
    argument(parseIntensity),
  );
  addThreadsOption(command).addHelpText('after', registerHelp.examples);
  command.action(async (model: string, moving: string, fixed: string, flags: RegisterFlags) => {
    const fault = faultOf(model === noModel, flags);
    if (fault !== undefined) command.error(`error: ${fault}`);
    finish(await register(model, moving, fixed, flags));
  });
}

/** What makes no sense about a command line. */
function faultOf(isBare: boolean, flags: RegisterFlags): string | undefined {
  if ((flags.labels === undefined) !== (flags.movedLabels === undefined)) {
    return '--labels and --moved-labels go together: what is moved, and where it goes';
  }
  if (isBare && flags.refine === 0)
    return 'without a model there is nothing to do: give --refine, such as --refine 100';
  const foreign = isBare
    ? { factor: flags.factor, lambda: flags.lambda }
    : {
        'integration-steps': flags.integrationSteps,
        resolution: flags.resolution,
        spacing: flags.spacing,
        intensity: flags.intensity,
      };
  const given = Object.entries(foreign).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    return isBare
      ? `--${given[0]} is for a model, and there is none`
      : `--${given[0]} is for registration without a model: it has its own`;
  }
  if (flags.refine > 0) return undefined;
  const { regularizer, weight, learningRate, levels } = flags;
  const idle = Object.entries({ regularizer, weight, 'learning-rate': learningRate, levels }).find(
    ([, value]) => value !== undefined,
  );
  return idle === undefined ? undefined : `--${idle[0]} is for refinement: give --refine too`;
}

async function register(
  modelPath: string,
  movingPath: string,
  fixedPath: string,
  flags: RegisterFlags,
): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const fixed = await readPicture(fixedPath);
  for (const path of [flags.out, flags.movedLabels]) requireOutput(path, fixed.format);
  requireFieldName(flags.field);
  const resample = { resample: flags.resample ?? false };
  const moving = broughtTo(fixed, await readPicture(movingPath), resample);
  const labels =
    flags.labels === undefined ? undefined : labelsOf(moving, await readLabelPicture(flags.labels));
  const backend = await startBackend(flags.threads);
  const model = modelPath === noModel ? undefined : await openRegistrationModel(modelPath, choiceOf(flags));
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this step, with what is reached; Ctrl-C again stops at once');
  });
  try {
    if (model !== undefined) requireRank(model, fixed);
    const preprocessing = model?.preprocessing ?? barePreprocessing(fixed, flags);
    const objective = objectiveOf(model, flags);
    terminal.line(`${movingPath} onto ${fixedPath}, at ${preprocessing.size.join('×')}, on ${backend}`);
    const began = performance.now();
    const { field, figures, ...pictures } = await registerPair(moving, fixed, {
      model,
      objective,
      preprocessing,
      resolution: flags.resolution ?? 'full',
      steps: flags.refine,
      ...(flags.levels === undefined ? {} : { levels: flags.levels }),
      ...(flags.learningRate === undefined ? {} : { learningRate: flags.learningRate }),
      onStep: (step) => terminal.live(refineText(step, performance.now() - began)),
      signal: interruption.signal,
    });
    terminal.clear();
    if (flags.out !== undefined) await writePicture(flags.out, warpPicture(moving, field, 'linear'));
    if (labels !== undefined) await writePicture(flags.movedLabels!, warpPicture(labels, field, 'nearest'));
    if (flags.field !== undefined) await writeField(flags.field, field);
    if (flags.report !== undefined) {
      await writeRegistrationReport(flags.report, { movingPath, fixedPath, objective, figures, ...pictures });
    }
    const unit = fixed.format === 'nifti' ? 'mm' : 'pixels';
    process.stdout.write(`${summary(objective, figures, unit, performance.now() - began)}\n`);
    return interruption.signal.aborted ? interruption.exitCode() : exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
    model?.dispose();
  }
}

function choiceOf({ factor, lambda }: RegisterFlags) {
  return { ...(factor === undefined ? {} : { factor }), ...(lambda === undefined ? {} : { lambda }) };
}

/** Flags first, then what the model was trained for, then the usual. */
function objectiveOf(model: RegistrationModel | undefined, flags: RegisterFlags): RegistrationObjective {
  const trained = model?.trainedWith;
  const { similarity, regularizer, weight } = { ...usualObjective, ...trained };
  const window = flags.window ?? trained?.window;
  const lambda = model?.at.conditions?.[0];
  return {
    similarity: flags.similarity ?? similarity,
    regularizer: flags.regularizer ?? regularizer,
    weight: flags.weight ?? weight,
    ...(window === undefined ? {} : { window }),
    ...(lambda === undefined || flags.weight !== undefined ? {} : { lambda }),
    integrationSteps: model?.integrationSteps ?? flags.integrationSteps ?? usualObjective.integrationSteps,
  };
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
    size: format === 'nifti' ? scaled : scaled.slice(1),
    channels: 1,
    intensity: intensity ?? { kind: 'minMax' },
  };
}

/** Label maps of raster images are stretched as their image is; volumes have a place of their own. */
function labelsOf(moving: Picture, labels: Picture): Picture {
  const [image, map] = [moving.channels[0], labels.channels[0]];
  const isSame = map.shape.join() === image.shape.join();
  if (labels.format === moving.format && labels.format === 'nifti') return labels;
  if (labels.format === moving.format && isSame)
    return { ...labels, channels: [{ ...image, data: map.data }] };
  throw new FileError({
    path: labels.path,
    problem: `does not fit the moving image ${moving.path}`,
    remedy: 'Give the labels of that image, of its size and in its kind of file.',
  });
}

function requireRank({ preprocessing }: RegistrationModel, { path, format }: Picture): void {
  const rank = format === 'nifti' ? 3 : 2;
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
