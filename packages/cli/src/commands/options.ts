import type { OptionType } from '@sshn/core';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseWord, WordError } from '../config/values.js';
import { backendChoices } from '../process/backend.js';
import { parseBytes } from '../run/memory.js';

/** Makes a reader of texts one for commander: what it refuses becomes a fault of the command line (exit code 2). */
export function argument<Value>(read: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      if (error instanceof WordError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

/** A reader of one value of a type. */
export function readerOf(type: OptionType): (text: string) => unknown {
  return argument((text) => parseWord({ type, nullable: false }, text));
}

/** A rescaling factor, or a list of them. */
export const factorType = { kind: 'number', least: 0, most: 1 } as const;
export const knobType = { kind: 'number', above: 0, most: 1 } as const;
export const factorsType = { kind: 'list', item: factorType, least: 1, most: 1024, orSingle: false } as const;

/** A step between factors, and a count that may be 0. */
export const stepType = { kind: 'number', above: 0, most: 1 } as const;
/** A distance. */
export const toleranceType = { kind: 'number', least: 0 } as const;
/** Values of each separate factor of a grid. */
export const gridType = { kind: 'number', integer: true, least: 2, most: 101 } as const;
/** Settings of a search: the first grid at least. */
export const settingsType = { kind: 'number', integer: true, least: 36, most: 10_000 } as const;
export const countType = { kind: 'number', integer: true, least: 0 } as const;

/** An option under a heading of `--help`. */
export function grouped(heading: string, option: Option): Option {
  return option.helpGroup(`${heading}:`);
}

/** `--frame`, for the commands that read images which may hold several volumes. */
export function frameOption(flag: string, of: string): Option {
  const text = `which volume of ${of} that holds several (time points, echoes; a page of a TIFF stack), from 0`;
  return new Option(`${flag} <index>`, text).argParser(readerOf(countType));
}

/** `--split`, for the commands that evaluate. */
export function addSplitOption(command: Command): Command {
  const option = new Option('--split <part>', 'which images: train, validation or test');
  return command.addOption(option.choices(['train', 'validation', 'test']).default('test'));
}

/** `--backend` and `--threads`, for all commands that compute: what of the machine they take. */
export function addComputingOptions(command: Command): Command {
  const backend = new Option(
    '--backend <name>',
    'what computes: wasm (the processor), webgpu (the GPU; needs `npm install webgpu @tensorflow/tfjs-backend-webgpu`), or auto, the faster of the two',
  );
  command.addOption(backend.choices(backendChoices).default('wasm'));
  const option = new Option(
    '--threads <number>',
    'threads of wasm that compute at once (default: one per core, 8 at most)',
  );
  return command.addOption(option.argParser(readerOf({ kind: 'number', integer: true, least: 1, most: 64 })));
}

/**
 * `--memory` and `--cache`, for the commands that go through the images of a run again and again.
 *
 * @param usualCache Where images are kept unless `--cache` says.
 */
export function addMemoryOptions(command: Command, usualCache = 'images/ in the run folder'): Command {
  const memory = new Option(
    '--memory <size>',
    'how much of prepared images may stay in memory, such as 4GB or 512MB; more is kept on disk (default: a quarter of the machine)',
  );
  command.addOption(memory.argParser(argument(parseBytes)));
  return command.option(
    '--cache <folder>',
    `where images are kept that do not fit into memory; runs may share it (default: ${usualCache})`,
  );
}

/** What `addSplitOption` gives. */
export type SplitName = 'train' | 'validation' | 'test';

/** What a field file holds, said once for both commands. */
export const fieldText = `The field is a NIfTI vector image (intent 1007; shape x, y, z, 1, 3) on the grid of the fixed image. For each of its \
voxels it holds where the moving image is looked up: the displacement in mm toward the right, the front and the top (RAS, \
as NIfTI's own axes), added to the place of the voxel. ITK and ANTs count x and y the other way (LPS): negate the first two \
components for them. Of PNG images, millimeters are pixels: x to the right, y down, z is 0.`;
