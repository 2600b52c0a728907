import { expect, test } from 'vitest';
import { scalesOf } from './scales.js';

test.each([
  [64, 4, 0.5, [64, 32, 16, 8]],
  [64, 4, 0.25, [64, 16, 4, 1]],
  [63, 3, 0.5, [63, 32, 16]],
  [64, 4, 0, [64, 1, 1, 1]],
  [5, 1, 0.3, [5]],
])('%i pixels in %i stages at φ = %d', (edge, stages, factor, edges) => {
  expect(scalesOf(edge, stages, factor)).toEqual(edges);
});
