import type { LabelAmount } from '@sshn/predict';
import { z } from 'zod';
import { predictSettings, registerSettings } from './request.js';
import type { ModelEntry } from './settings.js';

const factor = z.number().min(0).max(1);
const share = z.number().gt(0).max(1);
const label = z.object({
  value: z.int().min(0),
  name: z.string(),
  color: z.array(z.int()).describe('Red, green, blue, 0 to 255.'),
});
/** Of a point: what is not there is 1. */
const setting = {
  factor: z.union([factor, z.array(factor)]),
  width: share.optional(),
  resolution: share.optional(),
};
const point = z.object({
  ...setting,
  dice: z.number().nullable().describe('Mean foreground Dice; null where nobody evaluated.'),
  gflops: z.number().nullable().describe('10⁹ FLOPs of one image.'),
  milliseconds: z.number().nullable().describe('Of one image; null where nobody measured.'),
  mebibytes: z.number().nullable().optional().describe('Of the weights and what is computed for one image.'),
});
const model = z.object({
  name: z.string(),
  task: z.enum(['segmentation', 'registration']),
  labels: z.array(label),
  input: z.object({
    kind: z.enum(['raster', 'volume']),
    size: z
      .array(z.int())
      .describe('Of training; images of other sizes are resized to it, and their labels back.'),
    channels: z.int(),
  }),
  factors: z.object({ low: factor, high: factor }).describe('The range of training.'),
  steps: z.array(z.object(setting)).describe('What the service goes through to hold its latency target.'),
});
const pareto = z.object({
  model: z.string(),
  points: z.array(point).describe("The model's own table."),
  measured: z
    .array(point)
    .describe(
      'The same with milliseconds of this machine, measured after the service began; empty until all are.',
    ),
  cascade: z
    .array(point)
    .describe(
      'What uncertainty and cascade run, with what an answer of each costs, all before it counted in; empty where the model has none.',
    ),
});
const amount = label.extend({
  voxels: z.int().describe('Pixels of raster images.'),
  mm3: z.number().nullable(),
  ml: z.number().nullable(),
  predictedDice: z
    .object({ dice: z.number(), error: z.number() })
    .nullable()
    .optional()
    .describe('With uncertainty or cascade, not of the background; null where the label does not occur.'),
});
/** What answers of both tasks say. */
const answered = {
  model: z.string(),
  factor: z.array(factor).describe('That was used: one, or one for each downsampling step.'),
  width: share.describe('Share of the features of every stage that was used.'),
  resolution: share.describe("Share of the images' size that the network saw."),
  reason: z.string().describe('Why this setting, and whether the model was trained for less.'),
  shape: z.array(z.int()).describe('Depth, height, width; raster images are one deep.'),
  notes: z.array(z.string()).describe('Where the image is unlike those of training.'),
  milliseconds: z.object({ queue: z.number(), predict: z.number() }),
};
const prediction = z.object({
  ...answered,
  labels: z.array(amount),
  predictedDice: z
    .object({ mean: z.number().nullable(), error: z.number() })
    .optional()
    .describe('With uncertainty or cascade: over the labels that occur, and how far off that is on average.'),
  spent: z
    .object({
      settings: z.int(),
      of: z.int(),
      answered: z
        .array(z.int())
        .describe(
          'How many tiles or slices each setting gave the answer of; of an image in one piece a single 1.',
        ),
      gflops: z.number(),
      milliseconds: z.number(),
    })
    .optional()
    .describe('Likewise: how many settings were run, of how many, and what they took together.'),
});
const registration = z.object({
  ...answered,
  figures: z.object({
    unlikeBefore: z.number().describe('The loss by the similarity of training; smaller is more alike.'),
    unlikeAfter: z.number(),
    foldedPercent: z.number().describe('Of the pixels or voxels.'),
    longestMm: z.number().describe('The longest displacement, of raster images in pixels.'),
  }),
});
const problem = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
  .describe('RFC 9457.');
/** Of a request with a budget; without one the members of `problem` alone. */
const refusal = problem.extend({
  budget: z
    .object({
      gflops: z.number().optional(),
      milliseconds: z.number().optional(),
      mebibytes: z.number().optional(),
      dice: z.number().optional(),
    })
    .optional()
    .describe('That no setting meets: the limits of the request.'),
  limit: z
    .enum(['gflops', 'milliseconds', 'mebibytes', 'dice'])
    .optional()
    .describe('Likewise: the first that no setting keeps, or none together with those before it.'),
  by: z
    .number()
    .nullable()
    .optional()
    .describe(
      'How much more the nearest setting costs, or how much less Dice it has; null where no setting is known to have all.',
    ),
  nearest: point.optional().describe('The setting that comes nearest to the limit.'),
});
const readiness = z.object({
  status: z.enum(['ready', 'degraded', 'starting', 'ending']),
  workers: z.object({ ready: z.int(), total: z.int() }),
  queued: z.int(),
});

/** A schema as JSON, without what OpenAPI has elsewhere. */
function json(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return rest;
}

