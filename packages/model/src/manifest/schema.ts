import { encodings, forms } from '@sshn/hypernet';
import { flowResolutions, regularizerNames, similarityNames } from '@sshn/registration';
import { z } from 'zod';

/** The version of the manifest that this code writes. */
export const manifestVersion = 2;

const factor = z.number().min(0).max(1);
/** One for all downsampling steps, or one for each. */
const factors = z.union([factor, z.array(factor).min(1)]);
const count = z.int().min(1);
const word = z.string().min(1);

const hypernetwork = z.strictObject({
  hidden: z.array(count),
  encoding: z.enum(encodings),
  form: z.enum(forms),
  residualScale: z.number().positive(),
  /** 1 for one common factor, else one per downsampling step. */
  factors: count,
  /** Its further inputs: 1 where the weight of a regularizer is one. Version 1 counted them among the factors. */
  conditions: z.int().min(0),
});

/** How the weights came about, and with it what they are: those of a network, or of a hypernetwork that predicts them. */
const method = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), factor: factors }),
  z.strictObject({ kind: z.literal('stochastic') }),
  z.strictObject({ kind: z.literal('film'), hypernetwork }),
  z.strictObject({ kind: z.literal('sshn'), hypernetwork }),
]);

const prior = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), factor: factors }),
  z
    .strictObject({
      kind: z.literal('uniform'),
      low: factor,
      high: factor,
      /** Drawn independently, one per downsampling step; absent: one for all steps. */
      factors: count.exactOptional(),
      /** Share of the draws that were the lowest or the highest factor. */
      endpoints: factor.exactOptional(),
    })
    .refine(({ low, high }) => low <= high, { message: 'low is above high' }),
]);

/** What volumes go through before that, as `VolumeOptions` of @sshn/data has it. */
const volumes = z.strictObject({
  /** Of the voxels that they were resampled to: depth, height, width. */
  spacingMm: z.array(z.number().positive()).length(3).exactOptional(),
  /** How they came to one size from there. */
  fit: z.enum(['resize', 'pad']),
  /** Of models of slices: through the body along which axis. */
  slices: z.enum(['sagittal', 'coronal', 'axial']).exactOptional(),
});

/** What a registration network was trained for, with the words of `registrationLoss` of @sshn/registration. */
const objective = z.strictObject({
  similarity: z.enum(similarityNames),
  window: count.refine((edge) => edge % 2 === 1, { message: 'is even' }),
  regularizer: z.enum(regularizerNames),
  weight: z.number().min(0),
  foldingWeight: z.number().min(0).exactOptional(),
  bidirectional: z.boolean().exactOptional(),
  /** Where the weight is an input of the hypernetwork: where λ came from in training. */
  lambda: z
    .strictObject({
      low: factor,
      high: factor,
      distribution: z.enum(['uniform', 'logUniform']),
      /** Share of the draws that were the lowest or the highest λ. */
      endpoints: factor,
    })
    .refine(({ low, high }) => low <= high, { message: 'low is above high' })
    .refine(({ low, distribution }) => distribution === 'uniform' || low > 0, {
      message: 'a logarithm has no 0',
    })
    .exactOptional(),
});

/** The JSON form of `Preprocessing` of @sshn/data. */
const preprocessing = z.strictObject({
  /** `[height, width]` or `[depth, height, width]` that the network sees. */
  size: z.array(count).min(2).max(3),
  channels: count,
  intensity: z.discriminatedUnion('kind', [
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
  ]),
  /** Of models of volumes. */
  volumes: volumes.exactOptional(),
});

const colorByte = z.int().min(0).max(255);

/** The schema of a manifest: what a file of weights says about itself. */
export const manifestSchema = z
  .strictObject({
    format: z.literal('sshn'),
    version: z.literal(manifestVersion),
    task: z.enum(['segmentation', 'registration']),
    /** A name in @sshn/architectures, and its options. */
    network: z.strictObject({
      architecture: word,
      options: z.record(z.string(), z.json()),
      /** Of registration networks: what stands on the architecture. */
      flow: z
        .strictObject({
          resolution: z.enum(flowResolutions),
          /** Of scaling and squaring; 0 where the network predicts displacements. */
          integrationSteps: z.int().min(0).max(16),
        })
        .exactOptional(),
    }),
    method,
    /** Where the rescaling factors of training came from. */
    prior,
    preprocessing,
    /** What each label is called, the background first; red, green, blue to draw it with. */
    labels: z
      .array(z.strictObject({ name: word, color: z.tuple([colorByte, colorByte, colorByte]).optional() }))
      .min(2)
      .refine((labels) => new Set(labels.map(({ name }) => name)).size === labels.length, {
        message: 'two labels have the same name',
      }),
    /** What each factor gives and costs; empty before an evaluation. */
    accuracyCost: z.array(
      z.strictObject({
        factor,
        /** Mean foreground Dice. */
        dice: factor,
        gflops: z.number().min(0),
        /** Of one image on the machine that measured; null where nobody did. */
        milliseconds: z.number().min(0).nullable(),
      }),
    ),
    provenance: z.strictObject({
      /** Of the packages that trained it, by name. */
      versions: z.record(z.string(), z.string()),
      seed: z.int().min(0),
      dataset: word,
      date: z.iso.datetime(),
      configHash: word,
    }),
    /** Of registration networks. */
    registration: objective.exactOptional(),
  })
  .superRefine(({ task, registration, method, prior }, context) => {
    const fault = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message });
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

/** Plain data. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

type Inferred = z.infer<typeof manifestSchema>;

/** What a file of weights says about itself. */
export type Manifest = DeepReadonly<Omit<Inferred, 'network'>> & {
  readonly network: DeepReadonly<Omit<Inferred['network'], 'options'>> & {
    readonly options: Readonly<Record<string, Json>>;
  };
};

/** A manifest as a program writes it: format and version are filled in. */
export type ManifestInput = Omit<Manifest, 'format' | 'version'>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
