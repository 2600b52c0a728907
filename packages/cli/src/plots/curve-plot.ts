import * as Plot from '@observablehq/plot';
import type { Prior } from '@sshn/training';
import type { Curve, CurvePoint } from '../pareto/curve.js';
import { type Drawing, draw } from './draw.js';
import { labelMarks } from './label-marks.js';
import { type Palette, paperPalette } from './palette.js';

/** What is on the horizontal axis. */
export type CostAxis = 'factor' | 'gflops';

/** How to draw curves. */
export interface CurvePlotOptions {
  readonly x: CostAxis;
  /** In pixels. @default 640 */
  readonly width?: number;
  /** In pixels. @default 400 */
  readonly height?: number;
  /** @default paperPalette */
  readonly palette?: Palette;
  /** The factors of training: shown over `factor` where they are not all the factors drawn. */
  readonly trained?: Prior;
}

const axisLabels: Record<CostAxis, string> = {
  factor: 'rescaling factor φ',
  gflops: 'GFLOPs per image',
};

const symbols = ['circle', 'square', 'diamond', 'triangle', 'star', 'cross'] as const;

/**
 * Draws Dice against the rescaling factor or against the cost, the Pareto front filled and the rest hollow.
 *
 * With one curve, the Dice of every label is drawn beside the mean over `factor`; over `gflops`, factors are written at
 * some points.
 *
 * @example
 * const { svg } = curvePlot(curvesOf([{ name: 'SSHN', results }]), { x: 'gflops' });
 */
export function curvePlot(curves: readonly Curve[], options: CurvePlotOptions): Drawing {
  const { x, width = 640, height = 400, palette = paperPalette, trained } = options;
  const withLabels = x === 'factor' && curves.length === 1;
  return draw({
    width,
    height,
    marginLeft: 56,
    marginBottom: 44,
    marginTop: 16,
    marginRight: rightMargin(curves, x),
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      label: axisLabels[x],
      labelAnchor: 'center',
      labelArrow: 'none',
      insetLeft: 8,
      insetRight: 8,
      ticks: width < 480 ? 5 : 8,
    },
    y: { label: 'Dice', labelAnchor: 'center', labelArrow: 'none', insetTop: 8, insetBottom: 18, ticks: 6 },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1, ticks: width < 480 ? 5 : 8 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      ...(x === 'factor' && trained !== undefined ? trainedMarks(trained, curves, palette) : []),
      ...(withLabels ? labelMarks(curves[0]!, { palette, pixels: height - 86 }) : []),
      ...(curves.length === 1 && x === 'gflops' ? [factorTexts(curves[0]!, palette)] : []),
      ...curves.flatMap((curve, which) => curveMarks(curve, which, options, palette)),
      ...legend(curves, palette),
    ],
  });
}

function curveMarks(
  curve: Curve,
  which: number,
  { x, width = 640 }: CurvePlotOptions,
  palette: Palette,
): Plot.Markish[] {
  const color = palette.curves[which % palette.curves.length]!;
  const symbol = symbols[which % symbols.length]!;
  const drawn = curve.points.filter(({ dice }) => !Number.isNaN(dice));
  const dots = (points: readonly CurvePoint[], style: Plot.DotOptions): Plot.Markish =>
    Plot.dot(points, {
      x,
      y: 'dice',
      r: width < 480 ? 2.4 : 3.2,
      symbol,
      title: (point: CurvePoint) => describePoint(curve.name, point),
      ...style,
    });
  return [
    ...(curve.isJoined ? [Plot.line(drawn, { x, y: 'dice', stroke: color, strokeWidth: 1.5 })] : []),
    dots(
      drawn.filter(({ isOnFront }) => !isOnFront),
      { stroke: color, fill: palette.background, strokeWidth: 1.1 },
    ),
    dots(
      drawn.filter(({ isOnFront }) => isOnFront),
      { fill: color, stroke: palette.background, strokeWidth: 0.6 },
    ),
  ];
}

function trainedMarks(trained: Prior, curves: readonly Curve[], palette: Palette): Plot.Markish[] {
  const text = { fill: palette.muted, frameAnchor: 'top', dy: 2, lineAnchor: 'top' } as const;
  if (trained.kind === 'constant') {
    return [
      Plot.ruleX([trained.factor], { stroke: palette.muted, strokeDasharray: '2 3' }),
      Plot.text([trained.factor], { ...text, x: (factor: number) => factor, text: () => 'trained here' }),
    ];
  }
  const { low, high } = trained;
  const factors = curves.flatMap(({ points }) => points.map(({ factor }) => factor));
  if (factors.every((factor) => factor >= low && factor <= high)) return [];
  return [
    Plot.rectY([trained], { x1: 'low', x2: 'high', fill: palette.muted, fillOpacity: 0.1 }),
    Plot.text([trained], { ...text, x: () => (low + high) / 2, text: () => 'trained range' }),
  ];
}

function factorTexts({ points }: Curve, palette: Palette): Plot.Markish {
  const named = points.filter(({ factor }) => Math.abs(factor * 10 - Math.round(factor * 10)) < 1e-6);
  return Plot.text(named, {
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

/** Room for what is written to the right of the last point. */
function rightMargin(curves: readonly Curve[], x: CostAxis): number {
  if (curves.length > 1) return 20;
  if (x === 'gflops') return 56;
  const names = Object.keys(curves[0]?.points[0]?.diceByLabel ?? {});
  return 16 + 7 * Math.max(4, ...names.map((name) => name.length));
}

function legend(curves: readonly Curve[], palette: Palette): Plot.Markish[] {
  const lines = [
    ...(curves.length === 1
      ? []
      : curves.map(({ name }, which) => ({
          text: name,
          color: palette.curves[which % palette.curves.length]!,
          symbol: symbols[which % symbols.length]!,
        }))),
  ];
  const row = 17;
  return [
    Plot.text(['●\u2002Pareto front\u2003○\u2002dominated'], {
      frameAnchor: 'bottom-right',
      dx: -8,
      dy: -8,
      fill: palette.muted,
    }),
    ...lines.flatMap(({ text, color, symbol }, i) => {
      const dy = -8 - row * (lines.length - i);
      return [
        Plot.text([text], { frameAnchor: 'bottom-right', dx: -22, dy, fill: palette.ink }),
        Plot.dot([0], { frameAnchor: 'bottom-right', dx: -12, dy: dy - 4, symbol, fill: color, r: 4 }),
      ];
    }),
  ];
}

function describePoint(name: string, { factor, dice, gflops, milliseconds }: CurvePoint): string {
  return `${name}, φ = ${factor}: Dice ${dice.toFixed(4)}, ${gflops.toFixed(3)} GFLOPs, ${milliseconds.toFixed(1)} ms`;
}
