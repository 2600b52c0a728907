import { SshnError } from '@sshn/core';
import { z } from 'zod';
import { registrationConfigSchema } from '../registration/config.js';
import { architectureConfigSchema } from './architecture-config.js';
import { dataConfigSchema } from './data-config.js';
import { lossConfigSchema } from './loss-config.js';
import { taskFaults, usualCrossEntropyShare } from './task-faults.js';

const positiveInteger = z.int().min(1);
const factor = z.number().min(0).max(1);

const prior = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('constant'),
      /** A list has one for each downsampling step. */
      factor: z.union([factor, z.array(factor).min(1)]),
    }),
    z
      .strictObject({
        kind: z.literal('uniform'),
        low: factor,
        high: factor,
        /** Share of the draws that are `low` or `high` themselves. */
        endpoints: factor.exactOptional(),
      })
      .refine(({ low, high }) => low <= high, { path: ['high'], message: 'is below low' }),
  ])
  .describe('Where the rescaling factor of each training step comes from');

const hypernetwork = z.strictObject({
  hidden: z.array(positiveInteger).default([10, 100]).describe('Widths of the hidden layers'),
  encoding: z.enum(['linear', 'circular']).default('linear').describe('[φ, 1 − φ] or [cos, sin]'),
  form: z
    .enum(['direct', 'residual'])
    .default('residual')
    .describe('Predict weights, or what is added to shared ones'),
  residualScale: z.number().positive().default(0.1).describe('Size of predictions beside the shared weights'),
});

const optimizer = z.strictObject({
  kind: z.enum(['adam', 'adamW', 'sgd']).default('adam').describe('Optimizer'),
  learningRate: z.number().positive().default(2e-3).describe('Peak learning rate'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('Decay of the first moment (momentum for sgd)'),
  beta2: z.number().min(0).lt(1).default(0.99).describe('Decay of the second moment'),
  weightDecay: z.number().min(0).default(0).describe('Decoupled weight decay (adamW)'),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .default(1)
    .describe('Largest global gradient norm; null for no clipping'),
  schedule: z.enum(['constant', 'cosine']).default('cosine').describe('Course of the learning rate'),
  warmUpSteps: z.int().min(0).default(100).describe('Steps until the peak learning rate is reached'),
});

const augmentation = z
  .strictObject({
    flip: z
      .array(z.enum(['depth', 'height', 'width']))
      .exactOptional()
      .describe('Axes mirrored half of the time'),
    rotationDegrees: z.number().min(0).exactOptional().describe('Largest rotation in the plane'),
    scale: z.number().min(0).exactOptional().describe('Largest relative magnification'),
    elastic: z
      .strictObject({ strength: z.number().min(0), spacing: z.number().positive() })
      .exactOptional()
      .describe('Smooth displacements: standard deviation and distance of control points, in pixels'),
    gamma: z
      .number()
      .min(0)
      .exactOptional()
      .describe('Largest relative change of the exponent of intensities'),
    noise: z.number().min(0).exactOptional().describe('Largest standard deviation of added noise'),
  })
  .describe('Changes of image and labels together, drawn anew in every epoch');

const intensity = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('minMax') }),
    z.strictObject({ kind: z.literal('zScore') }),
    z.strictObject({
      kind: z.literal('percentile'),
      low: z.number().min(0).max(100),
      high: z.number().min(0).max(100),
      within: z.literal('foreground').exactOptional(),
    }),
    z.strictObject({ kind: z.literal('window'), low: z.number(), high: z.number() }),
  ])
  .describe('How intensities are normalized, image by image');

/** Everything that determines a training run, besides the data and the version of the code. */
export const runConfigSchema = z
  .strictObject({
    task: z.enum(['segmentation', 'registration']).default('segmentation').describe('What is learned'),
    method: z.enum(['fixed', 'stochastic', 'film', 'sshn']).default('sshn').describe('Training method'),
    prior: prior.optional(),
    rescaling: z
      .enum(['common', 'separate'])
      .default('common')
      .describe('One factor common to all downsampling steps, or a separate one for each'),
    architecture: architectureConfigSchema.prefault({}),
    hypernetwork: hypernetwork.prefault({}),
    registration: registrationConfigSchema.prefault({}),
    size: z
      .array(positiveInteger)
      .min(2)
      .max(3)
      .optional()
      .describe('Size that images are resized to, in pixels'),
    data: dataConfigSchema.exactOptional(),
    intensity: intensity.default({ kind: 'none' }),
    seed: z.int().min(0).default(1).describe('Seed of the split, the weights, the batches and the factors'),
    batchSize: positiveInteger.default(4).describe('Images per step'),
    epochs: positiveInteger.default(100).describe('Passes over the training images'),
    crossEntropyShare: factor
      .default(usualCrossEntropyShare)
      .describe('Share of the epochs trained with cross-entropy, before the loss'),
    loss: lossConfigSchema.prefault({}),
    optimizer: optimizer.prefault({}),
    augmentation: augmentation.prefault({}),
    validation: z
      .strictObject({
        every: positiveInteger.default(1).describe('Epochs between validations'),
        factors: z
          .array(factor)
          .min(1)
          .optional()
          .describe('Factors that are validated; their mean Dice picks the best'),
        patience: positiveInteger
          .nullable()
          .default(null)
          .describe('Validations without progress until it stops; null for never'),
      })
      .prefault({}),
  })
  .refine(({ method, prior }) => method !== 'fixed' || prior?.kind !== 'uniform', {
    path: ['prior'],
    message: "method 'fixed' trains at one factor: give { kind: 'constant', factor }",
  })
  .refine(
    ({ prior, rescaling }) =>
      rescaling === 'separate' || prior?.kind !== 'constant' || typeof prior.factor === 'number',
    { path: ['prior', 'factor'], message: "several factors need rescaling: 'separate'" },
  )
  .superRefine((config, context) => {
    for (const { path, message } of taskFaults(config)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

/** A complete configuration. */
export type RunConfig = z.infer<typeof runConfigSchema>;

/** What a user writes: every word may be left out. */
export type RunConfigInput = z.input<typeof runConfigSchema>;

/** A configuration with a wrong key or value; lists every fault with its path. */
export class ConfigError extends SshnError {
  override readonly name = 'ConfigError';

  constructor(
    source: string,
    readonly faults: ReadonlyArray<{ readonly path: string; readonly message: string }>,
  ) {
    super(
      `${source}: ${faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')}.`,
    );
  }
}

/**
 * Checks a configuration and fills in defaults.
 *
 * @param source Where it came from, for errors: a file's name, or 'flags'.
 * @throws {ConfigError} listing every wrong key and value.
 */
export function parseRunConfig(input: unknown, source: string): RunConfig {
  const result = runConfigSchema.safeParse(input);
  if (result.success) return result.data;
  throw new ConfigError(
    source,
    result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  );
}
