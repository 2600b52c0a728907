import type { Dataset } from '@sshn/data';
import { useBackend } from '@sshn-internal/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig, type RunConfigInput } from '../config/run-config.js';
import { examplesOf } from '../tasks/of-config.js';
import { disks } from '../testing/disks.js';
import type { EpochEvent } from './events.js';
import { Trainer } from './trainer.js';
import { moreEpochs, warningsOf } from './warnings.js';

const epoch: EpochEvent = {
  kind: 'epoch',
  epoch: 4,
  epochs: 10,
  phase: 'softDice',
  loss: 0.5,
  learningRate: 1e-3,
  imagesPerSecond: 1,
  secondsLeft: 1,
  isBest: false,
  memory: { tensors: 1 },
};
const kindsOf = (config: RunConfigInput, changes: Partial<EpochEvent>) => [
  ...warningsOf(parseRunConfig(config, 'test'), { ...epoch, ...changes }).keys(),
];

const registration = (similarity: 'localNcc' | 'mutualInformation' | 'mse'): RunConfigInput => ({
  task: 'registration',
  registration: { similarity },
});

/** Regions alone, as in the paper. */
const regions: RunConfigInput = { loss: { crossEntropyWeight: 0 } };

describe('a loss that cannot be', () => {
  test.each<[string, RunConfigInput, Partial<EpochEvent>, boolean]>([
    ['Dice within its bounds', regions, { loss: 0.9 }, false],
    ['Dice at its ends, with rounding', regions, { loss: -1e-4 }, false],
    ['deep supervision, whose losses add up', regions, { loss: 1.9 }, false],
    ['Dice above all that adds up', regions, { loss: 2.1 }, true],
    ['Dice below 0', regions, { loss: -0.01 }, true],
    ['cross-entropy, however high', {}, { phase: 'crossEntropy', loss: 50 }, false],
    ['cross-entropy below 0', {}, { phase: 'crossEntropy', loss: -1 }, true],
    ['Dice with cross-entropy added', {}, { loss: 9 }, false],
    ['the boundary loss, which has no bounds', {}, { phase: 'boundary', loss: -30 }, false],
    [
      'local NCC of intensities of a scanner',
      registration('localNcc'),
      { phase: 'alignment', loss: -1.4e8 },
      true,
    ],
    ['local NCC as it should be', registration('localNcc'), { phase: 'alignment', loss: 1.3 }, false],
    [
      'mutual information, below 0',
      registration('mutualInformation'),
      { phase: 'alignment', loss: -0.7 },
      false,
    ],
  ])('%s', (_, config, changes, isWrong) => {
    expect(kindsOf(config, changes)).toEqual(isWrong ? ['loss'] : []);
  });

  test('says which epoch, the value, the bounds and what to do', () => {
    const config = parseRunConfig(registration('localNcc'), 'test');
    const message = warningsOf(config, { ...epoch, phase: 'alignment', loss: -1.4e8 }).get('loss');
    expect(message).toBe(
      'The loss of epoch 5 is -1.400e+8, and cannot leave [0, Infinity]: intensities are too large for exact arithmetic. Normalize them, for example with intensity percentile:1,99.',
    );
  });
});

describe('a label that is found nowhere', () => {
  beforeAll(() => useBackend('cpu'));

  const scored = (...missed: (readonly string[] | undefined)[]) => ({
    epoch: 8,
    validation: missed.map((names, i) => ({ factor: i / 4, dice: 0.5, ...(names && { missed: names }) })),
  });

  test.each<[string, RunConfigInput, Partial<EpochEvent>, boolean]>([
    ['at no factor', regions, scored(['nail'], ['nail', 'skin']), true],
    ['at one of two factors', regions, scored(['nail'], undefined), false],
    ['another at each factor', regions, scored(['nail'], ['skin']), false],
    ['early', regions, { ...scored(['nail']), epoch: 5 }, false],
    ['while cross-entropy is trained', regions, { ...scored(['nail']), phase: 'crossEntropy' }, false],
    ['with cross-entropy added, as usual', {}, scored(['nail']), false],
    ['of a registration', registration('mse'), { ...scored(['nail']), phase: 'alignment' }, false],
  ])('%s', (_, config, changes, isSaid) => {
    expect(kindsOf(config, changes)).toEqual(isSaid ? ['missed'] : []);
  });

  test('says which, and what to do', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const config = parseRunConfig(regions, 'test');
    expect(warningsOf(config, { ...epoch, ...scored(names) }).get('missed')).toBe(
      "After epoch 9 nothing of 'a', 'b', 'c', 'd', 'e' and 2 more is found in any validation image. softDice alone hardly brings back a label that is predicted nowhere: set loss.crossEntropyWeight to 1, which keeps cross-entropy to the end, or raise crossEntropyShare.",
    );
  });

  test('is seen in training, where the loss leaves out one of two labels', async () => {
    const images = disks(14, [12, 12]);
    const dataset: Dataset = {
      ...images,
      labelNames: [...images.labelNames, 'corner'],
      load: async (id) => {
        const example = await images.load(id);
        example.labels.values[0] = 2;
        return example;
      },
    };
    const config = parseRunConfig(
      {
        size: [12, 12],
        epochs: 10,
        crossEntropyShare: 0.5,
        loss: { classWeights: [1, 1, 0], includeBackground: true, crossEntropyWeight: 0 },
        optimizer: { learningRate: 0.01 },
        architecture: { features: 4, stages: 2 },
        validation: { every: 5, factors: [0.5] },
      },
      'test',
    );
    using trainer = new Trainer({ config, ...examplesOf(dataset, config) });
    const said: string[] = [];
    for await (const event of trainer.run()) if (event.kind === 'warning') said.push(event.message);
    expect(said.filter((message) => /nothing of .*'corner' is found/.test(message))).toHaveLength(1);
  });
});

