import { expect, test } from 'vitest';
import { adaptiveWindow } from './average-pool.js';
import { windowRuns } from './maximum-pool.js';

test('runs are the windows, and neighbors at most share a pixel', () => {
  for (let from = 2; from <= 40; from++)
    for (let to = 1; to < from; to++) {
      const runs = windowRuns(from, to);
      const unrolled = runs.flatMap(({ begin, window, stride, count }) =>
        Array.from({ length: count }, (_, i) => [begin + i * stride, begin + i * stride + window]),
      );
      expect(unrolled).toEqual(Array.from({ length: to }, (_, i) => [...adaptiveWindow(i, from, to)]));
      const ends = runs.map(({ begin, window, stride, count }) => begin + (count - 1) * stride + window);
      for (let i = 2; i < runs.length; i++) expect(runs[i]!.begin).toBeGreaterThanOrEqual(ends[i - 2]!);
    }
});

test('sizes that divide are one run', () => {
  expect(windowRuns(12, 3)).toEqual([{ begin: 0, window: 4, stride: 4, count: 3 }]);
  expect(windowRuns(7, 1)).toEqual([{ begin: 0, window: 7, stride: 7, count: 1 }]);
});
