import { readFileSync } from 'node:fs';
import { OptionError, ValueError } from '@sshn/core';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { grad } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropy } from '../distribution/cross-entropy.js';
import { softDiceLoss } from '../region/soft-dice-loss.js';
import { taskCase } from '../testing/task-case.js';
import { createLoss, type LossConfig, lossNames, lossOptionNames } from './create-loss.js';
import { weightedSum } from './weighted-sum.js';

const read = (loss: { dataSync(): ArrayLike<number> }) => loss.dataSync()[0]!;

/** Every option of every loss with a value of another effect than its default. */
const changed: ReadonlyArray<LossConfig> = [
  { name: 'crossEntropy', classWeights: [1, 2, 3] },
  { name: 'crossEntropy', labelSmoothing: 0.3 },
  { name: 'focal', gamma: 0.5 },
  { name: 'focal', alpha: 0.3 },
  { name: 'softDice', squaredDenominator: false },
  { name: 'softDice', log: true },
  { name: 'softDice', fromLogits: false },
  { name: 'softDice', classWeights: [0, 1, 9] },
  { name: 'generalizedDice', weighting: 'simple' },
  { name: 'generalizedDice', squaredDenominator: true },
  { name: 'generalizedDice', includeBackground: true },
  { name: 'jaccard', squaredDenominator: false },
  { name: 'jaccard', smooth: 5 },
  { name: 'jaccard', perSample: false },
  { name: 'tversky', alpha: 0.9 },
  { name: 'tversky', beta: 0.9 },
  { name: 'tversky', gamma: 2 },
  { name: 'focalTversky', gamma: 2 },
  { name: 'lovasz', classes: 'all', includeBackground: true },
  { name: 'lovasz', perSample: true },
  { name: 'boundary', spacingMm: [3, 2] },
  ...lossNames.flatMap((name) =>
    name === 'weightedSum'
      ? []
      : [{ name, ignoreLabel: 2 } as LossConfig, { name, ignoreLabel: 1 } as LossConfig],
  ),
];