describe('a registration that makes things worse', () => {
  const scored = (one: object) => ({ validation: [{ factor: 0.25, dice: 0.5, ...one }] });

  test.each<[string, object, string[]]>([
    ['labels fit less than before', { dice: 0.3, diceBefore: 0.5 }, ['dice']],
    ['labels fit as before, but for noise', { dice: 0.495, diceBefore: 0.5 }, []],
    ['labels fit better', { dice: 0.6, diceBefore: 0.5 }, []],
    ['many folds', { diceBefore: 0.4, foldedPercent: 24 }, ['folds']],
    ['hardly a fold', { diceBefore: 0.4, foldedPercent: 2.9 }, []],
    ['both', { dice: 0.1, diceBefore: 0.4, foldedPercent: 24 }, ['dice', 'folds']],
    ['segmentation, which has neither', {}, []],
  ])('%s', (_, one, kinds) => {
    expect(kindsOf(registration('mse'), { phase: 'alignment', ...scored(one) })).toEqual(kinds);
  });

  test('names the setting and the numbers, of separate factors too', () => {
    const config = parseRunConfig(registration('mse'), 'test');
    const at = { factor: [0.2, 0.5], dice: 0.3, diceBefore: 0.5, foldedPercent: 12.34 };
    const warnings = warningsOf(config, { ...epoch, phase: 'alignment', validation: [at] });
    expect(warnings.get('dice')).toContain('at factor 0.2, 0.5: Dice 0.300 instead of 0.500');
    expect(warnings.get('folds')).toContain('12.3 % of the voxels are folded at factor 0.2, 0.5');
  });
});

describe('a training', () => {
  beforeAll(() => useBackend('wasm'));

  test('that tears images apart says so once, before the epoch that shows it', async () => {
    const config = parseRunConfig(
      {
        task: 'registration',
        method: 'stochastic',
        architecture: { features: 4, stages: 2 },
        epochs: 4,
        registration: { weight: 0, pairsPerImage: 1 },
        optimizer: { learningRate: 0.3, warmUpSteps: 0, clipNorm: null },
      },
      'test',
    );
    const kinds: string[] = [];
    using trainer = new Trainer({ config, ...examplesOf(disks(14, [12, 12]), config) });
    for await (const event of trainer.run()) {
      if (event.kind === 'warning') kinds.push(event.message.includes('are folded') ? 'folds' : 'other');
      if (event.kind === 'epoch') kinds.push('epoch');
    }
    expect(kinds.filter((kind) => kind === 'folds')).toHaveLength(1);
    expect(kinds[kinds.indexOf('folds') + 1]).toMatch(/epoch|other/);
    expect(kinds.filter((kind) => kind === 'epoch')).toHaveLength(4);
  });
});

describe('more epochs', () => {
  const training = (dices: ReadonlyArray<number | null>, planned = dices.length): EpochEvent[] =>
    dices.map((dice, i) => ({
      ...epoch,
      epoch: i,
      epochs: planned,
      validation: [
        { factor: 0.1, dice: dice as number },
        { factor: 0.5, dice: dice as number },
      ],
    }));

  test('are advised where Dice rose to the end, with what it gained', () => {
    expect(moreEpochs(training([0.5, 0.7, 0.8, 0.84, 0.85, 0.86]))).toBe(
      'Dice on validation images still rose: at best 0.840 in the first 4 epochs, 0.860 after 6. A longer training may reach more: try 12 epochs.',
    );
  });

  test.each<[string, EpochEvent[]]>([
    ['a gain within noise', training([0.5, 0.7, 0.8, 0.85, 0.85, 0.852])],
    ['the best is long ago', training([0.5, 0.7, 0.86, 0.85, 0.84, 0.84])],
    [
      'it was best before the last fifth',
      training([0.5, 0.7, 0.8, 0.8, 0.81, 0.82, 0.83, 0.9, 0.89, 0.89, 0.89, 0.89]),
    ],
    ['too few validations to tell', training([0.5, 0.9])],
    ['no image has a label', training([null, null, null, null, null, null])],
    ['no validation at all', [{ ...epoch, validation: [] }]],
  ])('are not where %s', (_, epochs) => {
    expect(moreEpochs(epochs)).toBeUndefined();
  });
});
