import { expect, test } from 'vitest';
import { paperPalette } from '../../plots/draw.js';
import type { Cell } from '../plan.js';
import type { DoneCell } from '../statistics.js';
import type { LearningPoint } from '../training-log.js';
import { learningFigures } from './learning.js';

const cellOf = (axes: Cell['axes'], learning: readonly LearningPoint[]): DoneCell => ({
  cell: { axes } as Cell,
  found: { hash: '', version: '', finished: '', seconds: 0, results: [], learning },
});

const at = (factor: number, dice: readonly number[], minutes = 1): LearningPoint[] =>
  dice.map((value, i) => ({ epochs: 10 * (i + 1), minutes: minutes * (i + 1), factor, dice: value }));

test('is the mean over seeds at every epoch that all of them have, in a panel for each factor', () => {
  const sshn = (seed: number, shift: number) =>
    cellOf({ method: 'sshn', seed }, [
      ...at(0.1, [0.5, 0.8 + shift, 0.9 + shift], 2),
      ...at(0.5, [0.8, 0.85, 0.9], 2),
    ]);
  const figures = learningFigures(
    [sshn(1, 0.02), sshn(2, -0.02), cellOf({ method: 'fixed', factor: 0.5, seed: 1 }, at(0.5, [0.88, 0.9]))],
    paperPalette,
  );
  expect(figures.map(({ name }) => name)).toEqual(['learning-by-epochs', 'learning-by-minutes']);
  const texts = figures.map(({ drawing }) => titlesIn(drawing.svg));
  expect(texts[0]).toEqual([
    // 0.5 and 0.8 at φ = 0.1 and 0.8 at φ = 0.5 are below 0.9 of the highest, 0.9.
    'sshn: 0.9000 ± 0.0283 at 30',
    'sshn: 0.8500 ± 0.0000 at 20',
    'sshn: 0.9000 ± 0.0000 at 30',
    'fixed: 0.8800 ± 0.0000 at 10',
    'fixed: 0.9000 ± 0.0000 at 20',
  ]);
  expect(texts[1]!.map((text) => text.split(' at ')[1])).toEqual(['6', '4', '6', '1', '2']);
  expect(figures[0]!.drawing.svg).toContain('φ = 0.1');
});

test('shows nothing of trainings without validation', () => {
  expect(learningFigures([cellOf({ method: 'sshn', seed: 1 }, [])], paperPalette)).toEqual([]);
});

const titlesIn = (svg: string): string[] =>
  [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text!);
