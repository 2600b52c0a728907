import { readFile } from 'node:fs/promises';
import type { Factor } from '@sshn/core';
import { type NamedSetting, settingKey } from '@sshn/model';
import { writeFileAtomic } from '@sshn/model/node';
import type { FactorResult } from '@sshn/training';
import { z } from 'zod';

/** Where results are kept, and of what. */
export interface KeptIn<At extends Factor> {
  readonly path: string;
  /** What they hold for: weights, data, split, machine. */
  readonly key: string;
  readonly schema: z.ZodType<FactorResult<At>>;
}

/**
 * Results of settings that were evaluated before, in a file: an interrupted sweep goes on, a finer one adds to a coarser.
 *
 * They are kept for one key: under another, the file is begun anew.
 */
export class KeptResults<At extends Factor> {
  readonly #results: Map<string, FactorResult<At>>;

  private constructor(
    readonly at: KeptIn<At>,
    results: readonly FactorResult<At>[],
  ) {
    this.#results = new Map(results.map((result) => [settingKey(result), result]));
  }

  /** Opens the file; one that is absent, damaged or of another key holds nothing. */
  static async open<At extends Factor>(at: KeptIn<At>): Promise<KeptResults<At>> {
    const text = await readFile(at.path, 'utf8').catch(() => '');
    return new KeptResults(at, resultsIn(text, at));
  }

  /** An empty file at its first `keep`, whatever is there now. */
  static empty<At extends Factor>(at: KeptIn<At>): KeptResults<At> {
    return new KeptResults(at, []);
  }

  get(place: NamedSetting<At>): FactorResult<At> | undefined {
    return this.#results.get(settingKey(place));
  }

  /** Adds results, on disk before it returns. @throws {FileError} if the file cannot be written. */
  async keep(results: readonly FactorResult<At>[]): Promise<void> {
    for (const result of results) this.#results.set(settingKey(result), result);
    const all = [...this.#results.values()].sort(comparePlaces);
    await writeFileAtomic(this.at.path, `${JSON.stringify({ key: this.at.key, results: all })}\n`);
  }
}

/** The order of settings: by the first factor, then by the next, then by width and resolution. */
function comparePlaces(a: NamedSetting, b: NamedSetting): number {
  const [first, second] = [a, b].map(({ factor, width = 1, resolution = 1 }) => [
    ...[factor].flat(),
    width,
    resolution,
  ]) as [number[], number[]];
  const place = first.findIndex((value, i) => value !== second[i]);
  return place === -1 ? 0 : first[place]! - second[place]!;
}

function resultsIn<At extends Factor>(text: string, { key, schema }: KeptIn<At>): FactorResult<At>[] {
  try {
    const file = z.object({ key: z.string(), results: z.array(schema) }).parse(JSON.parse(text));
    return file.key === key ? file.results : [];
  } catch {
    return [];
  }
}

/** What a network reaches at separate factors, one for each downsampling step. */
export type SeparateResult = FactorResult<readonly number[]>;

/** NaN (a Dice that is undefined) is null in JSON. */
const dice = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

/** A result as JSON holds it. */
export const resultSchema = z.object({
  factor: z.number(),
  width: z.number().exactOptional(),
  resolution: z.number().exactOptional(),
  dice,
  diceByLabel: z.record(z.string(), dice),
  undefinedCases: z.number(),
  diceBefore: dice.exactOptional(),
  foldedPercent: z.number().exactOptional(),
  gflops: z.number(),
  diceByImage: z.array(dice).exactOptional(),
  milliseconds: dice,
  millisecondsQuartiles: z.tuple([z.number(), z.number()]).exactOptional(),
}) satisfies z.ZodType<FactorResult>;

/** A result at separate factors, as JSON holds it. */
export const separateResultSchema = resultSchema.extend({
  factor: z.array(z.number()),
}) satisfies z.ZodType<SeparateResult>;
