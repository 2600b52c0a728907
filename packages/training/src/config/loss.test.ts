import { ConfigError } from '@sshn/core';
import { createLoss, crossEntropy, lossNames, softDiceLoss } from '@sshn/losses';
import { useBackend } from '@sshn-internal/testing';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropyOf, lossOf, lossWords } from './loss.js';
import { parseRunConfig } from './run-config.js';

beforeAll(() => useBackend('cpu'));

const logits = () => tensor([4, 1, 0, 0, 2, 1, 0, 1, 3, 1, 0, 0], [1, 2, 2, 3]);
const labels = () => tensor([0, 1, 2, 2], [1, 2, 2], 'int32');
const read = (t: Tensor) => t.dataSync()[0]!;
const lossFor = (loss: object) => read(lossOf(parseRunConfig({ loss }, 'test').loss)(logits(), labels()));

describe('loss', () => {
  test('is soft Dice and cross-entropy unless configured', () => {
    const both = read(softDiceLoss(logits(), labels())) + read(crossEntropy(logits(), labels()));
    expect(lossFor({})).toBeCloseTo(both, 5);
    expect(lossFor({ crossEntropyWeight: 0 })).toBe(read(softDiceLoss(logits(), labels())));
  });

  test('a label that is ignored is in the cross-entropy of the first epochs, too', () => {
    const config = parseRunConfig({ loss: { ignoreLabel: 2 } }, 'test').loss;
    const ignoring = read(crossEntropy(logits(), labels(), { ignoreLabel: 2 }));
    expect(read(crossEntropyOf(config)(logits(), labels()))).toBe(ignoring);
    expect(lossFor({ ignoreLabel: 2 })).toBeCloseTo(
      ignoring + read(softDiceLoss(logits(), labels(), { ignoreLabel: 2 })),
      5,
    );
  });

  test.each(lossNames.filter((name) => name !== 'weightedSum'))('%s by its name', (name) => {
    expect(lossFor({ name, crossEntropyWeight: 0 })).toBe(read(createLoss({ name })(logits(), labels())));
  });

  test('with cross-entropy added', () => {
    const expected = read(softDiceLoss(logits(), labels())) + 0.5 * read(crossEntropy(logits(), labels()));
    expect(lossFor({ crossEntropyWeight: 0.5 })).toBeCloseTo(expected, 5);
  });

  test.each([
    { name: 'crossEntropy', labelSmoothing: 0.2 },
    { classWeights: [0, 1, 3] },
    { ignoreLabel: 2 },
    { name: 'focal', gamma: 0.5 },
    { name: 'focal', alpha: 0.3 },
    { name: 'tversky', alpha: 0.9 },
    { name: 'tversky', beta: 0.9 },
    { smooth: 1 },
    { squaredDenominator: false },
    { includeBackground: true },
  ])('%o has an effect', (loss) => {
    const { name = 'softDice' } = loss as { name?: string };
    expect(Math.abs(lossFor(loss) - lossFor({ name }))).toBeGreaterThan(1e-4);
  });

  test.each([
    [{ name: 'softDice', gamma: 2 }, /loss: .*'gamma'/],
    [{ name: 'lovasz', smooth: 1 }, /loss: .*'smooth'/],
    [{ classWeights: [0, 0, 0] }, /loss: .*classWeights/],
    [{ name: 'dice' }, /loss\.name/],
  ])('%o is refused', (loss, message) => {
    expect(() => parseRunConfig({ loss }, 'flags')).toThrow(ConfigError);
    expect(() => parseRunConfig({ loss }, 'flags')).toThrow(message);
  });

  test('knows every loss that has a name but sums', () => {
    const { type } = lossWords.name;
    const known = type.kind === 'choice' ? type.words : [];
    expect([...known].sort()).toEqual(lossNames.filter((name) => name !== 'weightedSum').sort());
  });
});