describe('createLoss', () => {
  beforeAll(() => useBackend('cpu'));

  test.each(changed)('%o: the option has an effect', (config) => {
    const { logits, labels } = taskCase('multiclass', [2, 5, 4], 3);
    const plain = createLoss({ name: config.name } as LossConfig);
    expect(
      Math.abs(read(createLoss(config)(logits, labels[0]!)) - read(plain(logits, labels[0]!))),
    ).toBeGreaterThan(1e-4);
  });

  test.each(lossNames.filter((name) => name !== 'weightedSum'))('%s: tasks', (name) => {
    for (const task of ['binary', 'multilabel'] as const) {
      const { logits, labels } = taskCase(task, [2, 5, 4], task === 'binary' ? 1 : 3);
      expect(read(createLoss({ name, task })(logits, labels[0]!))).toSatisfy(Number.isFinite);
    }
    expect(() => createLoss({ name, task: 'multilable' as 'multilabel' })).toThrow(
      "Did you mean 'multilabel'?",
    );
  });

  test('is the function of that name', () => {
    const { logits, labels } = taskCase('multiclass', [2, 5, 4], 3);
    const options = { includeBackground: true, smooth: 0.5 };
    expect(read(createLoss({ name: 'softDice', ...options })(logits, labels[0]!))).toBe(
      read(softDiceLoss(logits, labels[0]!, options)),
    );
  });

  test('sums may be nested', () => {
    const { logits, labels } = taskCase('multiclass', [2, 5, 4], 3);
    const inner: LossConfig = { name: 'weightedSum', terms: [[3, { name: 'crossEntropy' }]] };
    const sum = createLoss({
      name: 'weightedSum',
      terms: [
        [1, { name: 'softDice' }],
        [0.5, inner],
      ],
    });
    const expected = read(softDiceLoss(logits, labels[0]!)) + 1.5 * read(crossEntropy(logits, labels[0]!));
    expect(read(sum(logits, labels[0]!))).toBeCloseTo(expected, 5);
  });

  test('names and options are known, unknown ones named with the nearest', () => {
    expect(lossNames).toContain('softDice');
    expect(lossOptionNames('tversky')).toContain('gamma');
    expect(lossOptionNames('weightedSum')).toEqual(['terms']);
    const of = (config: unknown) => () => createLoss(config as LossConfig);
    expect(of({ name: 'softdice' })).toThrow(OptionError);
    expect(of({ name: 'softdice' })).toThrow("Option 'loss': got 'softdice'");
    expect(of({ name: 'softdice' })).toThrow("Did you mean 'softDice'?");
    expect(of({ name: 'softDice', smoth: 1 })).toThrow("got 'smoth'");
    expect(of({ name: 'softDice', smoth: 1 })).toThrow("Did you mean 'smooth'?");
    expect(of({ name: 'softDice', toString: 1 })).toThrow(OptionError);
    expect(of({ name: 'lovasz', classes: 'presnt' })).toThrow("Did you mean 'present'?");
    expect(of({ name: 'weightedSum', terms: [[1, { name: 'dice' }]] })).toThrow("got 'dice'");
    expect(of({ name: 'weightedSum', terms: [], weights: [] })).toThrow("got 'weights'");
  });

  test('the README lists every name and every option', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
    for (const name of lossNames) {
      expect(rows.some((row) => row.split('|')[2]!.includes(`\`${name}\``))).toBe(true);
      for (const option of name === 'weightedSum' ? [] : lossOptionNames(name)) {
        expect(rows.some((row) => row.split('|')[1]!.includes(`\`${option}\``))).toBe(true);
      }
    }
  });

  test.each<[unknown, string]>([
    [undefined, 'expected an object with the name of a loss'],
    ['softDice', 'got "softDice", expected an object'],
    [{ name: 'softDice', smooth: '1' }, 'softDice: smooth: got "1", expected a number'],
    [{ name: 'softDice', log: 1 }, 'expected true or false'],
    [{ name: 'softDice', smooth: -1 }, 'expected a number > 0'],
    [{ name: 'generalizedDice', weighting: 2 }, "expected 'square', 'simple' or 'uniform'"],
    [{ name: 'generalizedDice', smooth: 0 }, 'expected a number > 0'],
    [{ name: 'crossEntropy', classWeights: 2 }, 'expected a list of numbers'],
    [{ name: 'focal', alpha: 'high' }, 'expected a number, or a list of them'],
    [{ name: 'focal', gamma: -1 }, 'gamma: got -1'],
    [{ name: 'tversky', gamma: 0 }, 'gamma: got 0'],
    [{ name: 'focalTversky', alpha: -1 }, 'focalTversky: alpha: got -1'],
    [{ name: 'lovasz', ignoreLabel: 0.5 }, 'ignoreLabel: got 0.5'],
    [{ name: 'boundary', classWeights: [] }, 'not all of them 0'],
    [{ name: 'weightedSum' }, 'a list of [weight, loss]'],
    [{ name: 'weightedSum', terms: [{ name: 'softDice' }] }, 'a list of [weight, loss]'],
    [{ name: 'weightedSum', terms: [] }, 'at least one term'],
    [{ name: 'weightedSum', terms: [[-1, { name: 'softDice' }]] }, 'weight 0: got -1'],
  ])('refuses %o', (config, message) => {
    expect(() => createLoss(config as LossConfig)).toThrow(ValueError);
    expect(() => createLoss(config as LossConfig)).toThrow(message);
  });
});

describe.each(backends)('weightedSum on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  const loss = weightedSum([
    [1, softDiceLoss],
    [0.25, crossEntropy],
  ]);

  test('value, gradient and memory', async () => {
    const { logits, labels } = taskCase('multiclass', [2, 4], 3);
    const truth = labels[0]!;
    const expected = read(softDiceLoss(logits, truth)) + 0.25 * read(crossEntropy(logits, truth));
    expect(read(loss(logits, truth))).toBeCloseTo(expected, 5);
    expect(gradientError((z) => loss(z!, truth), [logits])).toBeLessThan(5e-3);
    await withoutLeak(() => loss(logits, truth).dispose());
    await withoutLeak(() => grad((z) => loss(z, truth))(logits).dispose());
  });
});
