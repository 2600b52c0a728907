import { checkOptions, type Option, type Options } from '@sshn/core';
import { knobs } from '@sshn/hypernet';
import { z } from 'zod';
import { manifestOptions } from './options.js';

/** The version of the manifest that this code writes. */
export const manifestVersion = 2;

/** Far more than any model has, so that a file cannot ask for more than there is. */
const most = { labels: 2 ** 16, points: 10_000, rungs: 100, versions: 1000, text: 10_000 } as const;

const share = z.number().min(0).max(1);
const word = z.string().min(1).max(most.text);
/** A range of a knob: the lowest share, and the highest. */
const knobRange = z
  .tuple([share.gt(0), share])
  .refine(([low, high]) => low <= high, { message: 'the first is above the second' })
  .exactOptional();
const colorByte = z.int().min(0).max(255);

/** A value of the schema that is described by an option, as run configurations are. */
function described<V, G>(one: Option<V, 'required' | 'defaulted', G>): z.ZodType<V, G>;
function described<V, G>(one: Option<V, 'optional', G>): z.ZodExactOptional<z.ZodType<V, G>>;
function described<V, G>(one: Option<V, 'required' | 'defaulted' | 'optional', G>): z.ZodType {
  const schema = z.unknown().transform((given, context) => {
    const { value, faults } = checkOptions({ one } satisfies Options, { one: given });
    for (const { path, message } of faults)
      context.addIssue({ code: 'custom', path: path.slice(1), message });
    return faults.length > 0 ? z.NEVER : (value as { one: unknown }).one;
  });
  return one.presence === 'optional' ? schema.exactOptional() : schema;
}

/** A term of a coding scheme, as long as DICOM can write it. */
const code = z.strictObject({
  value: z.string().min(1).max(16),
  scheme: z.string().min(1).max(16),
  meaning: z.string().min(1).max(64),
});

