import { type GivenOptions, type OptionFault, option, readOptions, type ValuesOf } from '@sshn/core';
import { augmentationOptions, intensityFaults, intensityKinds } from '@sshn/data';
import { hypernetworkOptions } from '@sshn/hypernet';
import { imageEdge, sizeFaults } from '@sshn/model';
import { optimizerOptions } from '@sshn/optim';
import { architectureOptions } from './architecture.js';
import { dataOptions } from './data.js';
import { inputResolution, knobConfigOptions, knobFaults } from './knobs.js';
import { lossConfigOptions, lossWords } from './loss.js';
import { patchConfigOptions, patchFaults } from './patches.js';
import { priorOptions } from './prior.js';
import { registrationConfigOptions, registrationWords } from './registration.js';

/** Share of the epochs trained with cross-entropy, unless configured (paper, section 4.4). */
const usualCrossEntropyShare = 0.4;

const intensity = option.variants(
  { auto: {}, ...intensityKinds },
  {
    default: { kind: 'auto' },
    help: 'How intensities are normalized, image by image; auto chooses by the kind of image',
    check: intensityFaults,
  },
);

const share = { least: 0, help: 'Share of the images, in any unit' } as const;

/** Which images are for training, validation and test; a subject is never divided. */
const split = option.variants(
  {
    shares: {
      train: option.number({ ...share, above: 0 }),
      validation: option.number({ ...share, above: 0 }),
      test: option.number(share),
    },
    folds: {
      count: option.integer({ least: 2, help: 'How many folds there are' }),
      fold: option.integer({ least: 1, help: 'The fold that is tested, from 1' }),
    },
    file: {
      path: option.text({ help: 'JSON file with lists of ids; see `readSplit`' }),
      fold: option.integer({ least: 1, optional: true, help: 'Which of several folds it lists, from 1' }),
    },
  },
  {
    optional: true,
    usually: '64, 16 and 20 %',
    help: 'Which images are for training, validation and test',
    check: (one) =>
      one.kind === 'folds' && one.fold > one.count
        ? [{ path: ['fold'], message: `is ${one.fold} of ${one.count}` }]
        : [],
  },
);

/** Everything that determines a training run, besides the data and the version of the code. */
export const runOptions = {
  task: option.choice(['segmentation', 'registration'], { default: 'segmentation', help: 'What is learned' }),
  method: option.choice(['fixed', 'stochastic', 'film', 'sshn'], {
    default: 'sshn',
    help: 'Training method',
  }),
  prior: priorOptions,
  rescaling: option.choice(['common', 'separate'], {
    default: 'common',
    help: 'One factor common to all downsampling steps, or a separate one for each',
  }),
  architecture: architectureOptions,
  hypernetwork: option.record(hypernetworkOptions, { help: 'The hypernetwork' }),
  knobs: knobConfigOptions,
  inputResolution,
  registration: registrationConfigOptions,
  size: option.list(imageEdge, {
    least: 2,
    most: 3,
    optional: true,
    usually: 'that of the files',
    help: 'Size that images are resized to, in pixels',
  }),
  data: dataOptions,
  patches: patchConfigOptions,
  split,
  intensity,
  seed: option.integer({
    least: 0,
    default: 1,
    help: 'Seed of the split, the weights, the batches and the factors',
  }),
  batchSize: option.integer({ least: 1, default: 4, help: 'Images per step, or patches' }),
  drawsPerStep: option.integer({
    least: 1,
    optional: true,
    usually: '1',
    help: 'Settings drawn per step, each for a part of its images; batchSize for one per image',
  }),
  epochs: option.integer({ least: 1, default: 100, help: 'Passes over the training images' }),
  crossEntropyShare: option.number({
    least: 0,
    most: 1,
    default: usualCrossEntropyShare,
    help: 'Share of the epochs trained with cross-entropy, before the loss',
  }),
  loss: lossConfigOptions,
  optimizer: option.record(optimizerOptions, { help: 'How weights are moved' }),
  augmentation: option.record(augmentationOptions, {
    help: 'Changes of image and labels together, drawn anew in every epoch',
  }),
  validation: option.record(
    {
      every: option.integer({ least: 1, default: 1, help: 'Epochs between validations' }),
      factors: option.list(option.number({ least: 0, most: 1, help: '' }), {
        optional: true,
        usually: 'a few of the prior',
        help: 'Factors that are validated; their mean Dice picks the best',
      }),
      patience: option.integer({
        least: 1,
        nullable: true,
        default: null,
        help: 'Validations without progress until it stops; null for never',
      }),
    },
    { help: 'How progress is measured' },
  ),
};

