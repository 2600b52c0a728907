import { type Command, Option } from 'commander';
import { labelFormats } from '../predict/outputs.js';
import type { PredictFlags } from '../predict/predict-image.js';
import { runPredict } from '../predict/run-predict.js';
import { runtimeChoices } from '../process/runtime.js';
import { factorHelp } from '../program-help.js';
import { modelHelp } from '../run/model-source.js';
import { addComputingOptions, frameOption, grouped, readerOf } from './options.js';
import { addSettingOptions, requireOneChoice } from './setting-options.js';

const predictHelp = {
  description: `Segment images with a trained model, and write the label of every pixel on the image's own grid.

MODEL is a run folder of \`sshn train\`, a model file, or the name of an included model (cells, ultrasound, volumes). PATHS are image files, folders (searched with all folders in them; a \
folder of DICOM files is one series) or patterns. Each image is prepared as in training. Labels are the numbers \
of the label files that the model was trained with, 0 for the background; OUT/labels.dseg.tsv and OUT/labels.lut.txt give their names and colors.

Writes into OUT: a label map for each image (PNG, or NIfTI for volumes), volumes.csv with pixels, mm³ and ml of each label, and \
predictions.json. An image that cannot be read is reported, the others go on, and the exit code is 1. Interrupted, the same \
command goes on where it was.

${factorHelp} A budget picks factor, width and resolution: of the settings that meet all limits the most accurate, with --dice alone \
the cheapest. Where none does, the error says which limit fails by how much, and what comes nearest. --dice with another budget goes \
through the cascade of a model that has one: see --cascade.`,
  examples: `
Examples:
  $ sshn predict runs/cells photo.png -o out
  $ sshn predict cells photo.png -o out     # a small model that is included, trained on generated blood smears
  $ sshn predict runs/cells images/ -o out --gflops 0.5 --overlays
  $ sshn predict runs/cells images/ -o out --width 0.5 --input-resolution 0.75     # of a model with these knobs
  $ sshn predict runs/brains "scans/*.nii.gz" -o out --milliseconds 200 --largest-component
  $ sshn predict runs/brains series/ -o out --format dicom     # a DICOM segmentation, for a PACS
  $ sshn predict runs/cells images/ -o out --runtime onnxruntime     # native speed, after: npm install onnxruntime-node
  $ sshn predict runs/brains scans/ -o out --processes 4 --threads 2     # four at a time, each on two cores
  $ sshn predict runs/cells images/ -o out --uncertainty     # also maps of where it is unsure, and predicted Dice
  $ sshn predict runs/cells images/ -o out --dice 0.93 --milliseconds 50     # cheap first, more where it is needed
  $ sshn predict runs/cells test/images -o out --labels test/labels    # also Dice against known labels`,
};

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
      '--labels <path>',
      'known label map of the image, or a folder of label maps with the names of the images: Dice is computed',
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
  addSettingOptions(command);
  const flag = (heading: string, name: string, text: string) =>
    command.addOption(grouped(heading, new Option(name, text)));
  const quality = 'Prediction';
  flag(
    quality,
    '--uncertainty',
    'also write how unsure each pixel is, and predict the Dice: runs the settings that sshn pareto chose for that, as far as a budget allows',
  );
  flag(
    quality,
    '--cascade',
    'run those settings one after the other until the Dice predicted for the image reaches --dice, as long as the other budgets allow; each tile and each slice goes as far as it needs by itself (default: with --dice and another budget, where the model has such settings and the budget allows one)',
  );
  flag(quality, '--no-cascade', 'one setting for all images');
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
  command.addOption(
    new Option(
      '--processes <count>',
      'processes that predict, each an image at a time (default: one per core where there are many images)',
    ).argParser(readerOf({ kind: 'number', integer: true, least: 1, most: 64 })),
  );
  addComputingOptions(command).addHelpText('after', predictHelp.examples);
  command.action(async (model: string, paths: string[], flags: PredictFlags) => {
    if (flags.out === '') command.error("error: option '-o, --out <folder>' is empty: name a folder");
    requireOneChoice(command, flags);
    requireCascade(command, flags);
    finish(await runPredict(model, paths, flags));
  });
}

/** Ends the program where flags do not go with --uncertainty or --cascade. */
function requireCascade(command: Command, flags: PredictFlags): void {
  if (flags.cascade === true && flags.dice === undefined)
    command.error('error: --cascade needs --dice: the Dice that an image is to reach');
  const word = flags.cascade === true ? '--cascade' : '--uncertainty';
  if (flags.cascade !== true && flags.uncertainty !== true) return;
  for (const [name, flag] of [
    ['factor', '--factor'],
    ['width', '--width'],
    ['inputResolution', '--input-resolution'],
    ['flips', '--flips'],
  ] as const) {
    if (flags[name] !== undefined)
      command.error(`error: ${word} takes the settings that sshn pareto chose: leave out ${flag}, or it`);
  }
}
