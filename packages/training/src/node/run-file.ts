import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, FileError } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { fileProblem, writeFileAtomic } from '@sshn/model/node';
import { z } from 'zod';
import { parseRunConfig, type RunConfig } from '../config/run-config.js';

const code = z.strictObject({ value: z.string(), scheme: z.string(), meaning: z.string() });

const runFileSchema = z.strictObject({
  format: z.literal('sshn-run'),
  version: z.literal(1),
  config: z.unknown(),
  data: z.strictObject({ path: z.string(), layout: z.string() }),
  dataset: z.strictObject({
    name: z.string(),
    images: z.int().min(1),
    channels: z.int().min(1),
    size: z.array(z.int().min(1)),
    labelNames: z.array(z.string()).min(2),
  }),
  /** What label files call each label, where they do not number them 0, 1, 2, …, and the colors and codes of a table beside them. */
  labels: z
    .array(
      z.strictObject({
        value: z.int().min(0),
        color: z.tuple([z.int(), z.int(), z.int()]).exactOptional(),
        codes: z.strictObject({ type: code, category: code.exactOptional() }).exactOptional(),
      }),
    )
    .exactOptional(),
});

/** What identifies a run: run.json in its folder. */
export type RunFile = Omit<z.infer<typeof runFileSchema>, 'config'> & { readonly config: RunConfig };

/** What a run's network sees: its images, or pairs of them. */
export function spaceOf({ config, dataset }: Pick<RunFile, 'config' | 'dataset'>): RunFile['dataset'] {
  return config.task === 'registration' ? { ...dataset, channels: 2 * dataset.channels } : dataset;
}

/** Describes a new run. */
export function describeRun(config: RunConfig, data: RunFile['data'], dataset: Dataset): RunFile {
  const { name, ids, channels, size, labelNames, labelValues, labelColors, labelCodes } = dataset;
  const labels = labelNames.map((_, label): NonNullable<RunFile['labels']>[number] => {
    const [color, codes] = [labelColors?.[label], labelCodes?.[label]];
    return {
      value: labelValues?.[label] ?? label,
      ...(color === undefined ? {} : { color: [...color] }),
      ...(codes === undefined ? {} : { codes }),
    };
  });
  return {
    format: 'sshn-run',
    version: 1,
    config,
    data,
    dataset: { name, images: ids.length, channels, size: [...size], labelNames: [...labelNames] },
    ...((labelValues ?? labelColors ?? labelCodes) === undefined ? {} : { labels }),
  };
}

/** The text of a file; undefined if there is none. @throws {FileError} if it cannot be read. */
export async function textIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw fileProblem(path, error);
  });
}

/**
 * Reads run.json of a run folder; undefined if there is none.
 *
 * @throws {FileError} if the file is there and no run description.
 */
export async function readRunFile(folder: string): Promise<RunFile | undefined> {
  const path = join(folder, 'run.json');
  const text = await textIfThere(path);
  if (text === undefined) return undefined;
  const remedy = 'Train into another folder, or restore the file.';
  try {
    const file = runFileSchema.parse(JSON.parse(text));
    return { ...file, config: parseRunConfig(file.config, 'config') };
  } catch (cause) {
    const fault =
      cause instanceof z.ZodError
        ? z.prettifyError(cause)
        : cause instanceof ConfigError
          ? cause.message
          : undefined;
    const problem = fault === undefined ? 'is not JSON' : `is no description of a run (${fault})`;
    throw new FileError({ path, problem: problem.replaceAll(/\s*\n\s*/g, ' '), remedy, cause });
  }
}

/**
 * Makes a run folder, or checks that the one there is of the same run.
 *
 * @returns Whether it was there already.
 * @throws {FileError} if the folder holds a run of another configuration, data or dataset; names what differs.
 */
export async function claimRunFolder(folder: string, run: RunFile): Promise<boolean> {
  const there = await readRunFile(folder);
  if (there !== undefined) {
    // Runs of older releases do not keep what labels are in files.
    const { labels: _, ...unlabelled } = run;
    const differences = differingPaths(there, there.labels === undefined ? unlabelled : run);
    if (differences.length === 0) return true;
    throw new FileError({
      path: join(folder, 'run.json'),
      problem: `this folder holds a run with another ${differences.join(', ')}`,
      remedy: 'Train into another folder, or use the configuration that the run began with.',
    });
  }
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileProblem(folder, cause);
  });
  await writeFileAtomic(join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  return false;
}

/** Dotted paths at which two JSON values differ. */
function differingPaths(a: unknown, b: unknown, path = ''): string[] {
  if (isRecord(a) && isRecord(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return keys.flatMap((key) => differingPaths(a[key], b[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
