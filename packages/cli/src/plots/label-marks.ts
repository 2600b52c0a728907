import * as Plot from '@observablehq/plot';
import type { Curve } from '../pareto/curve.js';
import type { Palette } from './palette.js';

/** Height of a line of text in a plot, in pixels. */
const lineHeight = 14;

/** How the labels of a curve are drawn. */
export interface LabelMarksOptions {
  readonly palette: Palette;
  /** Pixels between the lowest and the highest value drawn, about. */
  readonly pixels: number;
}

/** Dice of every label over the factor as dashed lines, each named at its end, and the mean with them. */
export function labelMarks({ points }: Curve, { palette, pixels }: LabelMarksOptions): Plot.Markish[] {
  const labels = Object.keys(points[0]?.diceByLabel ?? {});
  const lines = labels.map((label) =>
    points.map(({ factor, diceByLabel }) => ({ label, factor, dice: diceByLabel[label] ?? Number.NaN })),
  );
  const mean = points.map(({ factor, dice }) => ({ label: 'mean', factor, dice }));
  const drawn = [...lines, mean].map((line) => line.filter(({ dice }) => !Number.isNaN(dice)));
  const values = drawn.flat().map(({ dice }) => dice);
  const range = Math.max(...values) - Math.min(...values);
  const ends = drawn.flatMap((line) => line.slice(-1));
  const heights = spreadApart(
    ends.map(({ dice }) => dice),
    (range / pixels) * lineHeight,
  );
  const named = ends.map((end, i) => ({ ...end, height: heights[i]! }));
  return [
    Plot.line(drawn.slice(0, -1).flat(), {
      x: 'factor',
      y: 'dice',
      z: 'label',
      stroke: palette.muted,
      strokeWidth: 1,
      strokeDasharray: '4 3',
    }),
    Plot.text(named, {
      x: 'factor',
      y: 'height',
      text: 'label',
      fill: ({ label }: { label: string }) => (label === 'mean' ? palette.curves[0]! : palette.muted),
      textAnchor: 'start',
      dx: 8,
    }),
  ];
}

/**
 * Values moved down as little as it takes for neighbors to be `gap` apart, in the order given.
 *
 * @example
 * spreadApart([0.9, 0.895, 0.5], 0.02);   // [0.9, 0.88, 0.5]
 */
export function spreadApart(values: readonly number[], gap: number): number[] {
  const moved = [...values];
  const order = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]!);
  for (const [rank, i] of order.entries()) {
    if (rank > 0) moved[i] = Math.min(moved[i]!, moved[order[rank - 1]!]! - gap);
  }
  return moved;
}