/** The schema of a manifest: what a file of weights says about itself. */
export const manifestSchema = z
  .strictObject({
    format: z.literal('sshn'),
    version: z.literal(manifestVersion),
    task: z.enum(['segmentation', 'registration']),
    network: described(manifestOptions.network),
    method: described(manifestOptions.method),
    /** Where the rescaling factors of training came from. */
    prior: described(manifestOptions.prior),
    /** The widths and resolutions of training, of a network with those knobs; absent in files from before. */
    knobRanges: z.strictObject({ width: knobRange, resolution: knobRange }).exactOptional(),
    preprocessing: described(manifestOptions.preprocessing),
    /**
     * What each label is called, the background first; red, green, blue to draw it with; and the number of it in label files,
     * where that is not its place in this list.
     */
    labels: z
      .array(
        z.strictObject({
          name: word,
          color: z.tuple([colorByte, colorByte, colorByte]).optional(),
          value: z.int().min(0).max(65535).optional(),
          /** What it stands for in SNOMED CT (`SCT`) or another scheme: which thing, and what kind of thing. */
          codes: z.strictObject({ type: code, category: code.exactOptional() }).optional(),
        }),
      )
      .min(2)
      .max(most.labels)
      .refine((labels) => new Set(labels.map(({ name }) => name)).size === labels.length, {
        message: 'two labels have the same name',
      })
      .refine((labels) => new Set(labels.map(({ value }, i) => value ?? i)).size === labels.length, {
        message: 'two labels have the same value',
      })
      .refine(([background]) => (background?.value ?? 0) === 0, {
        message: 'the value of the background is 0',
      }),
    /** What settings give and cost, of those that are worth their cost; empty before an evaluation. */
    accuracyCost: z
      .array(
        z.strictObject({
          /** One for all downsampling steps, or one for each. */
          factor: z.union([share, z.array(share).min(1).max(most.points)]),
          /** Of networks with that knob; absent: 1. */
          width: share.gt(0).exactOptional(),
          resolution: share.gt(0).exactOptional(),
          /** Mean foreground Dice. */
          dice: share,
          gflops: z.number().min(0),
          /** Of one image on the machine that measured; null where nobody did. */
          milliseconds: z.number().min(0).nullable(),
          /** Of the plain network's weights and what it computes for one image; absent where nobody counted. */
          mebibytes: z.number().min(0).exactOptional(),
        }),
      )
      .max(most.points),
    /**
     * Of segmentation: settings from cheap to expensive, and how their labels' Dice follows from how far the labels agree with the mean
     * probabilities of that setting and all before it. Absent where nobody fitted it; `sshn pareto` does.
     */
    cascade: z
      .strictObject({
        /** Validation images that it was fitted to. */
        images: z.int().min(1),
        /** The answer of a rung is that of the mean probabilities of it and all rungs before it. @default of its own */
        answer: z.literal('mean').exactOptional(),
        rungs: z
          .array(
            z.strictObject({
              factor: z.union([share, z.array(share).min(1).max(most.points)]),
              width: share.gt(0).exactOptional(),
              resolution: share.gt(0).exactOptional(),
              /** Spatial axes, the first is 0, along which this rung sees the image flipped; its answer is flipped back. */
              flipped: z
                .array(z.int().min(0).max(2))
                .min(1)
                .refine((axes) => new Set(axes).size === axes.length, { message: 'names an axis twice' })
                .exactOptional(),
              /** Mean foreground Dice on those images. */
              dice: share,
              /** Mean distance of an image's predicted mean Dice from the true one, each image left out of the fit in its turn. */
              error: share,
              /** Of each label but the background the line from agreement to Dice; null where it occurs in too few images. */
              labels: z
                .array(
                  z
                    .strictObject({ slope: z.number().min(0), intercept: z.number(), error: share })
                    .nullable(),
                )
                .max(most.labels),
            }),
          )
          .min(1)
          .max(most.rungs),
      })
      .exactOptional(),
    provenance: z.strictObject({
      /** Of the packages that trained it, by name. */
      versions: z
        .record(z.string().max(most.text), z.string().max(most.text))
        .refine((versions) => Object.keys(versions).length <= most.versions, {
          message: 'too many packages',
        }),
      seed: z.int().min(0),
      dataset: word,
      date: z.iso.datetime(),
      configHash: word,
    }),
    registration: described(manifestOptions.registration),
    /** Of weights that were rounded when they were stored, and what that cost where it was measured. */
    rounded: z
      .strictObject({
        dtype: z.literal('float16'),
        measured: z
          .strictObject({
            /** Which images, in words, and how many. */
            data: word,
            images: z.int().min(1),
            /** Mean foreground Dice with weights of 32 bits, and with the rounded ones. */
            points: z
              .array(
                z.strictObject({
                  factor: z.union([share, z.array(share).min(1).max(most.points)]),
                  before: share,
                  after: share,
                }),
              )
              .max(most.points),
          })
          .exactOptional(),
      })
      .exactOptional(),
  })
  .superRefine((manifest, context) => {
    const { task, network, registration, method, prior, knobRanges, cascade, labels, preprocessing } =
      manifest;
    const fault = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message });
    for (const knob of knobs) {
      if (knobRanges?.[knob] !== undefined && network.knobs?.includes(knob) !== true)
        fault(`is a range of a network with that knob, and this one has one ${knob}`, 'knobRanges', knob);
    }
    if (cascade !== undefined && task !== 'segmentation')
      fault(`is for models of segmentation, and this is one of ${task}`, 'cascade');
    for (const [i, rung] of cascade?.rungs.entries() ?? []) {
      if (rung.labels.length !== labels.length - 1)
        fault(
          `has ${rung.labels.length} lines, where the model has ${labels.length - 1} labels besides the background`,
          'cascade',
          'rungs',
          `${i}`,
          'labels',
        );
      if (rung.flipped?.some((axis) => axis >= preprocessing.size.length))
        fault(
          `flips axis ${Math.max(...rung.flipped)} of images with ${preprocessing.size.length}, counted from 0`,
          'cascade',
          'rungs',
          `${i}`,
          'flipped',
        );
    }
    if (registration === undefined) return;
    if (task !== 'registration')
      fault(`is for models of registration, and this is one of ${task}`, 'registration');
    const factors = prior.kind === 'constant' ? [prior.factor].flat().length : (prior.factors ?? 1);
    const taken = 'hypernetwork' in method ? method.hypernetwork : { factors, conditions: 0 };
    const conditions = registration.lambda === undefined ? 0 : 1;
    if (taken.factors !== factors || taken.conditions !== conditions)
      fault(
        `does not fit a hypernetwork of ${taken.factors} factors and ${taken.conditions} conditions, where the prior has ${factors} factors`,
        'registration',
        'lambda',
      );
  });

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** What a file of weights says about itself. */
export type Manifest = DeepReadonly<z.infer<typeof manifestSchema>>;

/** `[height, width]` or `[depth, height, width]` of what a model's network sees at a time: a patch, or the whole image. */
export function inputSize({ preprocessing }: Pick<Manifest, 'preprocessing'>): readonly number[] {
  return preprocessing.patch ?? preprocessing.size;
}

/** Settings from cheap to expensive that tell how well they segment an image, as a manifest keeps them. */
export type Cascade = NonNullable<Manifest['cascade']>;

/** A manifest as a program writes it: format and version are filled in. */
export type ManifestInput = Omit<Manifest, 'format' | 'version'>;
