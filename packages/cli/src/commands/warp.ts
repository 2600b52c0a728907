import { FileError } from '@sshn/core';
import { coverageOf, type FieldMm, type Picture, requireCoverage, warpPicture } from '@sshn/predict';
import { readField, readLabelPicture, readPicture, requireOutput, writePicture } from '@sshn/predict/node';
import type { Command } from 'commander';
import { exitCodes } from '../program-help.js';
import { coverageWarning } from '../register/texts.js';
import { terminalOn } from '../terminal/terminal.js';
import { fieldText, frameOption } from './options.js';

const warpHelp = {
  description: `Move an image, or with --labels a label map, by a field of \`sshn register --field\`. The result lies on the grid of the \
field; a volume may have any grid of its own, as it is looked up by its place in the body.

${fieldText}`,
  examples: `
Examples:
  $ sshn warp t2.nii.gz --field field.nii.gz -o t2-moved.nii.gz
  $ sshn warp labels.nii.gz --labels --field field.nii.gz -o labels-moved.nii.gz`,
};

interface WarpFlags {
  readonly field: string;
  readonly out: string;
  readonly labels?: boolean;
  readonly nearest?: boolean;
  readonly frame?: number;
}

/** `sshn warp`: moves an image, or a label map, by a field that is there. */
export function addWarpCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('warp')
    .summary('move an image by a field of sshn register')
    .description(warpHelp.description)
    .argument('<moving>', 'image to be moved, of any grid')
    .requiredOption('--field <file>', 'the displacement field')
    .requiredOption('-o, --out <file>', 'the moved image, on the grid of the field')
    .option('--labels', 'a label map: the nearest voxel, and whole numbers only')
    .option('--nearest', 'the value of the nearest voxel, rather than linear interpolation')
    .addOption(frameOption('--frame', 'a moving image'))
    .addHelpText('after', warpHelp.examples)
    .action(async (moving: string, flags: WarpFlags) => finish(await warp(moving, flags)));
}

async function warp(
  path: string,
  { field: fieldPath, out, labels, nearest, frame }: WarpFlags,
): Promise<number> {
  const onWarning = (warning: string) => terminalOn(process.stderr).line(`warning: ${warning}`);
  const chosen = frame === undefined ? {} : { frame };
  const picture = await (labels
    ? readLabelPicture(path, chosen)
    : readPicture(path, { onWarning, ...chosen }));
  requireOutput(out, picture.format);
  const field = await readField(fieldPath);
  if (picture.format === 'raster') requireSize(picture, field, fieldPath);
  const coverage = coverageOf(picture, field.grid, field.displacementMm);
  requireCoverage(picture, `the field ${fieldPath}`, coverage);
  await writePicture(out, warpPicture(picture, field, labels || nearest ? 'nearest' : 'linear'));
  const warning = coverageWarning(path, coverage, 'of the field');
  if (warning !== undefined) terminalOn(process.stderr).line(warning);
  return exitCodes.ok;
}

/** Raster images have no place in space but their pixels. */
function requireSize({ path, channels }: Picture, { grid }: FieldMm, fieldPath: string): void {
  const [image, wanted] = [channels[0].shape, grid.shape];
  if (image.join() === wanted.join()) return;
  throw new FileError({
    path,
    problem: `has ${image.slice(1).join('×')} pixels, and the field ${fieldPath} has ${wanted.join('×')}`,
    remedy: 'Scale the image to the size of the field, or register it anew with --resample.',
  });
}