/** A complete configuration. */
export type RunConfig = ValuesOf<typeof runOptions>;

/** What a user writes: every word may be left out. */
export type RunConfigInput = GivenOptions<typeof runOptions>;

/**
 * Checks a configuration and fills in defaults.
 *
 * @param source Where it came from, for errors: a file's name, or 'flags'.
 * @throws {ConfigError} listing every wrong key and value.
 */
export function parseRunConfig(input: unknown, source: string): RunConfig {
  return readOptions(runOptions, input, source, runFaults);
}

const usualLoss = readOptions(lossWords, {}, 'defaults');
const usualRegistration = readOptions(registrationWords, {}, 'defaults');

/** What is wrong between options that are right one by one. */
function runFaults(config: RunConfig): OptionFault[] {
  const { method, prior, rescaling, size, batchSize, drawsPerStep = 1 } = config;
  return [
    ...(drawsPerStep > batchSize
      ? [
          {
            path: ['drawsPerStep'],
            message: `is ${drawsPerStep}, and a step has ${batchSize} ${batchSize === 1 ? 'image' : 'images'} to divide (batchSize)`,
          },
        ]
      : []),
    ...(size === undefined ? [] : sizeFaults(size)),
    ...(method === 'fixed' && prior?.kind === 'uniform'
      ? [
          {
            path: ['prior'],
            message: "method 'fixed' trains at one factor: give { kind: 'constant', factor }",
          },
        ]
      : []),
    ...(rescaling === 'common' && prior?.kind === 'constant' && typeof prior.factor !== 'number'
      ? [{ path: ['prior', 'factor'], message: "several factors need rescaling: 'separate'" }]
      : []),
    ...knobFaults(config),
    ...patchFaults(config),
    ...taskFaults(config),
  ];
}

/** What a configuration says and its task, or its method, would never ask for. */
function taskFaults(config: RunConfig): OptionFault[] {
  return config.task === 'registration' ? ofRegistration(config) : ofSegmentation(config);
}

function ofSegmentation({ registration }: RunConfig): OptionFault[] {
  return changed(registration, usualRegistration).map((word) => ({
    path: ['registration', word],
    message: "means something for task: 'registration' alone",
  }));
}

function ofRegistration(config: RunConfig): OptionFault[] {
  const { method, loss, crossEntropyShare, architecture, registration } = config;
  const { lambdaRange, similarity } = registration;
  const hasNoHypernetwork = method === 'fixed' || method === 'stochastic';
  const faults: Array<readonly [isFault: boolean, path: readonly string[], message: string]> = [
    ...changed(loss, usualLoss).map(
      (word) =>
        [true, ['loss', word], "is for segmentation: registration has 'registration.similarity'"] as const,
    ),
    [
      crossEntropyShare !== usualCrossEntropyShare,
      ['crossEntropyShare'],
      'is for segmentation: registration has one loss in all epochs',
    ],
    [
      architecture.deepSupervision === true,
      ['architecture', 'deepSupervision'],
      'is for segmentation: a flow has no labels at other resolutions',
    ],
    [
      lambdaRange !== undefined && hasNoHypernetwork,
      ['registration', 'lambdaRange'],
      `method '${method}' has no hypernetwork that could take λ: give registration.weight, or take 'sshn' or 'film'`,
    ],
    [
      lambdaRange !== undefined && registration.weight !== usualRegistration.weight,
      ['registration', 'weight'],
      'is fixed, and lambdaRange draws it: give one of the two',
    ],
    ...(['lambdaDistribution', 'lambdaEndpoints'] as const).map(
      (word) =>
        [
          lambdaRange === undefined && registration[word] !== usualRegistration[word],
          ['registration', word],
          'is how λ is drawn: give lambdaRange too',
        ] as const,
    ),
    [
      registration.align !== undefined && config.data?.slices !== undefined,
      ['registration', 'align'],
      'aligns whole images, and slices are cut from volumes before: align the volumes with `sshn register none --affine`, or leave out data.slices',
    ],
    [
      similarity !== 'localNcc' && registration.window !== usualRegistration.window,
      ['registration', 'window'],
      "is for similarity: 'localNcc' alone",
    ],
  ];
  return faults.flatMap(([isFault, path, message]) => (isFault ? [{ path, message }] : []));
}

/** Names of the words whose values are not the default. */
function changed(words: object, usual: object): string[] {
  const defaults = new Map(Object.entries(usual));
  return Object.entries(words).flatMap(([name, value]) =>
    JSON.stringify(value) === JSON.stringify(defaults.get(name)) ? [] : [name],
  );
}
