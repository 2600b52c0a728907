import { usualObjective } from '@sshn/predict';
import { affineKinds, flowResolutions, regularizerNames, similarityNames } from '@sshn/registration';
import { type Command, Option } from 'commander';
import { parseIntensity } from '../config/values.js';
import type { RegisterFlags } from '../register/flags.js';
import { noModel, runRegister } from '../register/run-register.js';
import {
  addComputingOptions,
  argument,
  countType,
  factorType,
  fieldText,
  frameOption,
  grouped,
  readerOf,
} from './options.js';
import { addSettingOptions, requireOneChoice, settingFlags } from './setting-options.js';

const registerHelp = {
  description: `Align a moving image with a fixed one: predict a displacement field, refine it if wanted, and move the image, on the \
grid of the fixed one.

MODEL is a run folder of \`sshn train DATA --task registration\` or its best.safetensors; images are resampled to the size that \
it was trained at, and the field back. The word none registers without a network: --refine N steps of gradient descent from \
zero at every resolution of a pyramid, the classical way. With a network, refinement begins at what it predicts.

--affine aligns the two first by a rigid, similarity or affine map, found from the images alone: before a network, before \
--refine, or by itself. Scans that were not aligned before need it. Grids may differ then. One field comes out for all of it. A \
model trained with --align aligns both images with its reference by itself, on any grids.

Orientation and spacing of volumes may be any: they are compared in the body. Images on different grids are refused, as they \
may be a mistake; --resample resamples the moving one onto the grid of the fixed one first, by the affines of both (PNG: \
stretches it). Moved label maps keep their numbers (nearest voxel); moved images are 32-bit floats, PNG 8 bits. Where the \
moving image shows nothing, the result is 0.

${fieldText}`,
  examples: `
Examples:
  $ sshn register runs/brains moving.nii.gz fixed.nii.gz -o moved.nii.gz --field field.nii.gz
  $ sshn register runs/brains moving.nii.gz fixed.nii.gz --labels moving-labels.nii.gz --moved-labels moved-labels.nii.gz
  $ sshn register runs/slices a.png b.png -o moved.png --factor 0.25 --refine 50 --report page.html
  $ sshn register none moving.nii.gz fixed.nii.gz --refine 100 --spacing 2 -o moved.nii.gz
  $ sshn register none t2.nii.gz t1.nii.gz --affine rigid --affine-similarity mutualInformation -o t2-on-t1.nii.gz`,
};

const positive = { kind: 'number', above: 0 } as const;

/** `sshn register`: brings one image onto another. */
export function addRegisterCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('register')
    .summary('align an image with another, by a trained network or without one')
    .description(registerHelp.description)
    .argument(
      '<model>',
      'run folder of sshn train --task registration, a model file, registration (a small model that is included), or none',
    )
    .argument('<moving>', 'image to be moved: NIfTI or the folder of a DICOM series; PNG, TIFF, BMP, JPEG')
    .argument('<fixed>', 'image that it is aligned with, of the same kind')
    .option('-o, --out <file>', 'the moved image, on the grid of the fixed one')
    .option('--field <file>', 'the displacement field, .nii.gz: see below')
    .option('--labels <file>', 'label map of the moving image, to be moved along')
    .option('--moved-labels <file>', 'where that goes')
    .option('--report <file>', 'a page with pictures: before, after, difference, deformed grid')
    .option('--resample', 'resample a moving image of another grid onto that of the fixed one first')
    .addOption(frameOption('--moving-frame', 'a moving image'))
    .addOption(frameOption('--fixed-frame', 'a fixed image'));
  const add = (heading: string, flag: string, text: string, read: (text: string) => unknown) =>
    command.addOption(grouped(heading, new Option(flag, text).argParser(read)));
  const [alignment, network, refinement] = ['Alignment', 'Network', 'Refinement'];
  for (const [flag, names, text] of [
    ['--affine <kind>', affineKinds, 'align the images first'],
    [
      '--affine-similarity <name>',
      similarityNames,
      'of that (default: globalNcc, or mutualInformation where --similarity is)',
    ],
  ] as const)
    command.addOption(grouped(alignment, new Option(flag, text).choices([...names])));
  command.addOption(
    grouped(
      alignment,
      new Option(
        '--matrix <file>',
        'where the matrix of --affine goes, or of a model trained with --align, as text: fixed to moving, in mm',
      ),
    ),
  );
  addSettingOptions(command, network);
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
    readerOf({ kind: 'number', least: 0 }),
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
      new Option('--resolution <grid>', 'grid of the flow (default: full)').choices([...flowResolutions]),
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
  addComputingOptions(command).addHelpText('after', registerHelp.examples);
  command.action(async (model: string, moving: string, fixed: string, flags: RegisterFlags) => {
    const fault = faultOf(model === noModel, flags);
    if (fault !== undefined) command.error(`error: ${fault}`);
    requireOneChoice(command, flags);
    finish(await runRegister(model, moving, fixed, flags));
  });
}

/** What makes no sense about a command line. */
function faultOf(isBare: boolean, flags: RegisterFlags): string | undefined {
  if ((flags.labels === undefined) !== (flags.movedLabels === undefined)) {
    return '--labels and --moved-labels go together: what is moved, and where it goes';
  }
  if (isBare && flags.refine === 0 && flags.affine === undefined)
    return 'without a model there is nothing to do: give --refine, such as --refine 100, or --affine';
  const needsAffine = Object.entries({
    'affine-similarity': flags.affineSimilarity,
    // A model may align by itself.
    ...(isBare ? { matrix: flags.matrix } : {}),
  }).find(([, value]) => value !== undefined);
  if (needsAffine !== undefined && flags.affine === undefined)
    return `--${needsAffine[0]} is for an alignment, and none is asked for: give --affine too`;
  const { similarity = 'localNcc', window } = flags;
  if (window !== undefined && similarity !== 'localNcc') {
    return `--window is for the similarity localNcc, and --similarity is ${similarity}`;
  }
  const foreign = isBare
    ? { ...settingFlags(flags), lambda: flags.lambda }
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
