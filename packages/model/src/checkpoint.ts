import { FileError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { describeFaults, SchemaError } from './manifest/faults.js';
import type { Json } from './manifest/schema.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  rawTensors,
  tensorsFromRaw,
} from './safetensors/safetensors.js';

/** The key in the metadata under which the progress stands, as JSON. */
const progressKey = 'sshn-checkpoint';

/** The first part of a tensor's name says what it belongs to. */
const prefixes = { params: 'params/', optimizer: 'optimizer/' };

const remedy = 'Resume from another checkpoint of the run.';

const word32 = z.int().min(0).max(0xffffffff);

const progressSchema = z.strictObject({
  version: z.literal(1),
  /** Updates done. */
  step: z.int().min(0),
  /** Passes over the training data done. */
  epoch: z.int().min(0),
  /** `Rng.state()`. */
  generator: z.tuple([word32, word32, word32, word32]).readonly(),
  /** Tells whether a checkpoint belongs to a configuration. */
  configHash: z.string().min(1),
  /** Of the best validation so far; null before the first. */
  bestMetric: z.number().nullable(),
  /** Whatever else a trainer needs to go on. */
  trainer: z.record(z.string(), z.json()),
});

/** Where training stood. */
export type Progress = Readonly<Omit<z.infer<typeof progressSchema>, 'version' | 'trainer'>> & {
  readonly trainer: Readonly<Record<string, Json>>;
};

/** All that training needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Weights by path. */
  readonly params: ReadonlyMap<string, Tensor>;
  /** The optimizer's state by name. */
  readonly optimizer: ReadonlyMap<string, Tensor>;
  readonly progress: Progress;
}

/** A checkpoint, as it is loaded: the caller owns the tensors. */
export interface LoadedCheckpoint extends Checkpoint {
  readonly params: Map<string, Tensor>;
  readonly optimizer: Map<string, Tensor>;
}

/**
 * A checkpoint as the bytes of a safetensors file: weights under `params/PATH`, the optimizer's state under
 * `optimizer/NAME`, progress in the metadata. Floats keep every bit.
 *
 * @throws {SchemaError} if the progress does not fit its schema.
 * @throws {ValueError} if a tensor is not float32.
 * @example
 * await writeFileAtomic('last.safetensors', await encodeCheckpoint({ params, optimizer: state, progress }));
 */
export async function encodeCheckpoint({ params, optimizer, progress }: Checkpoint): Promise<Uint8Array> {
  const result = progressSchema.safeParse({ version: 1, ...progress });
  if (!result.success) throw new SchemaError('encodeCheckpoint: progress', result.error);
  const tensors = new Map([
    ...(await rawTensors(params, prefixes.params)),
    ...(await rawTensors(optimizer, prefixes.optimizer)),
  ]);
  return encodeSafetensors({ tensors, metadata: { [progressKey]: JSON.stringify(result.data) } });
}

/**
 * Reads what `encodeCheckpoint` wrote.
 *
 * @param source What the file is called in errors.
 * @throws {FileError} if the bytes are no valid safetensors file, or no checkpoint.
 */
export function decodeCheckpoint(bytes: Uint8Array, source = 'checkpoint'): LoadedCheckpoint {
  const { tensors: raw, metadata } = decodeSafetensors(bytes, source);
  const { version: _, ...progress } = readProgress(metadata[progressKey], source);
  const stray = [...raw.keys()].find((name) => !(groupOf(name) in prefixes));
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
  return { params: under('params'), optimizer: under('optimizer'), progress };
}

function groupOf(name: string): string {
  return name.slice(0, Math.max(name.indexOf('/'), 0));
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
    problem: `its progress does not fit the schema: ${describeFaults(result.error)}`,
    remedy,
  });
}
