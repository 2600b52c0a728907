import { expect, test } from 'vitest';
import { choose } from './choice.js';
import { planOf } from './plan.js';
import { experimentPage } from './report/page.js';
import type { DoneCell } from './statistics.js';
import { doneCells } from './testing/done-cells.js';

const content = {
  data: 'phantoms',
  config: { epochs: 2 },
  grid: { method: ['sshn', 'film'], 'optimizer.learningRate': [0.001, 0.002], seed: [1] },
  choose: 'optimizer.learningRate',
  factors: [0.1, 0.5],
  also: [
    { grid: { method: ['sshn'], 'optimizer.learningRate': [0.002], seed: [2, 3] } },
    { config: { method: 'fixed' }, grid: { factor: [0.1, 0.5], seed: [1] } },
  ],
};
const plan = planOf(content, 'rates.yaml', 'out');

/** All cells, with what they reach on validation images. */
function validated(dice: (one: DoneCell) => number | undefined): DoneCell[] {
  return doneCells(plan).map((one) => {
    const validationDice = dice(one);
    return validationDice === undefined ? one : { ...one, found: { ...one.found, validationDice } };
  });
}
const rateOf = ({ cell }: DoneCell) => cell.axes['optimizer.learningRate'] as number | undefined;

test('each kind of training is shown with the value that is best on validation images', () => {
  // SSHN is best at 0.001: the further seeds of 0.002, which 0.001 has not, do not count.
  const done = validated((one) => {
    const { method, seed } = one.cell.full;
    if (method === 'film') return rateOf(one) === 0.002 ? 0.9 : 0.8;
    return rateOf(one) === 0.001 ? 0.85 : seed === 1 ? 0.84 : 0.99;
  });
  const { cells, choices } = choose(plan, done);
  expect(choices).toEqual([
    {
      name: 'sshn',
      tried: [
        { value: '0.001', dice: 0.85 },
        { value: '0.002', dice: 0.84 },
      ],
      chosen: '0.001',
    },
    {
      name: 'film',
      tried: [
        { value: '0.001', dice: 0.8 },
        { value: '0.002', dice: 0.9 },
      ],
      chosen: '0.002',
    },
  ]);
  expect(cells.map(({ cell }) => cell.full.optimizer.learningRate).slice(0, 2)).toEqual([0.001, 0.002]);
  // Without the key in their names; what never had it stays as it is.
  expect(cells.map(({ cell }) => cell.axes)).toEqual([
    { method: 'sshn', seed: 1 },
    { method: 'film', seed: 1 },
    { method: 'fixed', factor: 0.1, seed: 1 },
    { method: 'fixed', factor: 0.5, seed: 1 },
  ]);
});

test('what was not validated is not chosen while there is another', () => {
  const done = validated((one) => (rateOf(one) === 0.001 ? undefined : 0.5));
  expect(choose(plan, done).choices.map(({ chosen }) => chosen)).toEqual(['0.002', '0.002']);
});

test('the page says what was chosen, and from what', () => {
  const done = validated((one) => (rateOf(one) === 0.001 ? 0.8125 : 0.5));
  const page = experimentPage(
    plan,
    done.map(({ cell, found }) => ({ cell, state: { kind: 'done', results: found } })),
    '1',
  );
  expect(page).toContain('optimizer.learningRate: chosen on validation images');
  expect(page).toContain('<td>film</td><td><strong>0.8125</strong></td><td>0.5000</td>');
  expect(page).toContain('8 of 8 trainings');
});
