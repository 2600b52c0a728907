import { ConfigError, describeFaults, FileError } from '@sshn/core';
import {
  decodeSafetensors,
  encodeSafetensors,
  rawTensors,
  requireChecksum,
  tensorsFromRaw,
  withChecksum,
} from '@sshn/model';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Progress } from './progress.js';

/** All that a run needs to go on exactly where it was. */
export interface TrainerState {
  /** Weights by path. */
  readonly params: ReadonlyMap<string, Tensor>;
  /** The optimizer's state by name: `SLOT.PATH`. */
  readonly optimizer: ReadonlyMap<string, Tensor>;
  readonly progress: Progress;
}

/** The key in the metadata under which the progress stands, as JSON. */
const progressKey = 'sshn-checkpoint';

/** The first part of a tensor's name says what it belongs to. */
const prefixes = { params: 'params/', optimizer: 'optimizer/' } as const;

const remedy = 'Resume from another checkpoint of the run.';

const word32 = z.int().min(0).max(0xffffffff);

/** Progress as a file has it. */
const progressSchema = z.strictObject({
  version: z.literal(1),
  step: z.int().min(0),
  epoch: z.int().min(0),
  generator: z.tuple([word32, word32, word32, word32]),
  /** Tells whether a checkpoint belongs to a run. */
  configHash: z.string().min(1),
  /** The score of `trainer.best`, null before the first. */
  bestMetric: z.number().nullable(),
  trainer: z.strictObject({
    batch: z.int().min(0),
    lossSum: z.number(),
    best: z.strictObject({ dice: z.number(), epoch: z.int().min(0) }).nullable(),
    validationsWithoutProgress: z.int().min(0),
  }),
});

/** A checkpoint as it is read. */
export interface Checkpoint {
  /** The caller owns its tensors. */
  readonly state: TrainerState;
  /** What `encodeCheckpoint` was given. */
  readonly configHash: string;
}

/**
 * A checkpoint as the bytes of a safetensors file: weights under `params/PATH`, the optimizer's state under
 * `optimizer/NAME`, progress in the metadata. Floats keep every bit.
 *
 * @param configHash Identifies the run that it belongs to.
 * @throws {ConfigError} if the progress does not fit its schema.
 * @throws {ValueError} if a tensor is not float32, or holds NaN or infinity.
 */
export async function encodeCheckpoint(
  { params, optimizer, progress }: TrainerState,
  configHash: string,
): Promise<Uint8Array> {
  const { step, epoch, generator, ...trainer } = progress;
  const bestMetric = trainer.best?.dice ?? null;
  const text = { version: 1, step, epoch, generator, configHash, bestMetric, trainer };
  const result = progressSchema.safeParse(text);
  if (!result.success) throw new ConfigError('encodeCheckpoint: progress', result.error.issues);
  const tensors = new Map([
    ...(await rawTensors(params, { prefix: prefixes.params })),
    ...(await rawTensors(optimizer, { prefix: prefixes.optimizer })),
  ]);
  const metadata = { [progressKey]: JSON.stringify(result.data) };
  return encodeSafetensors(withChecksum({ tensors, metadata }));
}

/**
 * Reads what `encodeCheckpoint` wrote.
 *
 * @param source What the file is called in errors.
 * @throws {FileError} if the bytes are no valid safetensors file, or no checkpoint.
 */
export function decodeCheckpoint(bytes: Uint8Array, source = 'checkpoint'): Checkpoint {
  const file = decodeSafetensors(bytes, source);
  const { tensors: raw, metadata } = file;
  const { step, epoch, generator, configHash, trainer } = readProgress(metadata[progressKey], source);
  requireChecksum(file, source);
  const stray = [...raw.keys()].find((name) => groupOf(name) === undefined);
  if (stray !== undefined) {
    throw new FileError({
      path: source,
      problem: `tensor '${stray}' is neither under ${prefixes.params} nor under ${prefixes.optimizer}`,
      remedy,
    });
  }
  const tensors = [...tensorsFromRaw(raw, source)];
  const under = (group: keyof typeof prefixes) =>
    new Map(
      tensors
        .filter(([name]) => groupOf(name) === group)
        .map(([name, tensor]) => [name.slice(prefixes[group].length), tensor]),
    );
  const state = {
    params: under('params'),
    optimizer: under('optimizer'),
    progress: { step, epoch, generator, ...trainer },
  };
  return { state, configHash };
}

function groupOf(name: string): keyof typeof prefixes | undefined {
  return (['params', 'optimizer'] as const).find((group) => name.startsWith(prefixes[group]));
}

function readProgress(text: string | undefined, source: string): z.infer<typeof progressSchema> {
  if (text === undefined) {
    throw new FileError({
      path: source,
      problem: `not a checkpoint: its metadata has no '${progressKey}'`,
      remedy,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileError({ path: source, problem: `its '${progressKey}' is not JSON`, remedy, cause });
  }
  const result = progressSchema.safeParse(value);
  if (result.success) return result.data;
  throw new FileError({
    path: source,
    problem: `its progress does not fit the schema: ${describeFaults(result.error.issues)}`,
    remedy,
  });
}
