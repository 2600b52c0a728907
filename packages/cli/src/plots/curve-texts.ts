import * as Plot from '@observablehq/plot';
import type { Curve, CurvePoint } from '../pareto/curve.js';
import type { Palette } from './draw.js';

/** Height of a line of text in a plot, in pixels. */
const lineHeight = 14;

/** Letters of a label's name that are written beside its line. */
export const longestLabel = 16;

/** How the labels of a curve are drawn. */
interface LabelMarksOptions {
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
      text: ({ label }: { label: string }) =>
        label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label,
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

/** Size of one text, in pixels, with the room that it needs around it. */
const text = { width: 56, height: 18 } as const;

/** How factors are written along a curve. */
interface FactorTextsOptions {
  readonly palette: Palette;
  /** Of the area in which points are drawn, in pixels, about. */
  readonly width: number;
  readonly height: number;
}

/** Some factors written beside their points, over the cost. */
export function factorTexts({ points }: Curve, options: FactorTextsOptions): Plot.Markish {
  const { palette } = options;
  return Plot.text(namedPoints(points, options), {
    x: 'gflops',
    y: 'dice',
    text: ({ factor }: CurvePoint) => `φ\u00a0=\u00a0${factor}`,
    textAnchor: 'start',
    dx: 7,
    dy: 12,
    fill: palette.ink,
    stroke: palette.background,
    strokeWidth: 4,
  });
}

/** Multiples of 0.1 whose texts do not meet; the smallest and the largest come first, then ascending. */
export function namedPoints(
  points: readonly CurvePoint[],
  { width, height }: Pick<FactorTextsOptions, 'width' | 'height'>,
): CurvePoint[] {
  const drawn = points.filter(({ dice }) => !Number.isNaN(dice));
  const round = drawn.filter(({ factor }) => Math.abs(factor * 10 - Math.round(factor * 10)) < 1e-6);
  const gflopsPerPixel = extent(drawn.map(({ gflops }) => gflops)) / width;
  const dicePerPixel = extent(drawn.map(({ dice }) => dice)) / height;
  const meet = (a: CurvePoint, b: CurvePoint): boolean =>
    Math.abs(a.gflops - b.gflops) <= text.width * gflopsPerPixel &&
    Math.abs(a.dice - b.dice) <= text.height * dicePerPixel;
  const named: CurvePoint[] = [];
  for (const point of [...round.slice(0, 1), ...round.slice(-1), ...round.slice(1, -1)]) {
    if (!named.some((other) => other === point || meet(other, point))) named.push(point);
  }
  return named;
}

function extent(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}