const binary = { type: 'string', format: 'binary' };
const file = { schema: binary };
const problems = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: 'A problem',
        content: { 'application/problem+json': { schema: json(status === 422 ? refusal : problem) } },
      },
    ]),
  );
const answer = (schema: z.ZodType) => ({
  200: { description: 'OK', content: { 'application/json': { schema: json(schema) } } },
});
const security = [{ bearer: [] }, { key: [] }];
const named = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
const ofPredict = json(predictSettings);
const ofRegister = json(registerSettings);
const { model: modelSetting } = ofPredict.properties as Record<string, object>;

/** Of each route, for its documentation at /openapi.json and for writing answers. */
export const schemas = {
  predict: {
    summary: 'Segment an image',
    description:
      'PNG, JPEG, TIFF, BMP, NIfTI, NRRD, npz or DICOM, known by its content: the body itself, or in a form one file or all files of a DICOM series. Settings come in the query or as fields of the form. The answer is on the grid of the image; x-sshn-factor, x-sshn-width and x-sshn-resolution say what was used, x-sshn-predicted-dice what Dice is expected where it was asked for.',
    security,
    querystring: { ...ofPredict, required: [] },
    body: {
      content: {
        'application/octet-stream': file,
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: { image: { type: 'array', items: binary }, ...ofPredict.properties! },
            required: ['image'],
          },
        },
      },
    },
    response: {
      200: {
        description: 'The label map, or amounts of each label',
        content: {
          'image/png': file,
          'application/gzip': file,
          'application/octet-stream': file,
          'application/dicom': file,
          'application/json': { schema: json(prediction) },
          'multipart/form-data': {
            schema: {
              type: 'object',
              properties: { labels: binary, uncertainty: binary, answer: json(prediction) },
              required: ['labels', 'answer'],
            },
          },
        },
      },
      ...problems(400, 401, 404, 413, 422, 500, 503, 504),
    },
  },
  register: {
    summary: 'Align a moving image with a fixed one',
    description:
      'A form with both images in the fields "moving" and "fixed": one file each, or all files of a DICOM series; formats as in /predict. The answer is on the grid of the fixed image.',
    security,
    querystring: { ...ofRegister, required: [] },
    body: {
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: {
              moving: { type: 'array', items: binary },
              fixed: { type: 'array', items: binary },
              ...ofRegister.properties!,
            },
            required: ['moving', 'fixed'],
          },
        },
      },
    },
    response: {
      200: {
        description: 'The moved image, the displacement field, or figures',
        content: {
          'image/png': file,
          'application/gzip': file,
          'application/json': { schema: json(registration) },
        },
      },
      ...problems(400, 401, 404, 413, 422, 500, 503, 504),
    },
  },
  models: {
    summary: 'What is served',
    security,
    response: { ...answer(z.array(model)), ...problems(401) },
  },
  model: {
    summary: 'What a model expects and gives',
    security,
    params: named,
    response: { ...answer(model), ...problems(401, 404) },
  },
  paretoOf: {
    summary: 'Accuracy and cost of a model by setting',
    security,
    params: named,
    response: { ...answer(pareto), ...problems(401, 404) },
  },
  pareto: {
    summary: 'Accuracy and cost by setting',
    security,
    querystring: { type: 'object', properties: { model: modelSetting } },
    response: { ...answer(pareto), ...problems(400, 401, 404) },
  },
  health: {
    summary: 'Whether the server answers',
    response: answer(z.object({ status: z.literal('ok') })),
  },
  ready: {
    summary: 'Whether predictions can be had',
    response: {
      ...answer(readiness),
      503: {
        description: 'Not now',
        content: { 'application/json': { schema: json(readiness) } },
      },
    },
  },
  metrics: {
    summary: 'Numbers for Prometheus',
    security,
    response: { 200: { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } } },
  },
} as const;

/** A model as /models describes it. */
export function modelOf({ facts, ladder }: ModelEntry): z.infer<typeof model> {
  const { name, task, labels, input, factors } = facts;
  return {
    name,
    task,
    labels: labels.map(({ value, name: text, color }) => ({ value, name: text, color: [...color] })),
    input: { ...input, size: [...input.size] },
    factors,
    steps: ladder.map(({ factor: given, width, resolution }) => ({
      factor: typeof given === 'number' ? given : [...given],
      ...(width === undefined ? {} : { width }),
      ...(resolution === undefined ? {} : { resolution }),
    })),
  };
}

/** The amount of a label in an answer, and its predicted Dice where that was asked for. */
export function amountsOf(
  { mm3, ...amount }: LabelAmount,
  predictedDice?: z.infer<typeof prediction>['labels'][number]['predictedDice'],
): z.infer<typeof prediction>['labels'][number] {
  return {
    ...amount,
    ...(predictedDice === undefined ? {} : { predictedDice }),
    color: [...amount.color],
    mm3: mm3 ?? null,
    ml: mm3 === undefined ? null : mm3 / 1000,
  };
}
