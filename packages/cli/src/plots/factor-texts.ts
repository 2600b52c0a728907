import * as Plot from '@observablehq/plot';
import type { Curve, CurvePoint } from '../pareto/curve.js';
import type { Palette } from './palette.js';

/** Size of one text, in pixels, with the room that it needs around it. */
const text = { width: 56, height: 18 } as const;

/** How factors are written along a curve. */
export interface FactorTextsOptions {
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
