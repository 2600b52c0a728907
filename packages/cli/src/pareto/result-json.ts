import type { FactorResult } from '@sshn/training';
import { z } from 'zod';

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
  dice,
  diceByLabel: z.record(z.string(), dice),
  undefinedCases: z.number(),
  diceBefore: dice.exactOptional(),
  foldedPercent: z.number().exactOptional(),
  gflops: z.number(),
  milliseconds: z.number(),
}) satisfies z.ZodType<FactorResult>;

/** A result at separate factors, as JSON holds it. */
export const separateResultSchema = resultSchema.extend({
  factor: z.array(z.number()),
}) satisfies z.ZodType<SeparateResult>;
