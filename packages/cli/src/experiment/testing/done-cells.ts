import type { CellResults } from '../cells.js';
import type { Plan } from '../plan.js';
import type { DoneCell } from '../statistics.js';

const labels = {
  'Left-Hippocampus': 40,
  'Right-Hippocampus': 44,
  'Brain-Stem': 800,
  'Left-Thalamus': 300,
  'Right-Thalamus': 310,
  CSF: 9,
};
const methods: Readonly<Record<string, number>> = { sshn: 0.03, fixed: 0.01, film: 0, stochastic: -0.01 };

/** Made-up results for all cells of a plan, which rise with φ and fall where weights are of another factor. */
export function doneCells(plan: Plan): DoneCell[] {
  return plan.cells.map((cell) => {
    const { method, seed } = cell.full;
    const width = typeof cell.axes.priorWidth === 'number' ? cell.axes.priorWidth : 0;
    const diceAt = (factor: number, weightsOf = factor): number =>
      0.55 +
      0.35 * (1 - Math.exp(-9 * factor)) +
      (methods[method] ?? 0) +
      0.3 * width +
      0.004 * seed -
      (method === 'fixed' ? 3 : 1) * Math.abs(weightsOf - factor);
    const results: CellResults['results'] = cell.evaluations.flatMap((evaluation) =>
      evaluation.kind === 'combinations'
        ? []
        : evaluation.factors.map((factor) => {
            const dice =
              Math.max(0, diceAt(factor, evaluation.weightsOf)) + (evaluation.split === 'train' ? 0.02 : 0);
            return {
              factor,
              dice,
              gflops: 1 + 3 * factor ** 2,
              milliseconds: 5,
              diceByLabel: Object.fromEntries(
                Object.entries(labels).map(([name, size]) => [name, dice * (1 - 1 / size)]),
              ),
              diceByImage: [-0.02, -0.01, 0.01, 0.02].map(
                (offset, i) => dice + offset * (1 + i * seed * 0.1),
              ),
              split: evaluation.split,
              weightsOf: evaluation.weightsOf,
            };
          }),
    );
    const grid = cell.evaluations.find(({ kind }) => kind === 'combinations');
    const values =
      grid?.kind === 'combinations'
        ? Array.from({ length: grid.values }, (_, i) => i / (grid.values - 1))
        : [];
    const combinations = values.flatMap((a) =>
      values.flatMap((b) =>
        values.map((c) => ({
          factor: [a, b, c],
          dice: 0.6 + 0.3 * (1 - Math.exp(-8 * a)) - 0.05 * (b - 0.4) ** 2 - 0.02 * c,
          gflops: 1 + a ** 2 + (a * b) ** 2 + (a * b * c) ** 2,
          milliseconds: 5,
          isOnFront: b === 0.4 && c === 0,
          isEqual: a === b && b === c,
        })),
      ),
    );
    const found: CellResults = {
      hash: cell.hash,
      version: '1',
      finished: '',
      seconds: 90,
      trainingSeconds: method === 'sshn' ? 70 : 60,
      labelSizes: labels,
      learning: [10, 20, 30].flatMap((epochs) =>
        (method === 'fixed' ? [Number(cell.axes.factor)] : [0.1, 0.25, 0.5]).map((factor) => ({
          epochs,
          minutes: epochs * (method === 'sshn' ? 1.2 : 1),
          factor,
          dice: diceAt(factor) * (1 - 0.4 / epochs),
        })),
      ),
      results,
      ...(combinations.length === 0 ? {} : { combinations }),
    };
    return { cell, found };
  });
}
