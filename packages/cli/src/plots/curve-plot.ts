import * as Plot from '@observablehq/plot';
import type { Prior } from '@sshn/training';
import { type Curve, type CurvePoint, imagesOf } from '../pareto/curve.js';
import { factorTexts, labelMarks } from './curve-texts.js';
import { type Drawing, draw, type Palette, paperPalette } from './draw.js';

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
  const points = curves.flatMap((curve) => curve.points);
  const withLabels = x === 'factor' && curves.length === 1;
  return draw({
    width,
    height,
    marginLeft: 64,
    marginBottom: 44,
    marginTop: 12 + legendHeight(curves),
    marginRight: rightMargin(curves, x),
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      label: axisLabels[x],
      labelAnchor: 'center',
      labelArrow: 'none',
      insetLeft: 8,
      insetRight: 8,
      ticks: width < 480 ? 5 : 8,
      ...roomAround(points.map((point) => point[x])),
    },
    y: {
      label: 'Dice',
      labelAnchor: 'center',
      labelArrow: 'none',
      insetTop: 8,
      insetBottom: 12,
      ticks: 6,
      ...roomAround(
        points.flatMap(({ dice, diceByLabel }) =>
          withLabels ? [dice, ...Object.values(diceByLabel)] : dice,
        ),
      ),
    },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1, ticks: width < 480 ? 5 : 8 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      ...(x === 'factor' && trained !== undefined ? trainedMarks(trained, curves, palette) : []),
      ...(withLabels ? labelMarks(curves[0]!, { palette, pixels: height - 93 }) : []),
      ...(curves.length === 1 && x === 'gflops'
        ? [factorTexts(curves[0]!, { palette, width: width - 128, height: height - 93 })]
        : []),
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
    ...band(curve, x, color),
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

/** Where the mean Dice lies for 95 % of the choices of test images: a band around a line, a bar through a point. */
function band({ points, isJoined }: Curve, x: CostAxis, color: string): Plot.Markish[] {
  const known = points
    .filter(({ interval: [low] }) => !Number.isNaN(low))
    .map((point) => ({ at: point[x], low: point.interval[0], high: point.interval[1] }))
    .sort((a, b) => a.at - b.at);
  const between = { y1: 'low', y2: 'high' } as const;
  return isJoined && known.length > 1
    ? [Plot.areaY(known, { x: 'at', ...between, fill: color, fillOpacity: 0.16 })]
    : [Plot.ruleX(known, { x: 'at', ...between, stroke: color, strokeOpacity: 0.5, strokeWidth: 1.5 })];
}

function trainedMarks(trained: Prior, curves: readonly Curve[], palette: Palette): Plot.Markish[] {
  const text = { fill: palette.muted, frameAnchor: 'bottom', dy: -4, lineAnchor: 'bottom' } as const;
  const factors = curves.flatMap(({ points }) => points.map(({ factor }) => factor));
  if (trained.kind === 'constant') {
    const { factor } = trained;
    if (typeof factor !== 'number') return []; // Separate factors have no place on the axis.
    const isOnRight = factor > (Math.min(...factors) + Math.max(...factors)) / 2;
    return [
      Plot.ruleX([factor], { stroke: palette.muted, strokeDasharray: '2 3' }),
      Plot.text([factor], {
        ...text,
        x: () => factor,
        text: () => 'trained here',
        textAnchor: isOnRight ? 'end' : 'start',
        dx: isOnRight ? -5 : 5,
      }),
    ];
  }
  const { low, high } = trained;
  if (factors.every((factor) => factor >= low && factor <= high)) return [];
  return [
    Plot.rectY([trained], { x1: 'low', x2: 'high', fill: palette.muted, fillOpacity: 0.1 }),
    Plot.text([trained], { ...text, x: () => (low + high) / 2, text: () => 'trained range' }),
  ];
}

/** A scale's domain where all values are one, which by itself is a domain without ticks. */
function roomAround(values: readonly number[]): { domain?: [number, number] } {
  const [first, ...others] = new Set(values.filter((value) => !Number.isNaN(value)));
  return first === undefined || others.length > 0 ? {} : { domain: [first - 0.05, first + 0.05] };
}

/** Room for what is written to the right of the last point. */
function rightMargin(curves: readonly Curve[], x: CostAxis): number {
  if (curves.length > 1) return 20;
  if (x === 'gflops') return 56;
  const names = Object.keys(curves[0]?.points[0]?.diceByLabel ?? {});
  return 16 + 7 * Math.max(4, ...names.map((name) => name.length));
}

function describePoint(name: string, { factor, dice, gflops, milliseconds }: CurvePoint): string {
  return `${name}, φ = ${factor}: Dice ${dice.toFixed(4)}, ${gflops.toFixed(3)} GFLOPs, ${milliseconds.toFixed(1)} ms`;
}

/** Height of a row, and width of a letter and of a symbol with the room around it, in pixels. */
const row = 17;
const letter = 6.8;
const symbolRoom = 30;

/** The symbols of curves, in order. */
export const symbols = ['circle', 'square', 'diamond', 'triangle', 'star', 'cross'] as const;

/** Height of the legend, which lies above the frame: one row, or two where curves have names to tell. */
export function legendHeight(curves: readonly Curve[]): number {
  return (curves.length === 1 ? 1 : 2) * row;
}

/** What filled and hollow points and the band mean and, of several curves, which is which. */
export function legend(curves: readonly Curve[], palette: Palette): Plot.Markish[] {
  const images = imagesOf(curves[0]?.points ?? []);
  const front = [
    '●\u2002front',
    '○\u2002no better than a cheaper one',
    ...(images === undefined || images < 2 ? [] : [`▒\u200295 % over ${images} images`]),
  ].join('\u2003');
  const inRow = { frameAnchor: 'top-left', lineAnchor: 'middle' } as const;
  const names = curves.length === 1 ? [] : curves.map(({ name }) => name);
  let right = 0;
  const entries = names.map((name, which) => {
    const left = right;
    right += symbolRoom + name.length * letter;
    return {
      name,
      left,
      color: palette.curves[which % palette.curves.length]!,
      symbol: symbols[which % symbols.length]!,
    };
  });
  return [
    Plot.text([front], { ...inRow, dy: -row / 2, fill: palette.muted }),
    ...entries.flatMap(({ name, left, color, symbol }) => [
      Plot.dot([name], { frameAnchor: 'top-left', dx: left + 4, dy: -1.5 * row, r: 4, symbol, fill: color }),
      Plot.text([name], { ...inRow, dx: left + 14, dy: -1.5 * row, fill: palette.ink }),
    ]),
  ];
}
