import { sumAll } from '@sshn/ops';
import { backends, useBackend } from '@sshn-internal/testing';
import { fill, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { sumSpatial } from './loss.js';

describe.each(backends)('sums on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('sumAll adds every entry, sumSpatial keeps batch and labels', () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 3, 2, 2]);
    expect(sumAll(x).dataSync()[0]).toBe(78);
    expect(sumSpatial(x).shape).toEqual([1, 1, 1, 2]);
    expect(Array.from(sumSpatial(x).dataSync())).toEqual([36, 42]);
    expect(Array.from(sumSpatial(tensor([1, 2], [1, 2])).dataSync())).toEqual([1, 2]);
  });

  test('2^24 + 2^10 ones do not stop at 2^24, where float32 stops counting', () => {
    const x = fill([1, 16, 1025, 1024], 1);
    expect(sumAll(x).dataSync()[0]).toBe(16 * 1025 * 1024);
    x.dispose();
  });
});
