import { ShapeError, ValueError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomCase } from '../testing/random-case.js';
import { diceScore, diceScoresOfBatch } from './overlap.js';

describe.each(backends)('diceScoresOfBatch on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('is diceScore, sample by sample, from integer and one-hot labels', async () => {
    const { logits, labels, oneHot, logitRows, truthRows } = randomCase([3, 5, 2], 4);
    const expected = logitRows.map((rows, i) =>
      diceScore(
        rows.map((row) => row.indexOf(Math.max(...row))),
        truthRows[i]!.map((row) => row.indexOf(1)),
        { labels: 4 },
      ),
    );
    expect(await diceScoresOfBatch(logits, labels)).toEqual(expected);
    expect(await diceScoresOfBatch(logits, oneHot)).toEqual(expected);
  });

  test('passes the policy on', async () => {
    const [score] = await diceScoresOfBatch(zeros([1, 2, 2]), zeros([1, 2], 'int32'), { empty: 'one' });
    expect(score!.mean).toBe(1);
  });

  test('keeps nothing alive, not even when it fails', async () => {
    const { logits, labels, oneHot } = randomCase([2, 4, 4], 3);
    await withoutLeak(() => diceScoresOfBatch(logits, labels));
    await withoutLeak(() => diceScoresOfBatch(logits, oneHot));
    const wrong = tensor(new Int32Array(32).fill(7), [2, 4, 4], 'int32');
    await withoutLeak(async () => {
      await expect(diceScoresOfBatch(logits, wrong)).rejects.toThrow(ValueError);
    });
    await expect(diceScoresOfBatch(logits, zeros([2, 4], 'int32'))).rejects.toThrow(ShapeError);
  });
});
