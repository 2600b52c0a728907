import { ShapeError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { predictLabels } from './predict-labels.js';

describe.each(backends)('predictLabels on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('takes the largest logit, the lower label on a tie', () => {
    const logits = tensor([1, 2, 3, 5, 5, 4, -1, -2, -3, 0, 7, 1], [1, 2, 2, 3]);
    const labels = predictLabels(logits);
    expect(labels.shape).toEqual([1, 2, 2]);
    expect(labels.dtype).toBe('int32');
    expect(Array.from(labels.dataSync())).toEqual([2, 0, 0, 1]);
  });

  test('keeps nothing else alive, and wants labels', async () => {
    const logits = zeros([2, 3, 4, 5, 6]);
    await withoutLeak(() => predictLabels(logits).dispose());
    expect(() => predictLabels(zeros([4, 4, 1]))).toThrow(ShapeError);
  });
});
