import { FileError } from '@sshn/core';
import { z } from 'zod';

const names = z.array(z.string().min(1));

/** Lists of ids. */
const ownFile = z.strictObject({
  train: names,
  validation: names.optional(),
  val: names.optional(),
  test: names.optional(),
});

/** `splits_final.json` of nnU-Net: a training and a validation list for each fold. */
const foldsFile = z.array(z.strictObject({ train: names, val: names })).min(1);

const pair = z.looseObject({ image: z.union([z.string().min(1), names.min(1)]) });

/** `dataset.json` of the Medical Segmentation Decathlon; test images have no labels there. */
const decathlonFile = z.looseObject({
  training: z.array(pair),
  validation: z.array(pair).optional(),
  test: z.array(z.union([z.string().min(1), pair])).optional(),
});

/** A list of the file, before its names are looked up. */
export interface Part {
  readonly key: string;
  readonly names: readonly string[];
}

/** What a file says, whichever format it is in. */
export interface Listed {
  readonly train: Part;
  /** Undefined: drawn from the training images. */
  readonly validation: Part | undefined;
  readonly test: Part;
  /** Images without labels, which may be missing. */
  readonly unlabeled: readonly string[];
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new FileError({
      path,
      problem: 'is not JSON',
      remedy: `Give a file such as ${example}.`,
      cause,
    });
  }
}

const example = '{ "train": ["a", "b"], "validation": ["c"], "test": ["d"] }';

/** What a split file lists. @throws {FileError} if it is in none of the formats, or a fold is missing or superfluous. */
export function listedIn(text: string, path: string, fold: number | undefined): Listed {
  const value = parsed(text, path);
  if (Array.isArray(value)) return ofFolds(checked(foldsFile, value, path), path, fold);
  if (fold !== undefined) {
    throw new FileError({
      path,
      problem: `has no folds, and fold ${fold} is asked for`,
      remedy: "Leave out --fold, or give nnU-Net's splits_final.json.",
    });
  }
  const isDecathlon = typeof value === 'object' && value !== null && Object.hasOwn(value, 'training');
  if (isDecathlon) return ofDecathlon(checked(decathlonFile, value, path));
  const { train, validation, val, test = [] } = checked(ownFile, value, path);
  if (validation !== undefined && val !== undefined) {
    throw new FileError({
      path,
      problem: 'has both validation and val',
      remedy: 'Put all of them in validation.',
    });
  }
  const key = val === undefined ? 'validation' : 'val';
  const validating = validation ?? val;
  return {
    train: { key: 'train', names: train },
    validation: validating === undefined ? undefined : { key, names: validating },
    test: { key: 'test', names: test },
    unlabeled: [],
  };
}

function ofFolds(folds: z.infer<typeof foldsFile>, path: string, fold: number | undefined): Listed {
  const one = folds[(fold ?? 1) - 1];
  if (one === undefined || (fold === undefined && folds.length > 1)) {
    throw new FileError({
      path,
      problem: `holds ${folds.length} fold${folds.length === 1 ? '' : 's'}${fold === undefined ? '' : `, and fold ${fold} is asked for`}`,
      remedy: `Choose one with --fold, from 1 to ${folds.length}; nnU-Net counts them from 0.`,
    });
  }
  return {
    train: { key: 'train', names: one.train },
    validation: { key: 'val', names: one.val },
    test: { key: 'test', names: [] },
    unlabeled: [],
  };
}

function ofDecathlon({ training, validation, test = [] }: z.infer<typeof decathlonFile>): Listed {
  // Of several channels, the first file names the image.
  const nameOf = ({ image }: z.infer<typeof pair>) => (typeof image === 'string' ? image : image[0]!);
  return {
    train: { key: 'training', names: training.map(nameOf) },
    validation: validation === undefined ? undefined : { key: 'validation', names: validation.map(nameOf) },
    test: { key: 'test', names: test.flatMap((one) => (typeof one === 'string' ? [] : [nameOf(one)])) },
    unlabeled: test.filter((one) => typeof one === 'string'),
  };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.map(String).join('.').slice(0, 100);
  throw new FileError({
    path,
    problem: `does not list which images are in which part (${place ? `${place}: ` : ''}${issue?.message.slice(0, 200)})`,
    remedy: `Give ${example}, nnU-Net's splits_final.json, or the Decathlon's dataset.json.`,
    cause: result.error,
  });
}
