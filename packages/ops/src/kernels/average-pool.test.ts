import { backends, distinct, useBackend, withoutLeak } from '@sshn-internal/testing';
import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelMean, channelSum } from './average-pool.js';

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([[[1, 1, 1, 3]], [[2, 7, 1, 1]], [[3, 5, 4, 2]], [[2, 3, 4, 5, 2]], [[1, 127, 1, 5]]])(
    'mean and sum of %j',
    async (shape) => {
      const x = distinct(shape, { offset: 3 });
      const [batch, channels] = [shape[0]!, shape.at(-1)!];
      const values = x.dataSync();
      const positions = values.length / (batch * channels);
      const sums = new Float64Array(batch * channels);
      values.forEach((value, i) => {
        sums[Math.floor(i / (positions * channels)) * channels + (i % channels)]! += value;
      });
      const mean = channelMean(x);
      expect(mean.shape).toEqual([batch, 1, 1, channels]);
      mean.dataSync().forEach((value, i) => {
        expect(value).toBeCloseTo(sums[i]! / positions, 4);
      });
      mean.dispose();
      const sum = channelSum(x);
      expect(sum.shape).toEqual([channels]);
      sum.dataSync().forEach((value, c) => {
        let all = 0;
        for (let b = 0; b < batch; b++) all += sums[b * channels + c]!;
        expect(Math.abs(value - all)).toBeLessThan(1e-5 * values.length);
      });
      await withoutLeak(() => tidy(() => void [channelMean(x), channelSum(x)]));
      x.dispose();
    },
  );
});
