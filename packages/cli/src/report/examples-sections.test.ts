import { expect, it } from 'vitest';
import { report } from '../testing/report.js';
import { reportPage } from './page.js';

const image = (value: number) => ({
  values: Float32Array.from({ length: 16 }, (_, i) => value * i),
  size: [4, 4],
  channels: 1,
});

it('a report shows pairs at every factor in place of overlays', () => {
  const results = [0.1, 0.5].map((factor) => ({
    factor,
    moved: image(2),
    field: new Float32Array(32),
    dice: 0.7 + factor / 10,
    foldedPercent: 0.25,
  }));
  const row = { id: 'a > b', moving: image(1), fixed: image(3), before: 0.6, results };
  const page = reportPage(report(), { overlays: [], alignments: [row] });
  // Moving, fixed, their difference; at each factor the moved image and what is left.
  expect(page.match(/<img /g)).toHaveLength(7);
  for (const text of [
    'Registrations of test pairs',
    '0.6000',
    '0.7100, 0.25 % folded',
    '0.7500',
    'a &gt; b',
  ]) {
    expect(page).toContain(text);
  }
  expect(page).not.toContain('Predictions on test images');
});
