import { expect, test } from 'vitest';
import type { Step } from './load.js';
import { loadPlot } from './plot.js';
import { resultsText, withResults } from './results.js';

const step = (rate: number, p95: number): Step => ({
  rate,
  answered: rate,
  refused: 0,
  lost: 0,
  p50: p95 / 2,
  p95,
  factor: 0.25,
  dice: 0.9,
  probeP50: 1,
  probeP95: 3,
});
const series = [
  { name: '--target-p95 200', steps: [step(4, 100), step(8, 150), step(16, 190)] },
  { name: 'no target', steps: [step(4, 100), step(8, 400), { ...step(16, Number.NaN), factor: Number.NaN }] },
];

test('the plot is one document with a line for each series and quantity, without what was not measured', () => {
  const svg = loadPlot(series, 200);
  expect(svg.match(/<svg/g)?.length).toBe(1);
  expect(svg.match(/<title>/g)?.length).toBe(1);
  expect(svg).not.toContain('NaN');
  for (const { name } of series) expect(svg).toContain(`● ${name}`);
  // A point for each finite value: three quantities.
  expect(svg.match(/<circle/g)?.length).toBe(3 * 3 + 3 + 2 + 2);
});

test('results take the place of others in the README', () => {
  const text = resultsText(series, { machine: 'a machine', othersBusy: 0, seconds: 12, date: '2026-01-02' });
  expect(text).toContain('| 8 | 8.0 | 0.0 | 0 | 75 | 150 | 0.25 | 0.900 | 1.0, 3.0 |');
  expect(text).toContain('| 16 | 16.0 | 0.0 | 0 | – | – | – | 0.900 |');
  const readme = '# x\n\n<!-- results -->\n\nold\n\n<!-- end of results -->\n\nrest\n';
  const written = withResults(readme, text);
  expect(written).not.toContain('old');
  expect(withResults(written, text)).toBe(written);
  expect(written.endsWith('<!-- end of results -->\n\nrest\n')).toBe(true);
  expect(() => withResults('# x', text)).toThrow('has no');
});
